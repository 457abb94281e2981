import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Workflow, WorkflowField } from '#crds/tenant/workflow.ts';
import type { CollectedField, ConversationState } from '#runtime/call/conversation-state.ts';
import { fieldAnswer } from './field-answer.ts';

/**
 * The step-by-step driver: a pure state machine that asks a workflow's fields one after another.
 *
 *   Greeting ──▶ Collecting(field, attempts) ──▶ Closing ──▶ Done
 *                  │  ▲ usable, or asked 3 times: the next field
 *                  └──┘ otherwise: asked again
 *
 * A step says what to speak and what then: listen for the caller, or end. Because everything is in
 * the state, a conversation goes on at the field being asked, on whatever pod.
 */
export interface Step {
  readonly speech: Speech;
  readonly state: ConversationState;
  /** Listen: the caller is next. Complete: the form is done; after the speech the call ends. */
  readonly effect: Effect;
}

export type Effect =
  | { readonly kind: 'Listen' }
  | { readonly kind: 'End'; readonly reason: HangupReason }
  | { readonly kind: 'Transfer'; readonly target: string };

const LISTEN: Effect = { kind: 'Listen' };

export interface Speech {
  readonly text: string;
  /** The first so many characters are spoken whole, also where the caller interrupts. */
  readonly protectedCharacters: number;
}

/** What came of listening: words, sound without words, or nothing at all. */
export type Heard =
  | { readonly kind: 'Words'; readonly text: string }
  | { readonly kind: 'Unclear' }
  | { readonly kind: 'Silence' };

type Subject = Pick<TenantProfile, 'assistant' | 'recording'>;

/**
 * The first step on a stream: the greeting of a new call, or the thread of one taken up again, after
 * the loss of a stream or with a caller whom a person did not take.
 */
export function openingStep(
  state: ConversationState,
  workflow: Workflow,
  subject: Subject,
  after: 'Loss' | 'FailedTransfer' = 'Loss',
): Step {
  if (state.phase === 'Greeting') {
    const greeting = greetingOf(subject);
    const first = ask(state, workflow, workflow.fields[0]);
    const text = joined(greeting, first.speech.text);
    // The disclosure must be heard; a closing has nothing to interrupt for.
    const protectedCharacters = first.effect.kind === 'End' ? text.length : greeting.length;
    return { ...first, speech: { text, protectedCharacters } };
  }
  const asked = workflow.fields.find(({ name }) => name === state.asking);
  const excuse = after === 'Loss' ? PHRASES.resumed : PHRASES.notReached;
  if (state.phase === 'Collecting' && asked) {
    return { speech: interruptible(joined(excuse, asked.prompt)), state, effect: LISTEN };
  }
  const closing = close(state, workflow);
  if (after === 'Loss') return closing;
  const text = joined(excuse, closing.speech.text);
  return { ...closing, speech: { text, protectedCharacters: text.length } };
}

/** What follows the caller's turn. Silence does not use up an attempt: the session counts it. */
export function nextStep(state: ConversationState, workflow: Workflow, heard: Heard): Step {
  const field = workflow.fields.find(({ name }) => name === state.asking);
  if (!field) return close(state, workflow);
  if (heard.kind === 'Silence') {
    return { speech: interruptible(joined(PHRASES.silent, field.prompt)), state, effect: LISTEN };
  }
  const value = heard.kind === 'Words' ? fieldAnswer(field, heard.text) : undefined;
  const following = workflow.fields[workflow.fields.indexOf(field) + 1];
  if (heard.kind === 'Words' && value !== undefined) {
    const answer = { name: field.name, label: field.label, value, spoken: heard.text };
    return ask({ ...state, collected: withAnswer(state.collected, answer) }, workflow, following);
  }
  if (!field.required || state.attempts + 1 >= MAX_ATTEMPTS) return ask(state, workflow, following);
  const again = { ...state, attempts: state.attempts + 1 };
  return { speech: interruptible(joined(PHRASES.unusable, field.prompt)), state: again, effect: LISTEN };
}

/** What was collected; complete when every required field has a value. */
export function leadOf(
  conversation: ConversationState,
  workflow: Workflow,
): { readonly fields: readonly CollectedField[]; readonly complete: boolean } {
  const names = new Set(conversation.collected.map(({ name }) => name));
  const complete = workflow.fields.every(({ name, required }) => !required || names.has(name));
  return { fields: conversation.collected, complete };
}

/** A question is put three times in all. */
const MAX_ATTEMPTS = 3;

/** The session's own sentences. */
export const PHRASES = {
  resumed: 'Sorry, we were cut off for a moment.',
  notReached: 'I am sorry, nobody could take your call there.',
  silent: 'Are you still there?',
  unusable: 'Sorry, I did not get that.',
  hearingFailed: 'Sorry, I could not hear that. Could you say it again please?',
  silentGoodbye: 'I cannot hear you. Please call again. Goodbye.',
  failedGoodbye: 'Sorry, something went wrong on our side. Please call again later. Goodbye.',
  longGoodbye: 'Thank you for your call. We have to end it here. Goodbye.',
} as const;

function ask(state: ConversationState, workflow: Workflow, field: WorkflowField | undefined): Step {
  if (!field) return close(state, workflow);
  const asking: ConversationState = { ...state, phase: 'Collecting', asking: field.name, attempts: 0 };
  return { speech: interruptible(field.prompt), state: asking, effect: LISTEN };
}

function close(state: ConversationState, workflow: Workflow): Step {
  const { asking: _, ...rest } = state;
  const text = workflow.onComplete.say;
  return {
    speech: { text, protectedCharacters: text.length },
    state: { ...rest, phase: 'Closing', attempts: 0 },
    effect: { kind: 'End', reason: 'WorkflowCompleted' },
  };
}

function greetingOf({ assistant, recording }: Subject): string {
  const { greeting, disclosure } = assistant;
  if (!disclosure.enabled) return greeting;
  return joined(greeting, disclosure.text, recording.enabled ? disclosure.recordingText : '');
}

function withAnswer(collected: readonly CollectedField[], answer: CollectedField): CollectedField[] {
  return [...collected.filter(({ name }) => name !== answer.name), answer];
}

function interruptible(text: string): Speech {
  return { text, protectedCharacters: 0 };
}

function joined(...sentences: readonly string[]): string {
  return sentences.filter((sentence) => sentence !== '').join(' ');
}
