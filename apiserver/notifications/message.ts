import { z } from 'zod';
import type { NotificationEvent } from '#crds/tenant/call-handling.ts';
import { callSummarySchema, leadSchema } from '../calls/call-schemas.ts';

const time = z.iso.datetime();

const tenantID = z.uuid();
const limitSchema = z.strictObject({
  limit: z.enum(['callsPerMonth', 'minutesPerMonth', 'apiRequestsPerMonth']),
  allowed: z.number().int(),
  used: z.number().int().describe('When this was sent.'),
  month: z.string().describe('UTC, YYYY-MM.'),
});

/** What notifications say, as they are POSTed; a mail says the same in sentences. */
export const MESSAGES = {
  LeadCaptured: {
    type: 'lead.captured',
    what: 'A caller left what a workflow asks for: at once when it is complete, or at the end of the call.',
    data: z.strictObject({ tenantID, call: callSummarySchema, lead: leadSchema }),
  },
  MessageLeft: {
    type: 'message.left',
    what: 'A caller left a recorded message, as no agent took the call.',
    data: z.strictObject({
      tenantID,
      call: callSummarySchema,
      message: z.strictObject({ durationMs: z.number().int() }),
    }),
  },
  CallEnded: {
    type: 'call.ended',
    what: 'A call ended, answered or not.',
    data: z.strictObject({ tenantID, call: callSummarySchema }),
  },
  LimitNear: {
    type: 'limit.near',
    what: '80 % of a monthly limit is used.',
    data: z.strictObject({ tenantID, usage: limitSchema }),
  },
  LimitReached: {
    type: 'limit.reached',
    what: 'A monthly limit is used up.',
    data: z.strictObject({ tenantID, usage: limitSchema }),
  },
} as const satisfies Readonly<
  Record<NotificationEvent, { readonly type: string; readonly what: string; readonly data: z.ZodType }>
>;

export type MessageData<E extends NotificationEvent> = z.output<(typeof MESSAGES)[E]['data']>;

/** A notification with its content, one of each event. */
export type Message = {
  [E in NotificationEvent]: { readonly event: E; readonly at: Date; readonly data: MessageData<E> };
}[NotificationEvent];

/** What is POSTed: the form that Standard Webhooks recommends. */
export function payloadSchema(event: NotificationEvent) {
  const { type, data } = MESSAGES[event];
  return z.strictObject({ type: z.literal(type), timestamp: time.describe('When it happened.'), data });
}

export function payloadOf({ event, at, data }: Message): string {
  return JSON.stringify({ type: MESSAGES[event].type, timestamp: at.toISOString(), data });
}
