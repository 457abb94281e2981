import { z } from 'zod';
import { namedList } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { calendarDate, dnsLabel, text, timeOfDay } from '../schema/scalars.ts';

const openingSchema = withRules(
  z.object({
    day: z
      .enum(['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])
      .describe('The day of the week.'),
    opens: timeOfDay().describe('HH:MM in spec.timeZone, on the 24-hour clock.'),
    closes: timeOfDay().describe(
      'HH:MM, later than opens; 24:00 is midnight. Past midnight: a second entry.',
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
    date: calendarDate().describe('YYYY-MM-DD in spec.timeZone.'),
    name: text(60).optional().describe('What people call it.'),
    opens: timeOfDay()
      .optional()
      .describe('HH:MM, where the day has hours of its own. Absent: closed all day.'),
    closes: timeOfDay().optional().describe('HH:MM, later than opens.'),
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
    weekly: weeklyHoursSchema.default([]).describe('The usual hours. A day without an entry is closed.'),
    holidays: namedList(holidaySchema, { keys: ['date'], max: 40 })
      .default([])
      .describe('Days on which the usual hours do not hold.'),
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
  .describe('When people are there. Absent: always.');
