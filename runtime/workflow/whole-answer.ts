import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { fieldAnswer } from './answers/field-answer.ts';
import { replyIn } from './answers/yes-no.ts';
import { awaited } from './awaiting.ts';
import { answerContext } from './call-subject.ts';
import { askedField } from './form.ts';
import type { Language } from './language.ts';
import type { Talk } from './talk.ts';

/**
 * Whether the words are all of the answer to what was asked, a part of it that goes on, or neither can be said: by that
 * the silence after them is judged.
 */
export function wholeAnswer(talk: Talk, text: string): 'Whole' | 'Part' | 'Unknown' {
  const { state, subject } = talk;
  const context = answerContext(subject, state);
  const awaiting = awaited(state);
  if (awaiting === 'Message') return 'Unknown';
  if (awaiting !== 'Answer') return isPlainReply(text, context.language) ? 'Whole' : 'Unknown';
  const field = askedField(state, subject.workflow);
  if (!field || field.type === 'Text') return 'Unknown';
  const answer = fieldAnswer(field, text, context);
  if (answer?.kind === 'Digits') return 'Part';
  if (answer?.kind !== 'Value') return 'Unknown';
  return mayGoOn(field.type, answer.value, text) ? 'Unknown' : 'Whole';
}

/** A first name may be followed by a second, "Friday" by its date or "if that is possible". */
function mayGoOn(type: WorkflowField['type'], value: string, text: string): boolean {
  if (type === 'Name') return !value.includes(' ');
  return (type === 'Date' || type === 'Time') && !text.trim().includes(' ');
}

/** Yes or no and nothing else, also said twice: "yes, that is right". */
function isPlainReply(text: string, language: Language): boolean {
  const first = replyIn(text, language);
  if (first.reply === undefined || first.rest === '') return first.reply !== undefined;
  const second = replyIn(first.rest, language);
  return second.reply === first.reply && second.rest === '';
}
