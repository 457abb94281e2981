import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { valueOf } from './answers/answer-context.ts';
import { fieldAnswer } from './answers/field-answer.ts';
import { replyIn } from './answers/yes-no.ts';
import { askAgain, askAnew, giveUp, goOn } from './asking.ts';
import { answerContext } from './call-subject.ts';
import { close } from './closing.ts';
import { answerTo, askedField, withAnswer, withStatus } from './form.ts';
import { takeAlong } from './take-along.ts';
import type { Step, Talk } from './talk.ts';

/** Values that may be rejected one after another before the last one is left as it is. */
const MAX_CORRECTIONS = 5;

/** Yes, no, or what is right instead: "no, it's five five five…". */
export function hearReadBack(talk: Talk, text: string): Step {
  const { subject, state } = talk;
  const field = askedField(state, subject.workflow);
  if (!field) return close(talk);
  const context = answerContext(subject, state);
  const { reply, rest } = replyIn(text, context.language);
  const answer = fieldAnswer(field, rest, { ...context, earlierDigits: undefined });
  const given = valueOf(answer);
  const present = answerTo(state, field.name)?.value;
  if (given !== undefined && given !== present) return corrected(talk, field, given, text);
  if (reply === 'Yes' || (given !== undefined && reply !== 'No')) return confirmed(talk, field, rest);
  if (reply === 'No') return askAnew({ subject, state: withStatus(state, field.name, 'Rejected') }, field);
  return askAgain(talk);
}

/** What else was said with the yes is taken along. */
export function confirmed(talk: Talk, field: WorkflowField, rest: string): Step {
  const { subject, state } = takeAlong(talk, rest, field);
  return goOn({ subject, state: { ...withStatus(state, field.name, undefined), asides: 0 } });
}

/** Read back again, for a few times. */
function corrected(talk: Talk, field: WorkflowField, value: string, text: string): Step {
  const { subject, state } = talk;
  const answered = withAnswer(state, subject.workflow, field, { value, spoken: text });
  const attempts = state.attempts + 1;
  const next = { subject, state: { ...answered, attempts } };
  return attempts >= MAX_CORRECTIONS ? giveUp(next, field) : goOn(next);
}
