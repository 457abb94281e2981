import { describe, expect, test } from 'vitest';
import { type Hours, isOpen, nextOpening } from './business-hours.ts';
import { closedText, dayText, hoursText } from './hours-text.ts';

const ZONE = 'America/Chicago';
const WORKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'] as const;
const office: Hours = {
  weekly: [
    ...WORKDAYS.map((day) => ({ day, opens: '09:00', closes: '17:30' })),
    { day: 'Saturday', opens: '10:00', closes: '12:00' },
  ],
  holidays: [
    { date: '2026-12-24', name: 'Christmas Eve', opens: '09:00', closes: '12:00' },
    { date: '2026-12-25', name: 'Christmas Day' },
  ],
};

const at = (local: string, zone = ZONE) =>
  Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds;

describe('whether somebody is there', () => {
  test.each([
    ['2026-11-30T08:59', false],
    ['2026-11-30T09:00', true],
    ['2026-11-30T17:29', true],
    ['2026-11-30T17:30', false],
    ['2026-12-05T11:00', true],
    ['2026-12-06T11:00', false],
    ['2026-12-24T11:59', true],
    ['2026-12-24T12:00', false],
    ['2026-12-25T11:00', false],
    ['2026-12-26T11:00', true],
  ])('%s: %s', (local, open) => {
    expect(isOpen(office, at(local), ZONE)).toBe(open);
  });

  test('hours that are not given are always, and hours without a stretch never', () => {
    expect(isOpen(undefined, at('2026-11-30T03:00'), ZONE)).toBe(true);
    expect(isOpen({ weekly: [] }, at('2026-11-30T12:00'), ZONE)).toBe(false);
  });

  test('24:00 is the end of the day', () => {
    const late: Hours = { weekly: [{ day: 'Friday', opens: '18:00', closes: '24:00' }] };
    expect(isOpen(late, at('2026-12-04T23:59'), ZONE)).toBe(true);
    expect(isOpen(late, at('2026-12-05T00:00'), ZONE)).toBe(false);
  });

  // Chicago goes back an hour at 2 on 1 November 2026 and forward at 2 on 14 March 2027, both before it opens.
  test.each([
    ['2026-10-30T14:00Z', true, 'the Friday before it ends, at nine'],
    ['2026-11-02T14:00Z', false, 'the Monday after it ended, at eight'],
    ['2026-11-02T15:00Z', true, 'the Monday after it ended, at nine'],
    ['2027-03-12T15:00Z', true, 'the Friday before it begins, at nine'],
    ['2027-03-15T14:00Z', true, 'the Monday after it began, at nine'],
    ['2027-03-15T13:59Z', false, 'the minute before'],
  ])('over daylight saving time, %s: %s, %s', (instant, open) => {
    expect(isOpen(office, Date.parse(instant), ZONE)).toBe(open);
  });

  test('an hour that there is twice is open twice, and one that there is not is skipped', () => {
    const night: Hours = { weekly: [{ day: 'Sunday', opens: '01:00', closes: '03:00' }] };
    // 1:30 before and after the clocks go back.
    expect(isOpen(night, Date.parse('2026-11-01T06:30Z'), ZONE)).toBe(true);
    expect(isOpen(night, Date.parse('2026-11-01T07:30Z'), ZONE)).toBe(true);
    expect(isOpen(night, Date.parse('2026-11-01T09:00Z'), ZONE)).toBe(false);
    // 1:59 is followed by 3:00.
    expect(isOpen(night, Date.parse('2027-03-14T07:59Z'), ZONE)).toBe(true);
    expect(isOpen(night, Date.parse('2027-03-14T08:00Z'), ZONE)).toBe(false);
  });
});

describe('when they open again', () => {
  test.each([
    ['2026-11-30T07:00', '2026-11-30T09:00'],
    ['2026-11-30T18:00', '2026-12-01T09:00'],
    ['2026-12-04T18:00', '2026-12-05T10:00'],
    ['2026-12-05T13:00', '2026-12-07T09:00'],
    ['2026-12-24T13:00', '2026-12-26T10:00'],
    // Over the change of the clocks.
    ['2026-10-31T13:00', '2026-11-02T09:00'],
  ])('at %s: %s', (now, opens) => {
    expect(nextOpening(office, at(now), ZONE)?.toPlainDateTime().toString()).toBe(`${opens}:00`);
  });

  test('while they are open, and where they never are, there is no such time', () => {
    expect(nextOpening(office, at('2026-11-30T10:00'), ZONE)).toBeUndefined();
    expect(nextOpening({ weekly: [] }, at('2026-11-30T10:00'), ZONE)).toBeUndefined();
  });
});

describe('the hours as they are told', () => {
  const context = { hours: office, nowMs: at('2026-11-30T18:00'), timeZone: ZONE };

  test.each([
    [
      'en-US',
      'We are closed right now. We open again on Tuesday at 9 AM. We are open Monday to Friday from 9 AM to 5:30 PM and Saturday from 10 AM to 12 PM.',
    ],
    [
      'de-DE',
      'Wir haben gerade geschlossen. Wir öffnen wieder am Dienstag um 9 Uhr. Wir haben geöffnet: Montag bis Freitag von 9 Uhr bis 17:30 und Samstag von 10 Uhr bis 12 Uhr.',
    ],
  ])('in %s', (locale, text) => {
    expect(hoursText({ ...context, locale })).toBe(text);
  });

  test.each(['es-ES', 'fr-FR'])('in %s nothing is left to be filled in', (locale) => {
    expect(`${hoursText({ ...context, locale })} ${closedText({ ...context, locale })}`).not.toMatch(/[{}]/);
  });

  test('of a single day', () => {
    const told = (date: string) => dayText(date, { ...context, locale: 'en-US' });
    expect(told('2026-12-25')).toBe('On Friday, December 25 we are closed.');
    expect(told('2026-12-24')).toBe('On Thursday, December 24 we are open from 9 AM to 12 PM.');
  });
});
