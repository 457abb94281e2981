import { getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js';
import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { wordsOf } from '../words/language-words.ts';
import type { AnswerContext } from './answer-context.ts';
import { spokenDigits } from './spoken-numbers.ts';

/** Whether an answer of this type is read back: where one wrong letter makes it worthless. */
export function isReadBack(type: WorkflowField['type']): boolean {
  return READ_BACK[type] !== undefined;
}

/** An answer worded for the ear: digits in groups, an address letter by letter, a date with its weekday. */
export function readBackOf(type: WorkflowField['type'], value: string, context: AnswerContext): string {
  return READ_BACK[type]?.(value, context) ?? value;
}

const READ_BACK: Readonly<
  Partial<Record<WorkflowField['type'], (value: string, context: AnswerContext) => string>>
> = {
  Phone: phoneForTheEar,
  Email: emailForTheEar,
  Date: dateForTheEar,
  Time: timeForTheEar,
};

/** A number of the caller's own country without its code, as it was said. */
function phoneForTheEar(value: string, { country, language }: AnswerContext): string {
  const number = parsePhoneNumberFromString(value);
  if (!number) return spokenDigits(inThrees(value), language);
  const isAbroad = country === undefined || getCountryCallingCode(country) !== number.countryCallingCode;
  const text = isAbroad ? number.formatInternational() : number.formatNational();
  const groups = text.match(/\d+/g) ?? [];
  const digits = spokenDigits(groups, language);
  return isAbroad ? `${wordsOf(language).email.spoken['+']} ${digits}` : digits;
}

/** "555 0142": the last group has up to four. */
function inThrees(digits: string): string[] {
  return digits.length <= 4 ? [digits] : [digits.slice(0, 3), ...inThrees(digits.slice(3))];
}

function emailForTheEar(value: string, { language }: AnswerContext): string {
  const { spoken } = wordsOf(language).email;
  const { digits } = wordsOf(language).numbers;
  const [local = '', domain = ''] = value.split('@');
  const letters = local
    .split('')
    .map((letter) => markOf(letter, spoken) ?? digits[Number(letter)] ?? letter.toUpperCase());
  const parts = domain.split(/(?=[.-])|(?<=[.-])/).map((part) => markOf(part, spoken) ?? part);
  return `${letters.join(' ')} ${spoken['@']} ${parts.join(' ')}`;
}

function markOf(text: string, spoken: Readonly<Record<string, string>>): string | undefined {
  return spoken[text];
}

function dateForTheEar(value: string, { locale, nowMs, timeZone }: AnswerContext): string {
  const date = Temporal.PlainDate.from(value);
  const { year } = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone);
  return date.toLocaleString(locale, {
    weekday: 'long',
    month: 'long',
    day: 'numeric',
    ...(date.year === year ? {} : { year: 'numeric' }),
  });
}

function timeForTheEar(value: string, { locale }: AnswerContext): string {
  return clockTime(Temporal.PlainTime.from(value), locale);
}

/** "9 AM", "17:30", "9 Uhr": without minutes where there are none. */
export function clockTime(time: Temporal.PlainTime, locale: string): string {
  const minute = time.minute === 0 ? {} : { minute: '2-digit' as const };
  return time.toLocaleString(locale, { hour: 'numeric', ...minute }).replace(/^0(?=\d)/, '');
}
