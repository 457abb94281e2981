import type { Workflow, WorkflowField } from '#crds/tenant/workflow.ts';
import type { CollectedField, ConversationState } from '#runtime/call/conversation-state.ts';
import { isReadBack } from './answers/read-back.ts';

/** The form of a workflow: what was answered, and what is to be asked next. */

/** Values of the ledger hold 4,096 characters. */
const MAX_COLLECTED_CHARACTERS = 4_000;

/** The field that is being asked; undefined where the tenant took it away meanwhile. */
export function askedField(state: ConversationState, { fields }: Workflow): WorkflowField | undefined {
  return fields.find(({ name }) => name === state.asking);
}

/** The next field without an answer that stands: to be asked, or to be read back. */
export function openField(state: ConversationState, workflow: Workflow): WorkflowField | undefined {
  const skipped = new Set(skippedOf(state, workflow));
  return workflow.fields.find(({ name }) => {
    if (skipped.has(name)) return false;
    const answer = answerTo(state, name);
    return answer === undefined || answer.status !== undefined;
  });
}

/** Pods of the last release ask in order and do not note what they gave up: all before the field they ask. */
export function skippedOf(state: ConversationState, { fields }: Workflow): readonly string[] {
  if (state.skipped) return state.skipped;
  const asked = fields.findIndex(({ name }) => name === state.asking);
  return fields
    .slice(0, Math.max(0, asked))
    .map(({ name }) => name)
    .filter((name) => answerTo(state, name) === undefined);
}

export function answerTo(state: ConversationState, name: string): CollectedField | undefined {
  return state.collected.find((answer) => answer.name === name);
}

/** The state without the field on the list of what is to be asked. */
export function withSkipped(state: ConversationState, workflow: Workflow, name: string): ConversationState {
  return { ...state, skipped: [...new Set([...skippedOf(state, workflow), name])] };
}

/** The state with an answer, in place of any there was. */
export function withAnswer(
  state: ConversationState,
  workflow: Workflow,
  { name, label, type }: Pick<WorkflowField, 'name' | 'label' | 'type'>,
  answer: { readonly value: string; readonly spoken: string },
): ConversationState {
  const { digits: _, ...rest } = state;
  const collected: CollectedField = {
    name,
    label,
    value: answer.value.slice(0, MAX_COLLECTED_CHARACTERS),
    spoken: answer.spoken.slice(0, MAX_COLLECTED_CHARACTERS),
    ...(isReadBack(type) ? { status: 'Unconfirmed' } : {}),
  };
  return {
    ...rest,
    skipped: skippedOf(state, workflow).filter((skipped) => skipped !== name),
    collected: inOrder([...state.collected.filter((other) => other.name !== name), collected], workflow),
  };
}

/** As the form has them; what is in no form, such as a message, comes last. */
function inOrder(collected: readonly CollectedField[], { fields }: Workflow): CollectedField[] {
  const place = new Map(fields.map(({ name }, index) => [name, index]));
  const placeOf = ({ name }: CollectedField) => place.get(name) ?? fields.length;
  return collected.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** The state with more text under a name, after what was there. */
export function withMore(
  state: ConversationState,
  { name, label }: { readonly name: string; readonly label: string },
  text: string,
): ConversationState {
  const earlier = answerTo(state, name);
  const joined = (before: string | undefined) =>
    (before ? `${before} ${text}` : text).slice(0, MAX_COLLECTED_CHARACTERS);
  const collected = {
    ...earlier,
    name,
    label: earlier?.label ?? label,
    value: joined(earlier?.value),
    spoken: joined(earlier?.spoken),
  };
  return { ...state, collected: [...state.collected.filter((other) => other.name !== name), collected] };
}

/** The state with an answer marked; undefined: it stands. */
export function withStatus(
  state: ConversationState,
  name: string,
  status: 'Unconfirmed' | 'Rejected' | undefined,
): ConversationState {
  const collected = state.collected.map((answer) => {
    if (answer.name !== name) return answer;
    const { status: _, ...rest } = answer;
    return status === undefined ? rest : { ...rest, status };
  });
  return { ...state, collected };
}

/** What was collected; complete when every required field has a value that the caller did not reject. */
export function leadOf(
  { collected }: ConversationState,
  { fields }: Workflow,
): { readonly fields: readonly CollectedField[]; readonly complete: boolean } {
  const answered = new Set(collected.filter(({ status }) => status !== 'Rejected').map(({ name }) => name));
  const complete = fields.every(({ name, required }) => !required || answered.has(name));
  const told = collected.map((answer) => {
    const { status: _, ...rest } = answer;
    return rest;
  });
  return { fields: told, complete };
}
