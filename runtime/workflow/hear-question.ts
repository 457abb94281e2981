import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { aside } from './aside.ts';
import { goOn, putQuestion } from './asking.ts';
import { answerContext } from './call-subject.ts';
import { answerTo, withAnswer, withMore } from './form.ts';
import { answerQuestion } from './knowledge/answer-question.ts';
import { phrasesOf, type Step, type Talk } from './talk.ts';

/** Under this name questions that nobody could answer are in the lead. */
const QUESTION = 'question';

/**
 * A question instead of an answer: answered from what is known, then the open question again. In answer to a
 * field of free text it is also what the caller wants, and is kept as that.
 */
export function hearQuestion(talk: Talk, field: WorkflowField, text: string): Step {
  const { subject, state } = talk;
  const known = answerQuestion(text, subject.profile, answerContext(subject, state));
  if (field.type === 'Text') {
    const answered = withAnswer(state, subject.workflow, field, { value: text, spoken: text });
    if (known === undefined) return goOn({ subject, state: { ...answered, asides: 0 } });
    return aside({ subject, state: { ...answered, awaiting: 'More' } }, (counted) =>
      putQuestion(counted, known),
    );
  }
  if (known !== undefined) return aside(talk, (counted) => putQuestion(counted, known));
  return aside(withQuestion(talk, text), (counted) => putQuestion(counted, phrasesOf(talk).questionKept));
}

/** The talk with a question for whoever calls back. */
function withQuestion(talk: Talk, text: string): Talk {
  const { subject, state } = talk;
  if (answerTo(state, QUESTION)?.value.includes(text)) return talk;
  const named = subject.workflow.fields.find(({ name }) => name === QUESTION);
  const label = named?.label ?? phrasesOf(talk).questionLabel;
  return { subject, state: withMore(state, { name: QUESTION, label }, text) };
}
