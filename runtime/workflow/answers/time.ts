import type { Language } from '../language.ts';
import { wordsOf } from '../words/language-words.ts';
import { withNumbers } from './spoken-numbers.ts';

const DAY_MINUTES = 24 * 60;
/** Nobody makes an appointment for three at night: hours up to this one are in the afternoon. */
const LAST_AFTERNOON_HOUR = 6;

/** A time of day as HH:MM: "half past two", "noon", "14h30", "halb drei". */
export function timeIn(words: string, language: Language): string | undefined {
  const spoken = spokenTime(words, language);
  return markedTime(spoken, language) ?? bareHour(spoken, language);
}

/** A time that is told to be one, so that it stands out among other words. */
export function markedTimeIn(words: string, language: Language): string | undefined {
  return markedTime(spokenTime(words, language), language);
}

/** "3 p.m." → "3 pm", and numbers for their words. */
function spokenTime(words: string, language: Language): string {
  return withNumbers(words.replace(/\b([ap])\.? ?m\b\.?/gi, '$1m'), language);
}

function markedTime(spoken: string, language: Language): string | undefined {
  const { times } = wordsOf(language);
  for (const [pattern, add] of times.patterns) {
    const found = pattern.exec(spoken);
    if (!found) continue;
    const { h = '0', m = '0', back = '0' } = found.groups ?? {};
    const hour = found.groups?.['h'] === undefined ? 0 : hourOfDay(Number(h), spoken, language);
    if (hour === undefined || Number(m) > 59) continue;
    return written(hour * 60 + Number(m) - Number(back) + add);
  }
  if (times.midnight.test(spoken)) return '00:00';
  return times.noon.test(spoken) ? '12:00' : undefined;
}

/** "Three", or "around ten". */
function bareHour(spoken: string, language: Language): string | undefined {
  const numbers = spoken.match(/\d+/g) ?? [];
  const [first, second = '00', ...more] = numbers;
  if (first === undefined || more.length > 0 || Number(second) > 59) return undefined;
  const hour = hourOfDay(Number(first), spoken, language);
  return hour === undefined ? undefined : written(hour * 60 + Number(second));
}

function hourOfDay(hour: number, spoken: string, language: Language): number | undefined {
  const { morning, afternoon } = wordsOf(language).times;
  if (hour > 24) return undefined;
  if (hour > 12 || hour === 0) return hour % 24;
  if (afternoon.test(spoken)) return hour === 12 ? 12 : hour + 12;
  if (morning.test(spoken)) return hour % 12;
  return hour <= LAST_AFTERNOON_HOUR ? hour + 12 : hour;
}

function written(minutes: number): string {
  const ofDay = (minutes + DAY_MINUTES) % DAY_MINUTES;
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${pad(Math.floor(ofDay / 60))}:${pad(ofDay % 60)}`;
}
