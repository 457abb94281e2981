import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import type { Scenario } from '#runtime/voice/scenarios/scenario.ts';
import { OpenAIError } from './openai-error.ts';

/** What goes wrong with one request, at three points of it: before the answer, with its second half, and after that. */
export class Mishap {
  readonly #behaviour: Scenario['stt'][number];
  readonly #signal: AbortSignal;

  /** @param signal Aborts when the client has gone away. */
  constructor(behaviour: Scenario['stt'][number], signal: AbortSignal) {
    this.#behaviour = behaviour;
    this.#signal = signal;
  }

  /** Before anything is answered. Throws where it fails; never resolves where it hangs. */
  async begin(): Promise<void> {
    if (this.#behaviour === 'hangs') await this.#untilGone();
    if (this.#behaviour === 'fails') throw broken();
  }

  /** As much of the answer as is given. */
  cut<Answer extends Sliceable<Answer>>(answer: Answer): Answer {
    const isHalf = this.#behaviour === 'breaks' || this.#behaviour === 'stalls';
    return isHalf ? answer.slice(0, answer.length >> 1) : answer;
  }

  /** After that. Throws where the answer breaks off; never resolves where it stalls. */
  async end(): Promise<void> {
    if (this.#behaviour === 'stalls') await this.#untilGone();
    if (this.#behaviour === 'breaks') throw broken();
  }

  async #untilGone(): Promise<void> {
    await unlessAborted(new Promise<never>(() => {}), this.#signal);
  }
}

interface Sliceable<Answer> {
  readonly length: number;
  slice(from: number, to: number): Answer;
}

function broken(): OpenAIError {
  return new OpenAIError(500, 'broken_by_order', 'The engine was told to fail.');
}
