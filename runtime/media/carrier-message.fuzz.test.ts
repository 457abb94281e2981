import {
  assert,
  constantFrom,
  dictionary,
  json,
  jsonValue,
  oneof,
  property,
  string,
  tuple,
} from 'fast-check';
import { expect, test } from 'vitest';
import { parseCarrierMessage } from './carrier-message.ts';

const eventName = constantFrom(
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
const body = dictionary(
  constantFrom('start', 'media', 'dtmf', 'mark', 'payload', 'sequence_number', 'occurred_at'),
  oneof(
    jsonValue(),
    dictionary(
      constantFrom('payload', 'chunk', 'track', 'digit', 'name', 'code', 'media_format'),
      jsonValue(),
    ),
  ),
);

test('whatever a peer sends becomes a message, never an exception', () => {
  const frame = oneof(
    string(),
    json(),
    tuple(eventName, body).map(([name, rest]) => JSON.stringify({ ...rest, event: name })),
  );
  assert(
    property(frame, (text) => {
      expect(parseCarrierMessage(text)).toHaveProperty('event');
    }),
    { numRuns: 2_000 },
  );
});
