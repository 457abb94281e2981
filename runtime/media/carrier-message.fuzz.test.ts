import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCarrierMessage } from './carrier-message.ts';

const event = fc.constantFrom(
  'connected',
  'start',
  'media',
  'dtmf',
  'mark',
  'stop',
  'error',
  '__proto__',
  'constructor',
);
const body = fc.dictionary(
  fc.constantFrom('start', 'media', 'dtmf', 'mark', 'payload', 'sequence_number', 'occurred_at'),
  fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom('payload', 'chunk', 'track', 'digit', 'name', 'code', 'media_format'),
      fc.jsonValue(),
    ),
  ),
);

test('whatever a peer sends becomes a message, never an exception', () => {
  const frame = fc.oneof(
    fc.string(),
    fc.json(),
    fc.tuple(event, body).map(([name, rest]) => JSON.stringify({ ...rest, event: name })),
  );
  fc.assert(
    fc.property(frame, (text) => {
      expect(parseCarrierMessage(text)).toHaveProperty('event');
    }),
    { numRuns: 2_000 },
  );
});
