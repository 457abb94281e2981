import type { TenantProfile } from '#crds/projection/tenant-profile.ts';

/** The hours of a company, or of a person calls may be handed to, who knows no holidays. */
export type Hours = Pick<NonNullable<TenantProfile['businessHours']>, 'weekly'> &
  Partial<Pick<NonNullable<TenantProfile['businessHours']>, 'holidays'>>;

/** A stretch of a day, in minutes from its midnight by the clock on the wall. */
export interface Opening {
  readonly fromMinute: number;
  readonly toMinute: number;
}

export const WEEKDAYS = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;

/** A year without an opening is for ever; holidays are at most 40. */
const MAX_DAYS_AHEAD = 60;

/** Whether somebody is there; hours that are not given are always. */
export function isOpen(hours: Hours | undefined, nowMs: number, timeZone: string): boolean {
  if (!hours) return true;
  const now = localTime(nowMs, timeZone);
  const minute = now.hour * 60 + now.minute;
  return openingsOn(hours, now.toPlainDate()).some(
    ({ fromMinute, toMinute }) => fromMinute <= minute && minute < toMinute,
  );
}

/** When they open next; undefined while they are open, and where they do not within two months. */
export function nextOpening(
  hours: Hours | undefined,
  nowMs: number,
  timeZone: string,
): Temporal.ZonedDateTime | undefined {
  if (!hours || isOpen(hours, nowMs, timeZone)) return undefined;
  const now = localTime(nowMs, timeZone);
  for (let days = 0; days <= MAX_DAYS_AHEAD; days++) {
    const date = now.toPlainDate().add({ days });
    for (const { fromMinute } of openingsOn(hours, date)) {
      const opens = date.toZonedDateTime({ timeZone, plainTime: timeOf(fromMinute) });
      if (opens.epochMilliseconds > nowMs) return opens;
    }
  }
  return undefined;
}

/** The stretches of a day, in order: a holiday's own, else those of its day of the week. */
export function openingsOn({ weekly, holidays = [] }: Hours, date: Temporal.PlainDate): Opening[] {
  const holiday = holidays.find((day) => day.date === date.toString());
  const day = WEEKDAYS[date.dayOfWeek - 1];
  const stretches = holiday ? [holiday] : weekly.filter((opening) => opening.day === day);
  return stretches
    .flatMap(({ opens, closes }) =>
      opens === undefined || closes === undefined
        ? []
        : [{ fromMinute: minutesOf(opens), toMinute: minutesOf(closes) }],
    )
    .sort((a, b) => a.fromMinute - b.fromMinute);
}

/** 24:00 is the midnight that ends a day. */
export function timeOf(minute: number): Temporal.PlainTime {
  return new Temporal.PlainTime(Math.floor(minute / 60) % 24, minute % 60);
}

function localTime(nowMs: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone);
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
