import { z } from 'zod';
import { namedList } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { calendarDate, dnsLabel, text, timeOfDay } from '../schema/scalars.ts';

const openingSchema = withRules(
  z.object({
    day: z
      .enum(['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])
      .describe('The day of the week that the entry holds for, such as Monday.'),
    opens: timeOfDay().describe('From when, as HH:MM in spec.timeZone on the 24-hour clock, such as 09:00.'),
    closes: timeOfDay().describe(
      'Until when, as HH:MM later than opens, such as 17:30; 24:00 is midnight. Hours past midnight take a second entry, on the next day.',
    ),
  }),
  [
    {
      cel: 'self.closes > self.opens',
      message: 'closes must be later than opens; hours past midnight are an entry of the next day',
      holds: (opening) => opening.closes > opening.opens,
    },
  ],
);

export const weeklyHoursSchema = namedList(openingSchema, { keys: ['day', 'opens'], max: 21 });

const holidaySchema = withRules(
  z.object({
    date: calendarDate().describe('The day, as YYYY-MM-DD in spec.timeZone, such as 2027-12-25.'),
    name: text(60)
      .optional()
      .describe('What people call the day, such as Christmas Day; only for those who read the manifest.'),
    opens: timeOfDay()
      .optional()
      .describe(
        'From when, as HH:MM, where the day has hours of its own, such as 10:00. Absent: closed all day.',
      ),
    closes: timeOfDay().optional().describe('Until when on that day, as HH:MM later than opens.'),
  }),
  [
    {
      cel: 'has(self.opens) == has(self.closes) && (!has(self.opens) || self.closes > self.opens)',
      message: 'give both opens and a later closes, or neither for a day that is closed',
      holds: ({ opens, closes }) =>
        opens === undefined || closes === undefined ? opens === closes : closes > opens,
    },
  ],
);

export const businessHoursSchema = z
  .object({
    weekly: weeklyHoursSchema
      .default([])
      .describe('The usual hours, one entry for each stretch of a day. A day without an entry is closed.'),
    holidays: namedList(holidaySchema, { keys: ['date'], max: 40 })
      .default([])
      .describe('Days on which the usual hours do not hold: closed, or open at other hours.'),
    whenClosed: z
      .object({
        workflow: dnsLabel()
          .optional()
          .describe('The workflow that answers then. Absent: the one the number is routed to.'),
        say: text(300).optional().describe('Said after the greeting, such as when the office opens again.'),
      })
      .optional()
      .describe('What a caller hears outside these hours. Calls are always answered.'),
  })
  .describe(
    'When people are there, in spec.timeZone. It does not decide whether calls are answered, only what callers hear. Absent: always.',
  );
