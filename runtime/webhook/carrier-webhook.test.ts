import { expect, test } from 'vitest';
import { parseCarrierWebhook } from './carrier-webhook.ts';

test.each([
  ['call.initiated', 'call.initiated'],
  ['call_initiated', 'call.initiated'],
  ['call_dtmf_received', 'call.dtmf.received'],
  ['streaming_stopped', 'streaming.stopped'],
  ['call.streaming.failed', 'streaming.failed'],
  ['call.cost', 'other'],
])('a delivery of %s is the event %s', (event_type, event) => {
  const data = { id: 'w', event_type, occurred_at: '2026-11-30T15:00:00Z', payload: {} };
  expect(parseCarrierWebhook(Buffer.from(JSON.stringify({ data })))).toMatchObject({ event });
});
