import { choiceOfKey } from './answers/choice.ts';
import { fieldAnswer } from './answers/field-answer.ts';
import { aside } from './aside.ts';
import { askAgain, askAnew, declined, putQuestion } from './asking.ts';
import { awaited } from './awaiting.ts';
import { answerContext } from './call-subject.ts';
import { close, finishMessage, takeMessage, toPerson } from './closing.ts';
import { askedField, withStatus } from './form.ts';
import { takeAnswer } from './hear-answer.ts';
import { hearIntent } from './hear-intent.ts';
import { hearMessage, hearMore } from './hear-offer.ts';
import { confirmed, hearReadBack } from './hear-read-back.ts';
import { hearWords, noted } from './hearing.ts';
import { takeAlong } from './take-along.ts';
import { joined, type Step, type Talk } from './talk.ts';

/**
 * Keys: 0 is a person and * the question again, always. Else # ends a message, 1 and 2 are yes and no, the
 * number of a choice is that choice, and digits are a number. What was said beside them counts as well.
 */
export function hearDigits(talk: Talk, digits: string, said = ''): Step {
  const isMessage = awaited(talk.state) === 'Message';
  const intent = said === '' || isMessage ? undefined : hearIntent(noted(talk, said), said);
  if (intent) return intent;
  if (digits === '0') return aside(isMessage ? talk : takeAlong(talk, said), toPerson);
  if (digits === '*') return aside(talk, (counted) => putQuestion(counted));
  if (isMessage) return hearInMessage(talk, digits, said);
  return said === '' ? hearKeys(talk, digits) : hearBoth(talk, digits, said);
}

/** The last words of a message may come together with the key that ends it. */
function hearInMessage(talk: Talk, digits: string, said: string): Step {
  const more = hearMessage(talk, said);
  if (!digits.includes('#')) return more;
  return finishMessage(said === '' ? talk : { ...talk, state: more.state });
}

/**
 * Words and keys of one turn. In free text they are one answer. Else the keys are the answer where they are one, with
 * what the words say of other fields; where they are not, the words are, and the keys may answer what is asked then.
 */
function hearBoth(talk: Talk, digits: string, said: string): Step {
  const { subject, state } = talk;
  const awaiting = awaited(state);
  const field = askedField(state, subject.workflow);
  const all = joined(said, numberOf(digits));
  if (awaiting === 'More' || (awaiting === 'Answer' && field?.type === 'Text')) return hearWords(talk, all);
  if (areAnswer(talk, digits)) return hearKeys(takeAlong(talk, said, field), digits);
  // Half of a number may be said, and the other half pressed.
  if (awaiting === 'Answer' && field?.type === 'Phone' && isWhole(talk, all)) return hearWords(talk, all);
  const step = hearWords(talk, said);
  const next = { subject, state: step.state };
  const isAnother = step.state.asking !== state.asking && awaited(step.state) === 'Answer';
  return step.effect.kind === 'Listen' && isAnother && areAnswer(next, digits)
    ? hearKeys(next, digits)
    : step;
}

/** Whether keys say for themselves what was asked for. */
function areAnswer(talk: Talk, digits: string): boolean {
  const { subject, state } = talk;
  const awaiting = awaited(state);
  const field = askedField(state, subject.workflow);
  if ((awaiting === 'Offer' || awaiting === 'ReadBack') && isYesOrNo(digits)) return true;
  if (awaiting === 'Offer' || awaiting === 'More' || !field) return false;
  if (field.type === 'Choice') return choiceOfKey(numberOf(digits), field.choices ?? []) !== undefined;
  return field.type !== 'Name' && isWhole(talk, numberOf(digits));
}

/** Whether words are a value of the field that is asked. */
function isWhole({ subject, state }: Talk, text: string): boolean {
  const field = askedField(state, subject.workflow);
  return (
    text !== '' &&
    field !== undefined &&
    fieldAnswer(field, text, answerContext(subject, state))?.kind === 'Value'
  );
}

function hearKeys(talk: Talk, digits: string): Step {
  const { subject, state } = talk;
  const awaiting = awaited(state);
  if (awaiting === 'Offer') return isYes(digits) ? takeMessage(talk) : declined(talk);
  const field = askedField(state, subject.workflow);
  if (!field) return close(talk);
  if (awaiting === 'ReadBack' && isYesOrNo(digits)) {
    return isYes(digits)
      ? confirmed(talk, field, '')
      : askAnew({ subject, state: withStatus(state, field.name, 'Rejected') }, field);
  }
  const number = numberOf(digits);
  if (awaiting === 'ReadBack') return hearReadBack(talk, number);
  if (awaiting === 'More') return hearMore(talk, number);
  if (field.type === 'Choice') {
    const value = choiceOfKey(number, field.choices ?? []);
    return value === undefined ? askAgain(talk) : takeAnswer(talk, field, { kind: 'Value', value }, digits);
  }
  if (number === '' || field.type === 'Name') return askAgain(talk);
  return takeAnswer(talk, field, fieldAnswer(field, number, answerContext(subject, state)), digits);
}

function isYes(digits: string): boolean {
  return digits === '1' || digits === '#';
}

function isYesOrNo(digits: string): boolean {
  return isYes(digits) || digits === '2';
}

function numberOf(digits: string): string {
  return digits.replace(/[*#]/g, '');
}
