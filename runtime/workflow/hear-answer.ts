import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { type Answer, valueOf } from './answers/answer-context.ts';
import { fieldAnswer } from './answers/field-answer.ts';
import { spokenDigits } from './answers/spoken-numbers.ts';
import { detour } from './aside.ts';
import { askAgain, goOn } from './asking.ts';
import { answerContext } from './call-subject.ts';
import { close } from './closing.ts';
import { answerTo, askedField, withAnswer, withStatus } from './form.ts';
import { hearQuestion } from './hear-question.ts';
import { correctedField } from './intents/correction.ts';
import { isHoursQuestion, isQuestion, isRequest } from './intents/questions.ts';
import { filled } from './phrases/phrases.ts';
import { introducedName, takeAlong } from './take-along.ts';
import { phrasesOf, type Step, type Talk, withState } from './talk.ts';

/** An answer to the field that is asked, or a question, or the correction of an earlier answer. */
export function hearAnswer(talk: Talk, text: string): Step {
  const { subject, state } = talk;
  const field = askedField(state, subject.workflow);
  if (!field) return close(talk);
  const corrected = correct(talk, text);
  if (corrected) return corrected;
  const answer = fieldAnswer(field, text, answerContext(subject, state));
  if (isAsked(field, answer, text, talk)) return hearQuestion(talk, field, text);
  return takeAnswer(takeAlong(talk, text, field), field, answer, text);
}

/** What an answer leads to. */
export function takeAnswer(talk: Talk, field: WorkflowField, answer: Answer | undefined, text: string): Step {
  const { subject, state } = talk;
  const phrases = phrasesOf(talk);
  if (!answer) return askAgain(talk);
  if (answer.kind === 'NumberHidden') return askAgain(talk, phrases.numberHidden);
  if (answer.kind === 'Digits') return hearPart(talk, field, answer.digits, text);
  const answered = withAnswer(state, subject.workflow, field, { value: answer.value, spoken: text });
  return goOn({ subject, state: { ...answered, asides: 0 } });
}

/** The digits so far are told, so that the caller goes on from there; the last try takes them as they are. */
function hearPart(talk: Talk, field: WorkflowField, digits: string, text: string): Step {
  const { subject, state } = talk;
  const spoken = spokenDigits([digits], answerContext(subject, state).language);
  const step = askAgain(withState(talk, { digits }), filled(phrasesOf(talk).moreDigits, { value: spoken }));
  const isOver = step.state.asking !== state.asking;
  if (!isOver)
    return {
      ...step,
      speech: { text: filled(phrasesOf(talk).moreDigits, { value: spoken }), protectedCharacters: 0 },
    };
  const kept = withAnswer(state, subject.workflow, field, { value: digits, spoken: text });
  return goOn({ subject, state: kept });
}

/** Whether the words ask something rather than answer the field. */
function isAsked(
  field: WorkflowField,
  answer: Answer | undefined,
  text: string,
  { subject, state }: Talk,
): boolean {
  const { language } = answerContext(subject, state);
  const strict = isQuestion(text, language);
  if (field.type === 'Text') return strict || isRequest(text, language);
  if (strict) return field.type === 'Name' || answer?.kind !== 'Value' || isHoursQuestion(text, language);
  return answer === undefined && isRequest(text, language);
}

/** Goes back to an answer that was given earlier, with what the caller says it should be. */
function correct(talk: Talk, text: string): Step | undefined {
  const { subject, state } = talk;
  const { fields } = subject.workflow;
  const context = answerContext(subject, state);
  const answered = fields.filter(({ name }) => name !== state.asking && answerTo(state, name));
  const field = correctedField(text, answered, context.language);
  const counted = detour(talk);
  if (!field || !counted) return undefined;
  const { sorry, corrected } = phrasesOf(talk);
  const value =
    field.type === 'Name' ? introducedName(text, talk) : valueOf(fieldAnswer(field, text, context));
  if (value === undefined) {
    return goOn({ subject, state: withStatus(counted.state, field.name, 'Rejected') }, sorry);
  }
  const answer = withAnswer(counted.state, subject.workflow, field, { value, spoken: text });
  return goOn({ subject, state: answer }, corrected);
}
