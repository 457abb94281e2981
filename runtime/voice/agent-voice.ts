import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { TextToSpeech } from '#runtime/engines/text-to-speech.ts';
import type { Playout } from '#runtime/media/playout.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import type { Speech } from '#runtime/workflow/step.ts';
import { clausesOf } from './clauses.ts';
import { heardText, type SpokenClause } from './heard-text.ts';

/**
 * Speaks the agent's turns: clause by clause through the synthesiser into the playout, which runs
 * ahead of the caller's ear. Knows at any time what was heard, and can be interrupted.
 */
export class AgentVoice {
  readonly #options: AgentVoiceOptions;
  #turn: AgentTurn | undefined;

  constructor(options: AgentVoiceOptions) {
    this.#options = options;
  }

  /** Whether a turn of the agent is going on, from its request to its last sound. */
  get speaking(): boolean {
    return this.#turn !== undefined;
  }

  /**
   * Resolves when the caller has heard the speech, has interrupted it, or `signal` ended it. An
   * engine's failure is in the result, together with what was heard until then.
   */
  async speak(speech: Speech, signal: AbortSignal): Promise<Spoken> {
    const { clock, playout } = this.#options;
    const turn = new AgentTurn(speech);
    const onAbort = () => turn.abort(playout.heardMs());
    signal.addEventListener('abort', onAbort, { once: true });
    this.#turn = turn;
    let startedAtMs = clock.now();
    let failure: unknown;
    playout.begin();
    try {
      signal.throwIfAborted();
      await this.#synthesise(turn, () => {
        startedAtMs = clock.now();
      });
    } catch (error) {
      if (!turn.signal.aborted && !signal.aborted) failure = error;
    }
    if (!turn.signal.aborted) await playout.end();
    signal.removeEventListener('abort', onAbort);
    this.#turn = undefined;
    const interrupted = turn.heardMs !== undefined || failure !== undefined || signal.aborted;
    const text = interrupted ? heardText(turn.clauses, turn.heardMs ?? playout.heardMs()) : speech.text;
    return { text, interrupted, startedAtMs, endedAtMs: clock.now(), ...(failure ? { failure } : {}) };
  }

  /** Falls silent at once, unless the part being spoken must be heard. Returns whether it did. */
  interrupt(): boolean {
    const turn = this.#turn;
    if (!turn || turn.signal.aborted) return false;
    const heard = heardText(turn.clauses, this.#options.playout.heardMs());
    if (heard.length < turn.speech.protectedCharacters) return false;
    turn.abort(this.#options.playout.clear());
    return true;
  }

  async #synthesise(turn: AgentTurn, onFirstAudio: () => void): Promise<void> {
    const { tts, playout, sampleRateHz, assistant } = this.#options;
    const resampler = new Resampler(tts.capabilities.sampleRateHz, sampleRateHz);
    let writtenMs = 0;
    for (const text of clausesOf(turn.speech.text)) {
      const clause: SpokenClause = { text, startMs: writtenMs, endMs: writtenMs, complete: false };
      turn.clauses.push(clause);
      const request = {
        text: pronounceable(text, assistant.vocabulary),
        voice: assistant.voice.name,
        speed: Number(assistant.voice.speed),
      };
      for await (const { samples } of tts.speak(request, turn.signal)) {
        if (writtenMs === 0) onFirstAudio();
        const resampled = resampler.process(samples);
        writtenMs += (resampled.length * 1000) / sampleRateHz;
        clause.endMs = writtenMs;
        await playout.write(resampled);
        turn.signal.throwIfAborted();
      }
      clause.complete = true;
    }
    await playout.write(resampler.flush());
  }
}

export interface AgentVoiceOptions {
  readonly tts: TextToSpeech;
  readonly playout: Playout;
  /** The carrier's. */
  readonly sampleRateHz: number;
  readonly clock: Clock;
  readonly assistant: TenantProfile['assistant'];
}

/** One turn of the agent as it came out. */
export interface Spoken {
  /** What was heard. */
  readonly text: string;
  readonly interrupted: boolean;
  /** Wall-clock epoch ms of the first and last sound. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** What the synthesiser failed with. */
  readonly failure?: unknown;
}

class AgentTurn {
  readonly speech: Speech;
  readonly clauses: SpokenClause[] = [];
  readonly #controller = new AbortController();
  /** Set when the turn was cut off: how much of it was heard. */
  heardMs: number | undefined;

  constructor(speech: Speech) {
    this.speech = speech;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(heardMs: number): void {
    this.heardMs ??= heardMs;
    this.#controller.abort();
  }
}

/** The text with the tenant's own spellings for words that voices get wrong. */
function pronounceable(text: string, vocabulary: TenantProfile['assistant']['vocabulary']): string {
  return vocabulary.reduce(
    (spoken, { word, pronunciation }) =>
      pronunciation ? spoken.replaceAll(word, () => pronunciation) : spoken,
    text,
  );
}
