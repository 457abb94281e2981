import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import { EngineError } from '#runtime/engines/engine-error.ts';
import { waitingTexts } from '#runtime/workflow/hand-over.ts';
import type { Books } from './answering.ts';
import type { ConversationParts } from './conversation-parts.ts';
import type { Entry } from './listener.ts';
import { said } from './own-words.ts';
import type { Pause } from './turn-detector.ts';

/**
 * Above all that a person may take to answer and decide. What ends the waiting is stored by whoever hears of it, and
 * closes this session; this bound is for where that got lost.
 */
const MAX_WAIT_MS = 130_000;
/**
 * Whoever says something hears at once that they are not forgotten, but not again before so long: a noisy street would
 * be answered without a pause, and a caller talked to each time they draw breath.
 */
const MIN_BETWEEN_MS = 5_000;

/** Keeps a caller company who waits while a person is asked whether they take the call. */
export class Waiting {
  readonly #parts: ConversationParts;
  readonly #books: Pick<Books, 'progress' | 'reports'>;

  constructor(parts: ConversationParts, books: Pick<Books, 'progress' | 'reports'>) {
    this.#parts = parts;
    this.#books = books;
  }

  /**
   * Says every few seconds that the caller is not forgotten, sooner to one who says something. `isCutOff`: the caller
   * has just been in silence. Rejects when `signal` aborts; resolves after too long.
   */
  async wait(target: string, isCutOff: boolean, signal: AbortSignal): Promise<void> {
    const { clock, context } = this.#parts;
    const texts = waitingTexts(context.profile, target);
    const untilMs = clock.monotonic() + MAX_WAIT_MS;
    let saidAtMs = Number.NEGATIVE_INFINITY;
    for (let count = 0; clock.monotonic() < untilMs; count += 1) {
      if (count > 0 || !isCutOff) await this.#untilNext(saidAtMs + MIN_BETWEEN_MS, signal);
      await this.#say(texts[count % texts.length] ?? '', target, signal);
      saidAtMs = clock.monotonic();
    }
  }

  /**
   * Resolves when the next sentence is due: no earlier than `notBeforeMs`, whatever is heard until then. What the caller
   * says is not recognised: the person's word alone ends the waiting.
   */
  async #untilNext(notBeforeMs: number, signal: AbortSignal): Promise<void> {
    const { listener, options, clock } = this.#parts;
    let dueAtMs = clock.monotonic() + options.waitingAgainMs;
    while (clock.monotonic() < dueAtMs) {
      const heard = await listener.next(dueAtMs - clock.monotonic(), signal);
      if (!heard) return;
      // A caller who went on is heard out.
      if (await isWhole(heard, signal)) dueAtMs = Math.max(notBeforeMs, clock.monotonic());
    }
  }

  async #say(text: string, target: string, signal: AbortSignal): Promise<void> {
    const { voice } = this.#parts;
    const { progress, reports } = this.#books;
    const turn = voice.prepare(() => said(text, progress.state, { kind: 'Transfer', target }));
    const spoken = await voice.speak(turn, signal);
    reports.agentSpoke(spoken);
    reports.agentTurn();
    progress.adopt(turn);
    signal.throwIfAborted();
    // A voice that fails now leaves the caller in silence for a moment; to end the call would cost them the person.
    if (spoken.failure !== undefined && !(spoken.failure instanceof EngineError)) throw spoken.failure;
  }
}

async function isWhole(heard: Pause | Entry, signal: AbortSignal): Promise<boolean> {
  if ('digits' in heard) return true;
  heard.judge('Whole');
  return (await unlessAborted(heard.settled, signal)) !== undefined;
}
