import type { z } from 'zod';
import { businessHoursSchema } from '#crds/tenant/business-hours.ts';

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;
const MINUTES_A_DAY = 24 * 60;

const hoursSchema = businessHoursSchema.partial();
type Hours = z.input<typeof hoursSchema>;

/** How a clock that shows one time is made to show another: by a time zone of whole hours, and by days. */
export interface Move {
  /** An IANA time zone in which it is now as late in the day as it was then, to the hour. */
  readonly timeZone: string;
  /** How many days later the date is there. */
  readonly days: number;
}

/** What makes now, in a zone of the move's, the time of day that it is at `atMs` in `timeZone`. */
export function moveOf(atMs: number, timeZone: string, nowMs: number): Move {
  const then = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone);
  const now = Temporal.Instant.fromEpochMilliseconds(nowMs);
  const utc = now.toZonedDateTimeISO('UTC');
  const behind = then.hour * 60 + then.minute - (utc.hour * 60 + utc.minute);
  // Up to an hour later than then, so that a shop that has just closed is not open again. Zones lie within half a day.
  const hours = Math.ceil((((behind + 1.5 * MINUTES_A_DAY) % MINUTES_A_DAY) - MINUTES_A_DAY / 2) / 60);
  // The names of these zones count the other way round.
  const zone = hours === 0 ? 'Etc/GMT' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`;
  const there = now.toZonedDateTimeISO(zone).toPlainDate();
  return { timeZone: zone, days: then.toPlainDate().until(there, { largestUnit: 'day' }).days };
}

/** Hours whose days are moved with the date. */
export function movedHours(hours: Hours, { days }: Move): Hours {
  const { weekly, holidays, ...rest } = hours;
  return {
    ...rest,
    ...(weekly
      ? { weekly: weekly.map((opening) => ({ ...opening, day: movedDay(opening.day, days) })) }
      : {}),
    ...(holidays ? { holidays: holidays.map((day) => ({ ...day, date: movedDate(day.date, days) })) } : {}),
  };
}

function movedDay(day: (typeof DAYS)[number], days: number): (typeof DAYS)[number] {
  const moved = DAYS[(((DAYS.indexOf(day) + days) % 7) + 7) % 7];
  if (!moved) throw new RangeError(`${days} is no number of whole days`);
  return moved;
}

function movedDate(date: string, days: number): string {
  return Temporal.PlainDate.from(date).add({ days }).toString();
}
