import type { Clock } from '#lib/clock/clock.ts';
import { isInTime } from '#lib/lifecycle/is-in-time.ts';
import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import type { DialogueTurn, Reply } from '#runtime/workflow/dialogue.ts';
import type { AnswerShare } from '#runtime/workflow/whole-answer.ts';
import type { AgentTurn } from './agent-turn.ts';
import type { AgentVoice } from './agent-voice.ts';
import { isBackChannel } from './back-channels.ts';
import { CallerTurn, type CallerTurnOptions, type Hearing, type Recognised } from './caller-turn.ts';
import { completenessOf } from './completeness.ts';
import type { Listener } from './listener.ts';
import type { Pause, Utterance } from './turn-detector.ts';

/**
 * From the caller's first word, or silence, to a turn of the agent that can be spoken. The answer is drafted in each
 * pause, while it is not certain that the caller has finished; a draft is given up as often as the caller goes on,
 * and with it all that it would have changed. Used once.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #signal: AbortSignal;
  /** What the caller has said in it. */
  readonly caller: CallerTurn;
  #times: AnswerTimes | undefined;

  constructor(options: ExchangeOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.caller = new CallerTurn(options);
  }

  /** Hears the caller out, who has the floor; silence is answered, too. Rejects when aborted. */
  async listen(silenceMs: number): Promise<Answer> {
    return (await this.#run(silenceMs, () => false)) ?? (await this.#answerNow());
  }

  /**
   * Hears what the caller had to say who spoke into the agent's words; undefined where that was nothing, or
   * only showed that the caller listens. Rejects when aborted.
   */
  decide(silenceMs: number): Promise<Answer | undefined> {
    return this.#run(silenceMs, ({ text }) => {
      // A recogniser that failed is no reason to speak on into what may be words.
      return text !== undefined && isBackChannel(text, this.#options.language);
    });
  }

  /** Undefined where nothing was said that is to be answered: only silence, or what `isNothing`. */
  async #run(silenceMs: number, isNothing: (result: Recognised) => boolean): Promise<Answer | undefined> {
    const { caller } = this;
    while (!caller.isFull) {
      const heard = await this.#options.listener.next(caller.hasBegun ? 0 : silenceMs, this.#signal);
      if (!heard) return caller.hasBegun ? this.#answerNow() : undefined;
      if ('digits' in heard) {
        caller.enter(heard);
        return this.#answerNow();
      }
      const pause = heard;
      const result = await this.#recognised(pause);
      if (!result) continue;
      if (!caller.hasBegun && isNothing(result)) {
        pause.judge('Whole');
        const ended = await this.#ended(pause);
        if (!ended) continue;
        caller.skip(ended);
        return undefined;
      } else {
        const answer = await this.#draft(pause, result);
        if (answer) return answer;
      }
    }
    return this.#answerNow();
  }

  /** What was said before a pause; a caller who has finished, and waits for it to be understood, is told something meanwhile. */
  async #recognised(pause: Pause): Promise<Recognised | undefined> {
    const recognition = this.caller.recognise(pause, this.#signal);
    // An abort ends both.
    recognition.catch(() => undefined);
    const { fill, fillerAgainMs, clock } = this.#options;
    if (fill && (await this.#isLate(recognition, pause))) {
      const isAwaited = async () =>
        !(await isInTime(recognition, fillerAgainMs, { clock, signal: this.#signal }));
      while ((await fill()) && (await isAwaited()));
    }
    return await recognition;
  }

  /** Whether the caller has finished, and waits for too long to be understood. */
  async #isLate(recognition: Promise<unknown>, pause: Pause): Promise<boolean> {
    const { clock, fillerAfterMs } = this.#options;
    const ended = await Promise.race([recognition.then(() => undefined), this.#ended(pause)]);
    if (!ended) return false;
    const leftMs = Math.max(0, fillerAfterMs - (clock.now() - ended.endedAtMs));
    return !(await isInTime(recognition, leftMs, { clock, signal: this.#signal }));
  }

  /** Drafts the answer to the words before a pause; undefined where the caller went on before it was ready. */
  async #draft(pause: Pause, result: Recognised): Promise<Answer | undefined> {
    const { language, wholeAnswer, strained } = this.#options;
    const hearing = this.caller.hearing(result);
    const text = hearing.kind === 'Words' ? hearing.text : '';
    pause.judge(completenessOf(text, wholeAnswer(text), language));
    const recognisedAtMs = this.#options.clock.now();
    // A busy pod makes no answers that may be given up. What was said is worth knowing: it tells how long to wait.
    if (strained() && !(await this.#ended(pause))) return undefined;
    return await this.#prepared(hearing, async (turn) => {
      const ended = await this.#ended(pause);
      if (!ended) return false;
      this.caller.add(result, ended);
      this.#times = { recognisedAtMs, endedAtMs: this.#options.clock.now() };
      await this.#untilReady(turn, turn.ready, this.#options.listener.untilSpeech());
      return this.caller.isFull || !(await this.#goesOn());
    });
  }

  /** Whether the caller speaks again, which is not sure at the first sound. */
  async #goesOn(): Promise<boolean> {
    const { listener, clock } = this.#options;
    for (
      let waitedMs = 0;
      waitedMs < UNSURE_MS && !listener.busy && listener.unsure;
      waitedMs += LOOK_AGAIN_MS
    ) {
      await isInTime(listener.untilSpeech(), LOOK_AGAIN_MS, { clock, signal: this.#signal });
    }
    return listener.busy;
  }

  /** Answers what was heard, whether or not the caller goes on. */
  async #answerNow(): Promise<Answer> {
    const hearing = this.caller.hearing();
    const answer = await this.#prepared(hearing, async (turn) => {
      await this.#untilReady(turn, turn.ready);
      return true;
    });
    if (!answer) throw new Error('an answer was given up that nobody gave up');
    return answer;
  }

  /** The answer to what was heard, where `isWanted` says so in the end. Otherwise it leaves nothing behind. */
  async #prepared(
    hearing: Hearing,
    isWanted: (turn: AgentTurn) => Promise<boolean>,
  ): Promise<Answer | undefined> {
    const { voice, answer } = this.#options;
    const turn = voice.prepare((dialogueTurn) => answer(hearing, dialogueTurn));
    let wanted = false;
    try {
      wanted = await isWanted(turn);
    } finally {
      if (wanted) turn.commit();
      else turn.drop();
    }
    return wanted ? { hearing, turn, times: this.#times } : undefined;
  }

  /** Until one of these, or the caller has waited for so long that something has to be said. */
  async #untilReady(turn: AgentTurn, ...until: readonly Promise<void>[]): Promise<void> {
    const { clock, fillerAfterMs } = this.#options;
    const waitedMs = this.caller.hasBegun ? clock.now() - this.caller.endedAtMs : 0;
    const patienceMs = Math.max(LEAST_PATIENCE_MS, fillerAfterMs - waitedMs);
    turn.isLate = !(await isInTime(Promise.race(until), patienceMs, { clock, signal: this.#signal }));
  }

  #ended(pause: Pause): Promise<Utterance | undefined> {
    return unlessAborted(pause.settled, this.#signal);
  }
}

/** After so long a sound is a turn, or none. */
const UNSURE_MS = 240;
const LOOK_AGAIN_MS = 20;
/** Engines may take so long in any case. */
const LEAST_PATIENCE_MS = 500;

export interface ExchangeOptions extends CallerTurnOptions {
  readonly voice: Pick<AgentVoice, 'prepare'>;
  readonly listener: Pick<Listener, 'next' | 'busy' | 'unsure' | 'untilSpeech'>;
  /** Writes what follows a hearing, see `Dialogue.reply`. */
  readonly answer: (hearing: Hearing, turn: DialogueTurn) => Reply;
  /** How much of the answer words are, see `Dialogue.wholeAnswer`. */
  readonly wholeAnswer: (text: string) => AnswerShare;
  /** Whether the pod has no time for what may be for nothing. */
  readonly strained: () => boolean;
  /** Tells the caller that it takes a moment; false where that was said often enough. Absent where the agent has only been interrupted. */
  readonly fill?: (() => Promise<boolean>) | undefined;
  /** An answer that is not there so long after the caller's last sound is spoken without waiting whether the caller goes on. */
  readonly fillerAfterMs: number;
  /** And a caller who is not understood yet hears so again so long after that. */
  readonly fillerAgainMs: number;
  readonly clock: Clock;
}

/** A turn of the agent that is final, and what of the caller it answers. */
export interface Answer {
  readonly hearing: Hearing;
  readonly turn: AgentTurn;
  /** Absent where no words of the caller led to it. */
  readonly times: AnswerTimes | undefined;
}

/** Wall-clock epoch ms. */
export interface AnswerTimes {
  readonly recognisedAtMs: number;
  /** When it was certain that the caller had finished. */
  readonly endedAtMs: number;
}
