import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isInTime } from '#lib/lifecycle/is-in-time.ts';
import type { TextToSpeech } from '#runtime/engines/text-to-speech.ts';
import type { Playout } from '#runtime/media/playout.ts';
import type { DialogueTurn, Reply } from '#runtime/workflow/dialogue.ts';
import { AgentTurn } from './agent-turn.ts';
import { Synthesis } from './synthesis.ts';

/**
 * Speaks the agent's turns: through the synthesiser into the playout, which runs ahead of the caller's ear. Knows at
 * any time what was heard, and can be interrupted.
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

  /** Begins to make a turn, of which nothing is heard before `speak`. */
  prepare(write: (turn: DialogueTurn) => Reply): AgentTurn {
    const { tts, sampleRateHz, maxAheadMs, clock, assistant, language } = this.#options;
    const requestOf = (clause: string) => ({
      text: pronounceable(clause, assistant.vocabulary),
      language,
      engine: assistant.voice.engine,
      voice: assistant.voice.name,
      speed: Number(assistant.voice.speed),
    });
    return new AgentTurn(write, {
      synthesise: (text, signal) =>
        new Synthesis({ text, tts, requestOf, sampleRateHz, maxAheadMs, clock, signal }),
      inTime: (turn, result, signal) => this.#isInTime(turn, result, signal),
    });
  }

  async #isInTime(turn: AgentTurn, result: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
    const { clock, playout, fillerAgainMs } = this.#options;
    for (let waitedMs = 0; waitedMs < fillerAgainMs; ) {
      if (await isInTime(result, LOOK_AGAIN_MS, { clock, signal })) return true;
      const isWaiting = this.#turn === turn && turn.isDry(playout.heardMs());
      if (isWaiting) playout.rest();
      waitedMs = isWaiting ? waitedMs + LOOK_AGAIN_MS : 0;
    }
    return false;
  }

  /**
   * Resolves when the caller has heard the turn, or the rest of it where it was cut off before, has interrupted it, or
   * `signal` ended it. A failure of the engine or of the text is in the result, together with what was heard until then.
   */
  async speak(turn: AgentTurn, signal: AbortSignal): Promise<Spoken> {
    const { clock, playout } = this.#options;
    const onAbort = () => turn.cut(playout.heardMs());
    signal.addEventListener('abort', onAbort, { once: true });
    this.#turn = turn;
    let startedAtMs: number | undefined;
    let failure: unknown;
    playout.begin();
    try {
      signal.throwIfAborted();
      for await (const samples of turn.synthesis.samples()) {
        startedAtMs ??= clock.now();
        await playout.write(samples);
      }
    } catch (error) {
      if (turn.cutAtMs === undefined && !signal.aborted) failure = error;
    }
    if (turn.cutAtMs === undefined) await playout.end();
    if (failure !== undefined) turn.cut(playout.heardMs());
    signal.removeEventListener('abort', onAbort);
    this.#turn = undefined;
    const interrupted = turn.cutAtMs !== undefined || failure !== undefined || signal.aborted;
    const text = interrupted ? turn.heard(turn.cutAtMs ?? playout.heardMs()) : turn.text;
    const endedAtMs = clock.now();
    return {
      text,
      interrupted,
      startedAtMs: startedAtMs ?? endedAtMs,
      endedAtMs,
      ...(failure ? { failure } : {}),
    };
  }

  /** Falls silent at once, unless the part being spoken must be heard. Returns whether it did. */
  interrupt(): boolean {
    const turn = this.#turn;
    if (!turn || turn.cutAtMs !== undefined) return false;
    if (this.mustBeHeard || isWhollyProtected(turn)) return false;
    turn.cut(this.#options.playout.clear());
    return true;
  }

  /** Whether the caller is listened to after what is being said. */
  get awaitsAnswer(): boolean {
    return this.#turn?.reply.outcome().effect.kind === 'Listen';
  }

  /** Whether something is being said that callers have to hear, such as the disclosure. */
  get mustBeHeard(): boolean {
    const turn = this.#turn;
    return (
      turn !== undefined &&
      turn.heard(this.#options.playout.heardMs()).length < turn.reply.protectedCharacters
    );
  }
}

export interface AgentVoiceOptions {
  readonly tts: TextToSpeech;
  readonly playout: Playout;
  /** The carrier's. */
  readonly sampleRateHz: number;
  /** Synthesised audio that may wait before it is played. */
  readonly maxAheadMs: number;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  /** How long a caller waits for the rest of a turn before something is to be said. */
  readonly fillerAgainMs: number;
  readonly assistant: TenantProfile['assistant'];
  /** BCP 47. */
  readonly language: string;
}

/** Whether, as far as it is made, there is nothing behind what must be heard. */
function isWhollyProtected({ reply: { protectedCharacters }, text }: AgentTurn): boolean {
  return protectedCharacters > 0 && text.length <= protectedCharacters;
}

/** How often it is looked at whether the caller waits. */
const LOOK_AGAIN_MS = 100;

/** A stretch of the agent's turn as it came out. */
export interface Spoken {
  /** What was heard of the whole turn. */
  readonly text: string;
  readonly interrupted: boolean;
  /** Wall-clock epoch ms of the first and last sound of the stretch. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** What the synthesiser, or whoever writes the text, failed with. */
  readonly failure?: unknown;
}

/** The text with the tenant's own spellings for words that voices get wrong. */
function pronounceable(text: string, vocabulary: TenantProfile['assistant']['vocabulary']): string {
  return vocabulary.reduce(
    (spoken, { word, pronunciation }) =>
      pronunciation ? spoken.replaceAll(word, () => pronunciation) : spoken,
    text,
  );
}
