import { choiceOfKey } from './answers/choice.ts';
import { fieldAnswer } from './answers/field-answer.ts';
import { aside } from './aside.ts';
import { askAgain, askAnew, declined, putQuestion } from './asking.ts';
import { awaited } from './awaiting.ts';
import { answerContext } from './call-subject.ts';
import { close, finishMessage, takeMessage, toPerson } from './closing.ts';
import { askedField, withStatus } from './form.ts';
import { takeAnswer } from './hear-answer.ts';
import { hearMessage, hearMore } from './hear-offer.ts';
import { confirmed, hearReadBack } from './hear-read-back.ts';
import type { Step, Talk } from './talk.ts';

/**
 * Keys: 0 is a person and * the question again, always. Else # ends a message, 1 and 2 are yes and no, the
 * number of a choice is that choice, and digits are a number.
 */
export function hearDigits(talk: Talk, digits: string, said = ''): Step {
  const awaiting = awaited(talk.state);
  if (digits === '0') return aside(talk, toPerson);
  if (digits === '*') return aside(talk, (counted) => putQuestion(counted));
  if (awaiting === 'Message') return hearInMessage(talk, digits, said);
  const isYes = digits === '1' || digits === '#';
  if (awaiting === 'Offer') return isYes ? takeMessage(talk) : declined(talk);
  const { subject, state } = talk;
  const field = askedField(state, subject.workflow);
  if (!field) return close(talk);
  if (awaiting === 'ReadBack' && (isYes || digits === '2')) {
    return isYes
      ? confirmed(talk, field, '')
      : askAnew({ subject, state: withStatus(state, field.name, 'Rejected') }, field);
  }
  const keys = digits.replace(/[*#]/g, '');
  if (awaiting === 'ReadBack') return hearReadBack(talk, keys);
  if (awaiting === 'More') return hearMore(talk, keys);
  if (field.type === 'Choice') {
    const value = choiceOfKey(keys, field.choices ?? []);
    return value === undefined ? askAgain(talk) : takeAnswer(talk, field, { kind: 'Value', value }, digits);
  }
  if (keys === '' || field.type === 'Name') return askAgain(talk);
  return takeAnswer(talk, field, fieldAnswer(field, keys, answerContext(subject, state)), digits);
}

/** The last words of a message may come together with the key that ends it. */
function hearInMessage(talk: Talk, digits: string, said: string): Step {
  const more = hearMessage(talk, said);
  if (!digits.includes('#')) return more;
  return finishMessage(said === '' ? talk : { ...talk, state: more.state });
}
