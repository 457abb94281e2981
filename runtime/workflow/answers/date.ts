import type { Language } from '../language.ts';
import { withoutAccents } from '../plain-text.ts';
import { wordsOf } from '../words/language-words.ts';
import type { AnswerContext } from './answer-context.ts';
import { withNumbers } from './spoken-numbers.ts';

/**
 * A date as YYYY-MM-DD, from today on in the tenant's time zone: "tomorrow", "next Tuesday", "the third of
 * May", "in two weeks". A day without a year is the next one there is; one without a month, too.
 */
export function dateIn(words: string, context: AnswerContext): string | undefined {
  const today = Temporal.Instant.fromEpochMilliseconds(context.nowMs)
    .toZonedDateTimeISO(context.timeZone)
    .toPlainDate();
  const spoken = withNumbers(words, context.language);
  for (const read of READERS) {
    const date = read(spoken, today, context, words);
    if (date) return date.toString();
  }
  return undefined;
}

type Reader = (
  spoken: string,
  today: Temporal.PlainDate,
  context: AnswerContext,
  words: string,
) => Temporal.PlainDate | undefined;

/** The first that finds something is right: "Tuesday, the third of May" is the third of May. */
const READERS: readonly Reader[] = [writtenDate, dayOfMonth, weekday, relativeDay, laterDay, dayAlone];

/** 2027-05-03, 5/3/2027 or 3.5.2027, whichever order the locale has. */
function writtenDate(
  _spoken: string,
  today: Temporal.PlainDate,
  { locale }: AnswerContext,
  words: string,
): Temporal.PlainDate | undefined {
  const iso = /\b(\d{4})-(\d{2})-(\d{2})\b/.exec(words);
  if (iso) return dateOf(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const found = /\b(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}|\d{2}))?\b/.exec(words);
  if (!found) return undefined;
  const [first, second] = [Number(found[1]), Number(found[2])];
  const isMonthFirst = /^en-(?:US|PH|CA)$/i.test(locale);
  const [month, day] = isMonthFirst ? [first, second] : [second, first];
  return found[3] === undefined
    ? nextYearly(today, month, day)
    : dateOf(Number(found[3].padStart(4, '20')), month, day);
}

/** "The 3 of May", "May 3", "3. Mai 2027". */
function dayOfMonth(
  spoken: string,
  today: Temporal.PlainDate,
  { language }: AnswerContext,
): Temporal.PlainDate | undefined {
  const { of } = wordsOf(language).dates;
  const months = namesOf(language, 'month');
  const name = `(?<name>${[...months.keys()].join('|')})`;
  const year = '(?:,? (?:de |del )?(?<year>20 ?\\d\\d))?';
  const patterns = [
    `\\b(?<d>\\d{1,2})${of}${name}\\b${year}`,
    `\\b${name}(?: the)? (?<d>\\d{1,2})(?:st|nd|rd|th)?\\b${year}`,
  ];
  for (const pattern of patterns) {
    const groups = new RegExp(pattern).exec(spoken)?.groups;
    const month = months.get(groups?.['name'] ?? '');
    if (!groups || month === undefined) continue;
    const day = Number(groups['d']);
    const given = groups['year']?.replace(' ', '');
    return given === undefined ? nextYearly(today, month, day) : dateOf(Number(given), month, day);
  }
  return undefined;
}

/** "Tuesday" is the next one; "next Tuesday" that of the week after this; "Tuesday in two weeks" counts on. */
function weekday(
  spoken: string,
  today: Temporal.PlainDate,
  { language }: AnswerContext,
): Temporal.PlainDate | undefined {
  const { dates } = wordsOf(language);
  const names = namesOf(language, 'weekday');
  const found = new RegExp(`\\b(${[...names.keys()].join('|')})s?\\b`).exec(spoken)?.[1];
  const day = names.get(found ?? '');
  if (day === undefined) return undefined;
  const weeks = weeksLater(spoken, language);
  if (dates.next.test(spoken)) {
    const monday = today.add({ days: 8 - today.dayOfWeek });
    return monday.add({ days: day - 1, weeks });
  }
  const days = (day - today.dayOfWeek + 7) % 7 || 7;
  return today.add({ days, weeks });
}

function weeksLater(spoken: string, language: Language): number {
  const { later, units } = wordsOf(language).dates;
  const groups = later.exec(spoken)?.groups;
  if (!groups || units[groups['unit']?.[0] ?? ''] !== 'weeks') return 0;
  return countOf(groups['n']);
}

function relativeDay(
  spoken: string,
  today: Temporal.PlainDate,
  { language }: AnswerContext,
): Temporal.PlainDate | undefined {
  const found = wordsOf(language).dates.relative.find(([pattern]) => pattern.test(spoken));
  return found && today.add({ days: found[1] });
}

function laterDay(
  spoken: string,
  today: Temporal.PlainDate,
  { language }: AnswerContext,
): Temporal.PlainDate | undefined {
  const { later, units } = wordsOf(language).dates;
  const groups = later.exec(spoken)?.groups;
  const unit = units[groups?.['unit']?.[0] ?? ''];
  const count = countOf(groups?.['n']);
  return unit === undefined || count > MAX_LATER ? undefined : today.add({ [unit]: count });
}

/** "In 400 weeks" was misheard. */
const MAX_LATER = 365;

/** "A week", "einer Woche". */
function countOf(text: string | undefined): number {
  return /^\d+$/.test(text ?? '') ? Number(text) : 1;
}

function dayAlone(
  spoken: string,
  today: Temporal.PlainDate,
  { language }: AnswerContext,
): Temporal.PlainDate | undefined {
  const day = Number(wordsOf(language).dates.dayAlone.exec(spoken)?.groups?.['d']);
  // Where a month was named, there is no such day in it.
  const isOfMonth = [...namesOf(language, 'month').keys()].some((name) => spoken.includes(name));
  if (!(day >= 1 && day <= 31) || isOfMonth) return undefined;
  const month = today.with({ day: 1 });
  const inMonths = [0, 1, 2].map((months) => {
    const later = month.add({ months });
    return dateOf(later.year, later.month, day);
  });
  return inMonths.find((date) => date && Temporal.PlainDate.compare(date, today) >= 0);
}

function nextYearly(today: Temporal.PlainDate, month: number, day: number): Temporal.PlainDate | undefined {
  const thisYear = dateOf(today.year, month, day);
  const isOver = !thisYear || Temporal.PlainDate.compare(thisYear, today) < 0;
  return isOver ? dateOf(today.year + 1, month, day) : thisYear;
}

/** Undefined for a day that there is not, such as the 30th of February. */
function dateOf(year: number, month: number, day: number): Temporal.PlainDate | undefined {
  if (month < 1 || month > 12 || day < 1) return undefined;
  const first = Temporal.PlainDate.from({ year, month, day: 1 });
  return day <= first.daysInMonth ? first.with({ day }) : undefined;
}

const NAMES = new Map<string, ReadonlyMap<string, number>>();
/** A Monday. */
const A_MONDAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

/** The names of weekdays (Monday is 1) or months (January is 1) without accents, long ones first. */
function namesOf(language: Language, part: 'weekday' | 'month'): ReadonlyMap<string, number> {
  const key = `${language} ${part}`;
  const known = NAMES.get(key);
  if (known) return known;
  const format = new Intl.DateTimeFormat(language, { [part]: 'long', timeZone: 'UTC' });
  const count = part === 'weekday' ? 7 : 12;
  const named = Array.from({ length: count }, (_, index) => {
    const at = part === 'weekday' ? A_MONDAY + index * DAY_MS : Date.UTC(2024, index, 1);
    return [withoutAccents(format.format(at)), index + 1] as const;
  });
  const names = new Map(named);
  NAMES.set(key, names);
  return names;
}
