import type { WorkflowField } from '#crds/tenant/workflow.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { dateIn } from './answers/date.ts';
import { emailIn } from './answers/email.ts';
import { introducesName, nameIn } from './answers/name.ts';
import { wholeNumberIn } from './answers/phone.ts';
import { markedTimeIn } from './answers/time.ts';
import { answerContext } from './call-subject.ts';
import { answerTo, skippedOf, withAnswer } from './form.ts';
import type { Talk } from './talk.ts';

/**
 * The talk with answers to other fields that are plainly in the words: "this is Jane Doe, call me back on
 * 212 555 0100". A number and an address are read back when their turn comes. The field that is `asked` is left out.
 */
export function takeAlong(talk: Talk, text: string, asked?: WorkflowField): Talk {
  const { subject, state } = talk;
  const { workflow } = subject;
  const taken = workflow.fields.reduce((known: ConversationState, field) => {
    const isOpen = field.name !== asked?.name && !answerTo(known, field.name);
    const value =
      isOpen && !skippedOf(state, workflow).includes(field.name)
        ? besides(field, asked, text, talk)
        : undefined;
    return value === undefined ? known : withAnswer(known, workflow, field, { value, spoken: text });
  }, state);
  return { subject, state: taken };
}

/** What the words say for a field that is not asked; undefined unless it is sure. */
function besides(
  { type }: WorkflowField,
  asked: WorkflowField | undefined,
  text: string,
  talk: Talk,
): string | undefined {
  const context = answerContext(talk.subject, talk.state);
  if (type === asked?.type) return undefined;
  if (type === 'Name') return introducedName(text, talk);
  if (type === 'Email') return emailIn(text, context.language);
  if (type === 'Phone' && asked?.type !== 'Email') return wholeNumberIn(text, context);
  if (type === 'Time' && asked?.type === 'Date') return markedTimeIn(text, context.language);
  return type === 'Date' && asked?.type === 'Time' ? dateIn(text, context) : undefined;
}

/** The name in words that say that it is one. */
export function introducedName(text: string, { subject, state }: Talk): string | undefined {
  const { language } = answerContext(subject, state);
  return introducesName(text, language) ? nameIn(text, language) : undefined;
}
