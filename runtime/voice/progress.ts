import type { Workflow } from '#crds/tenant/workflow.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import type { SessionContext } from '#runtime/call/session-port.ts';
import { leadOf } from '#runtime/workflow/form.ts';
import type { AgentTurn } from './agent-turn.ts';
import type { TurnReports } from './turn-reports.ts';

/** Where a conversation stands. The call is told of each change of it, and of the lead once that is there. */
export class Progress {
  readonly #context: SessionContext;
  readonly #workflow: Workflow;
  readonly #reports: TurnReports;
  #state: ConversationState;
  /** What callers have to hear first was not heard yet: a pod that takes the call up greets them again. */
  #isGreeting: boolean;
  /** What the lead held that was told last. */
  #toldLead: ConversationState['collected'] | undefined;

  constructor(context: SessionContext, workflow: Workflow, reports: TurnReports) {
    this.#context = context;
    this.#workflow = workflow;
    this.#reports = reports;
    this.#state = context.conversation;
    this.#isGreeting = this.#state.phase === 'Greeting';
  }

  /** What the next turn is made from. */
  get state(): ConversationState {
    return this.#state;
  }

  /** What another pod goes on from: the state with all that was said and used, as far as it was heard. */
  get kept(): ConversationState {
    const { phase } = this.#state;
    return { ...this.#state, ...this.#reports.counts, phase: this.#isGreeting ? 'Greeting' : phase };
  }

  /** The conversation stands where the turn has brought it. */
  adopt(turn: AgentTurn): void {
    const { state } = turn.reply.outcome();
    this.#keep(state);
    if (state.phase === 'Closing' || state.phase === 'Done') this.#tellLead();
  }

  /** So much of the turn was heard. */
  heard(turn: AgentTurn, text: string): void {
    this.#isGreeting &&= text.length < turn.reply.protectedCharacters;
  }

  /** The conversation is over; its lead is told also where a goodbye of the session's own has ended the form. */
  end(): void {
    this.#tellLead();
    this.#keep({ ...this.#state, phase: 'Done' });
  }

  /** It comes again where the caller has left a message since. */
  #tellLead(): void {
    if (this.#state.collected === this.#toldLead) return;
    this.#toldLead = this.#state.collected;
    const { fields, complete } = leadOf(this.#state, this.#workflow);
    if (fields.length > 0) this.#context.events.lead(this.#workflow.name, fields, complete);
  }

  #keep(state: ConversationState): void {
    this.#state = state;
    this.#context.events.progress(this.kept);
  }
}
