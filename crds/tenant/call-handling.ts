import { z } from 'zod';
import { namedList, setOf } from '../schema/lists.ts';
import { dnsLabel, e164, email, text, url, whole } from '../schema/scalars.ts';
import { weeklyHoursSchema } from './business-hours.ts';

/** Who a call may be handed to, who may call, and what is kept of it. */
export const transferTargetsSchema = namedList(
  z.object({
    name: dnsLabel().describe('The name by which workflows and the language model choose it.'),
    description: text(200)
      .optional()
      .describe('Whom one reaches there, and for what; the language model chooses by it.'),
    displayName: text(80)
      .optional()
      .describe('How the agent names it to callers, such as Anna. Absent: its name.'),
    mode: z
      .enum(['Cold', 'Warm'])
      .default('Cold')
      .describe(
        'Cold puts the caller through to whoever answers, a voicemail too. Warm keeps the caller with the agent, tells whoever answers who calls and about what, and connects the two once that person takes the call by pressing 1; where nobody does, the caller can leave a message.',
      ),
    number: e164().describe(
      'The number to call, in E.164 form, such as +13125550142. Callers and the language model never choose a number.',
    ),
    hours: z
      .object({
        weekly: weeklyHoursSchema
          .default([])
          .describe('The hours at which somebody answers there, one entry for each stretch of a day.'),
      })
      .optional()
      .describe(
        'When calls may be handed there, in spec.timeZone; outside these hours the target is not offered. Absent: always.',
      ),
  }),
  { keys: ['name'], max: 8 },
);

export const callScreeningSchema = z
  .object({
    blocked: setOf(e164(), 200)
      .default([])
      .describe('Numbers in E.164 form whose calls are declined, such as +13125550142.'),
    anonymous: z
      .enum(['Allow', 'Reject'])
      .default('Allow')
      .describe('What happens to callers who withhold their number.'),
  })
  .describe('Which calls are declined before they are answered, and so cost nothing. Absent: none.');

export const busySchema = z
  .object({
    treatment: z
      .enum(['Reject', 'Message', 'Voicemail'])
      .default('Reject')
      .describe(
        'Reject lets the caller hear the busy tone and costs nothing. Message answers, says the message and hangs up. Voicemail says it and records what the caller leaves. Both count as answered calls.',
      ),
    message: text(500)
      .default(
        'Thank you for calling {company}. All lines are busy at the moment. Please call again in a few minutes.',
      )
      .describe(
        'What the caller hears, in the voice of the carrier; {company} becomes the display name. For Voicemail, ask for a message after the tone.',
      ),
  })
  .prefault({})
  .describe(
    'What callers meet who cannot be taken: all lines busy, or the number just being moved. While the tenant is suspended or has used up its month, calls are always rejected.',
  );

export const recordingSchema = z
  .object({
    enabled: z.boolean().default(false).describe('Whether calls are recorded; the disclosure then says so.'),
    retentionDays: whole(1, 3_650).default(30).describe('After how many days a recording is deleted.'),
  })
  .prefault({})
  .describe('Whether calls are recorded as sound, and how long recordings are kept.');

export const transcriptsSchema = z
  .object({
    retentionDays: whole(1, 3_650).default(90).describe('After how many days a transcript is deleted.'),
  })
  .prefault({})
  .describe('How long what was said on calls is kept as text.');

/** What people can be told of, each by mail and by webhook. */
export const NOTIFICATION_EVENTS = [
  'LeadCaptured',
  'MessageLeft',
  'CallEnded',
  'LimitNear',
  'LimitReached',
] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

const eventsSchema = setOf(z.enum(NOTIFICATION_EVENTS), NOTIFICATION_EVENTS.length);

export const notificationsSchema = z
  .object({
    emails: setOf(email(), 10).default([]).describe('Who is sent a mail for each of emailEvents.'),
    emailEvents: eventsSchema
      .default(['LeadCaptured', 'MessageLeft', 'LimitNear', 'LimitReached'])
      .describe(
        'What is mailed: LeadCaptured, what a caller left in a workflow; MessageLeft, a recorded message; CallEnded, every call; LimitNear and LimitReached, 80 % and all of a monthly limit, once a month.',
      ),
    webhookURL: url('https')
      .optional()
      .describe(
        'Where each of webhookEvents is POSTed, as JSON over https, signed as Standard Webhooks. Absent: nowhere.',
      ),
    webhookEvents: eventsSchema
      .default([...NOTIFICATION_EVENTS])
      .describe('What is POSTed to webhookURL, by the same names as in emailEvents.'),
  })
  .describe('Who is told of leads, messages, calls and limits. Absent: nobody; they are in the API.');

export type Notifications = z.output<typeof notificationsSchema>;
