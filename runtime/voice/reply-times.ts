import type { TurnStages } from '#crds/ledger/ledger-event.ts';
import type { AgentTurn } from './agent-turn.ts';
import type { Spoken } from './agent-voice.ts';
import type { CallerTurn } from './caller-turn.ts';
import type { AnswerTimes } from './exchange.ts';
import { turnStages } from './turn-stages.ts';
import type { VoiceObserver } from './voice-observer.ts';

/** Measures how long a caller waits for the first sound of an answer, and where the time goes. */
export class ReplyTimes {
  readonly #observer: Pick<VoiceObserver, 'replied'>;
  /** When the caller was last heard to speak; undefined once that was replied to. */
  #spokeUntilMs: number | undefined;
  #answerTimes: AnswerTimes | undefined;

  constructor(observer: Pick<VoiceObserver, 'replied'>) {
    this.#observer = observer;
  }

  callerSpoke({ text, endedAtMs }: CallerTurn): void {
    if (text !== '') this.#spokeUntilMs = endedAtMs;
  }

  /** An answer was accepted. */
  answered(times: AnswerTimes | undefined): void {
    this.#answerTimes = times;
  }

  /** A turn was spoken; its stages where it was the answer to something. */
  spoken(turn: AgentTurn, { text, startedAtMs }: Spoken): TurnStages | undefined {
    const [spokeUntilMs, times] = [this.#spokeUntilMs, this.#answerTimes];
    this.#spokeUntilMs = undefined;
    this.#answerTimes = undefined;
    if (spokeUntilMs === undefined || text === '') return undefined;
    const stages = times && turnStages(times, turn.synthesis.times, { spokeUntilMs, startedAtMs });
    this.#observer.replied(Math.max(0, startedAtMs - spokeUntilMs), stages);
    return stages;
  }
}
