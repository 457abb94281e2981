import {
  array,
  assert,
  constantFrom,
  dictionary,
  json,
  jsonValue,
  oneof,
  property,
  shuffledSubarray,
  string,
  tuple,
} from 'fast-check';
import { expect, test } from 'vitest';
import { parseCarrierMessage } from './carrier-message.ts';

const eventName = constantFrom(
  'connected',
  'start',
  'media',
  'mark',
  'stop',
  'error',
  '__proto__',
  'constructor',
);
const body = dictionary(
  constantFrom('start', 'media', 'mark', 'payload', 'sequence_number'),
  oneof(
    jsonValue(),
    dictionary(constantFrom('payload', 'chunk', 'track', 'name', 'code', 'media_format'), jsonValue()),
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

test('a frame of audio is the same message however it is read', () => {
  const value = oneof(
    constantFrom('1', '20', '', '-1', '1e3', 'inbound', 'AAAA', '"', '{}', '"}}'),
    string(),
    jsonValue(),
  );
  const members = (names: string[]) =>
    tuple(shuffledSubarray(names), array(value, { minLength: names.length, maxLength: names.length })).map(
      ([keys, values]) => Object.fromEntries(keys.map((key, i) => [key, values[i]])),
    );
  const frame = tuple(
    members(['sequence_number', 'stream_id', 'media', 'track', 'payload', 'more']),
    members(['track', 'chunk', 'timestamp', 'payload', 'media', 'sequence_number', 'more']),
    shuffledSubarray([0, 1, 2], { minLength: 3 }),
  ).map(([outer, inner, order]) => {
    const parts: [string, unknown][][] = [Object.entries(outer), [['media', inner]], Object.entries(outer)];
    return JSON.stringify({
      event: 'media',
      ...Object.fromEntries(order.flatMap((part) => parts[part] ?? [])),
    });
  });
  assert(
    property(frame, (text) => {
      // A space is nothing in JSON, but it is read in full then.
      expect(parseCarrierMessage(text)).toEqual(parseCarrierMessage(` ${text}`));
    }),
    { numRuns: 3_000 },
  );
});
