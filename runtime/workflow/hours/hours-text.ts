import { clockTime } from '../answers/read-back.ts';
import { filled, phrasesFor } from '../phrases/phrases.ts';
import { joined } from '../talk.ts';
import { type Hours, isOpen, nextOpening, type Opening, openingsOn, timeOf } from './business-hours.ts';

/** What the hours are told by. */
export interface HoursContext {
  readonly hours: Hours | undefined;
  readonly nowMs: number;
  readonly timeZone: string;
  /** BCP 47. */
  readonly locale: string;
}

/** Whether we are open now and when we open again, with the usual hours of the week. */
export function hoursText(context: HoursContext): string {
  const { hours, nowMs, timeZone, locale } = context;
  const phrases = phrasesFor(locale);
  if (!hours) return phrases.alwaysOpen;
  const now = isOpen(hours, nowMs, timeZone) ? phrases.openNow : closedText(context);
  const week = weekText(hours, locale);
  return joined(now, week === '' ? '' : filled(phrases.openingHours, { hours: week }));
}

/** Whether and when we are open on a day, an ISO date. */
export function dayText(date: string, { hours, locale }: HoursContext): string {
  const phrases = phrasesFor(locale);
  if (!hours) return phrases.alwaysOpen;
  const on = Temporal.PlainDate.from(date);
  const day = on.toLocaleString(locale, { weekday: 'long', month: 'long', day: 'numeric' });
  const openings = openingsOn(hours, on);
  if (openings.length === 0) return filled(phrases.closedOn, { day });
  const stretches = openings.map((opening) =>
    filled(phrases.stretch, { days: '', ...clockTimes(opening, locale) }).trim(),
  );
  return filled(phrases.openOn, { day, hours: listed(stretches, locale) });
}

/** That we are closed, and when we open again. */
export function closedText({ hours, nowMs, timeZone, locale }: HoursContext): string {
  const phrases = phrasesFor(locale);
  const opens = nextOpening(hours, nowMs, timeZone);
  if (!opens) return phrases.closedNow;
  const day = opens.toPlainDate().toLocaleString(locale, { weekday: 'long' });
  const time = clockTime(opens.toPlainTime(), locale);
  return joined(phrases.closedNow, filled(phrases.opensAgain, { day, time }));
}

/** "Monday to Friday from 9 AM to 5 PM and Saturday from 10 AM to 12 PM". */
function weekText({ weekly }: Hours, locale: string): string {
  const runs: { from: number; to: number; text: string; openings: readonly Opening[] }[] = [];
  for (let day = 0; day < 7; day++) {
    const openings = openingsOn({ weekly }, A_MONDAY.add({ days: day }));
    const text = JSON.stringify(openings);
    const last = runs.at(-1);
    if (last && last.text === text && last.to === day - 1) last.to = day;
    else if (openings.length > 0) runs.push({ from: day, to: day, text, openings });
  }
  return listed(
    runs.flatMap(({ from, to, openings }) =>
      openings.map((opening) =>
        filled(phrasesFor(locale).stretch, {
          days: daysText(from, to, locale),
          ...clockTimes(opening, locale),
        }),
      ),
    ),
    locale,
  );
}

const A_MONDAY = new Temporal.PlainDate(2024, 1, 1);

function daysText(from: number, to: number, locale: string): string {
  const name = (day: number) => A_MONDAY.add({ days: day }).toLocaleString(locale, { weekday: 'long' });
  return from === to ? name(from) : filled(phrasesFor(locale).days, { from: name(from), to: name(to) });
}

function clockTimes({ fromMinute, toMinute }: Opening, locale: string): { opens: string; closes: string } {
  return { opens: clockTime(timeOf(fromMinute), locale), closes: clockTime(timeOf(toMinute), locale) };
}

function listed(texts: readonly string[], locale: string): string {
  return new Intl.ListFormat(locale, { type: 'conjunction' }).format(texts);
}
