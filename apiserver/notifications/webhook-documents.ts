import { z } from 'zod';
import { NOTIFICATION_EVENTS } from '#crds/tenant/call-handling.ts';
import { jsonSchema, withExample } from '../http/openapi-schemas.ts';
import { MESSAGES, payloadSchema } from './message.ts';

/** The headers of Standard Webhooks. */
const HEADERS = {
  'webhook-id': 'The same whenever the same is sent again.',
  'webhook-timestamp': 'Of the attempt, in seconds since 1970.',
  'webhook-signature': '`v1,` and a base64 HMAC-SHA256, one of each secret that is good.',
} as const;

/** What tenants are POSTed, for OpenAPI's `webhooks`. */
export function webhookDocuments(): Readonly<Record<string, object>> {
  return Object.fromEntries(
    NOTIFICATION_EVENTS.map((event) => [MESSAGES[event].type, { post: postOf(event) }]),
  );
}

function postOf(event: (typeof NOTIFICATION_EVENTS)[number]): object {
  return {
    operationId: `on${event}`,
    summary: MESSAGES[event].what,
    description: 'Signed as Standard Webhooks says, with the secret of `createWebhookSecret`.',
    tags: ['webhooks'],
    parameters: Object.entries(HEADERS).map(([name, says]) => ({
      name,
      in: 'header',
      required: true,
      schema: jsonSchema(z.string().describe(says), 'output'),
    })),
    requestBody: { required: true, content: withExample(payloadSchema(event), 'output') },
    responses: {
      '2XX': { description: 'Taken. Anything else is tried again for a day.' },
      '410': { description: 'Not wanted any more: this one is not tried again.' },
    },
  };
}
