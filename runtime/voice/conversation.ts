import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { AgentTurn } from './agent-turn.ts';
import { Answering } from './answering.ts';
import type { ConversationParts } from './conversation-parts.ts';
import { Fillers } from './fillers.ts';
import { Progress } from './progress.ts';
import { ReplyTimes } from './reply-times.ts';
import { Speaking } from './speaking.ts';
import { TurnReports } from './turn-reports.ts';
import { Waiting } from './waiting.ts';

/**
 * Who speaks when, on one stream:
 *
 *   speaking ── said ──▶ listening ── words, or none for long ──▶ speaking
 *      └── interrupted ──▶ deciding ── words ──▶ speaking
 *                             └── a cough, an "uh-huh", nothing ──▶ speaking, on from there
 *
 * Every turn ends in speech or in the end of the call, never in silence.
 */
export class Conversation {
  readonly #parts: ConversationParts;
  readonly #progress: Progress;
  readonly #answering: Answering;
  readonly #speaking: Speaking;
  readonly #waiting: Waiting;

  constructor(parts: ConversationParts) {
    const { context, workflow, dialogue, observer, voice } = parts;
    const reports = new TurnReports(context, dialogue.usesHistory);
    const progress = new Progress(context, workflow, reports);
    const books = { progress, reports, times: new ReplyTimes(observer) };
    const fillers = new Fillers(context, voice);
    this.#parts = parts;
    this.#progress = progress;
    this.#answering = new Answering(parts, books, fillers);
    this.#waiting = new Waiting(parts, books);
    this.#speaking = new Speaking(parts, books, { fillers, answering: this.#answering });
  }

  /** Where the conversation stands, with all that was said and used in it. */
  get state(): ConversationState {
    return this.#progress.kept;
  }

  /** Holds the conversation; resolves with why it ended. Rejects when `signal` aborts, or EngineError. */
  async hold(signal: AbortSignal): Promise<HangupReason> {
    const { context } = this.#parts;
    const { state } = this.#progress;
    const isOver = context.transferFailure === undefined && context.asking === undefined;
    if (state.phase === 'Done' && isOver) return 'WorkflowCompleted';
    let turn = await this.#first(signal);
    try {
      for (;;) {
        const next = (await this.#speaking.speak(turn, signal)) ?? (await this.#follow(turn, signal));
        if (typeof next === 'string') return next;
        turn = next;
      }
    } finally {
      // Nobody hears what is still being written.
      turn.drop();
    }
  }

  async #first(signal: AbortSignal): Promise<AgentTurn> {
    const { context, dialogue } = this.#parts;
    if (context.asking !== undefined) return await this.#wait(context.asking, !context.seamless, signal);
    return (
      this.#opening() ?? (await this.#answering.listen(dialogue.listening(this.#progress.state), signal))
    );
  }

  /** Nothing is said where another pod gave the call away in a pause: the question was put, and the answer is awaited. */
  #opening(): AgentTurn | undefined {
    const { context } = this.#parts;
    const isReturned = context.transferFailure !== undefined;
    if (context.seamless && this.#progress.state.phase === 'Collecting' && !isReturned) return undefined;
    return this.#opened(isReturned ? 'FailedTransfer' : 'Loss');
  }

  #opened(after: 'Loss' | 'FailedTransfer'): AgentTurn {
    const { dialogue, voice } = this.#parts;
    const turn = voice.prepare(() => dialogue.open(this.#progress.state, after));
    turn.commit();
    return turn;
  }

  /** What follows a turn that was spoken to its end: the call's end, or another turn, once the caller was heard. */
  async #follow(turn: AgentTurn, signal: AbortSignal): Promise<HangupReason | AgentTurn> {
    const { effect } = turn.reply.outcome();
    if (effect.kind === 'Listen') return await this.#answering.listen(effect, signal);
    if (effect.kind === 'End') {
      this.#progress.end();
      return effect.reason;
    }
    const { target, summary } = effect;
    if (!(await this.#parts.context.events.transfer({ target, summary })))
      return this.#opened('FailedTransfer');
    if (summary !== undefined) return await this.#wait(target, false, signal);
    // A caller who goes to a person leaves this stream: the signal aborts.
    return await unlessAborted(new Promise<never>(() => {}), signal);
  }

  /** Likewise once that person has the caller, or does not take them. */
  async #wait(target: string, isCutOff: boolean, signal: AbortSignal): Promise<AgentTurn> {
    await this.#waiting.wait(target, isCutOff, signal);
    return this.#opened('FailedTransfer');
  }
}
