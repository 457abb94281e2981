import { describe, expect, test } from 'vitest';
import { parseCarrierMessage } from './carrier-message.ts';

describe("the carrier's frames", () => {
  test.each([
    ['{"event":"connected","version":"1.0.0"}', { event: 'connected' }],
    [
      '{"event":"start","sequence_number":"1","stream_id":"s","start":{"user_id":"u","call_control_id":"v3:c","call_session_id":"x","from":"+1","to":"+2","client_state":"","custom_parameters":{},"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}',
      {
        event: 'start',
        format: { encoding: 'PCMU', sampleRateHz: 8000, channels: 1 },
      },
    ],
    [
      '{"event":"media","sequence_number":"4","stream_id":"s","media":{"track":"inbound","chunk":"2","timestamp":"5","payload":"//8A"}}',
      { event: 'media', track: 'inbound', chunk: 2, timestampMs: 5, payload: Buffer.from([255, 255, 0]) },
    ],
    [
      '{"event":"media","media":{"payload":"//8A"},"sequence_number":"4"}',
      {
        event: 'media',
        track: 'inbound',
        chunk: 4,
        timestampMs: undefined,
        payload: Buffer.from([255, 255, 0]),
      },
    ],
    [
      '{"event":"dtmf","stream_id":"s","occurred_at":"2026-01-01T00:00:00Z","sequence_number":"5","dtmf":{"digit":"#"}}',
      { event: 'dtmf', digit: '#', pressedAtMs: Date.UTC(2026, 0, 1) },
    ],
    ['{"event":"dtmf","dtmf":{"digit":"d"}}', { event: 'dtmf', digit: 'D', pressedAtMs: undefined }],
    [
      '{"event":"dtmf","occurred_at":"yesterday","dtmf":{"digit":"0"}}',
      { event: 'dtmf', digit: '0', pressedAtMs: undefined },
    ],
    ['{"event":"mark","stream_id":"s","mark":{"name":"1/2/3"}}', { event: 'mark', name: '1/2/3' }],
    ['{"event":"stop","stop":{"user_id":"u","call_control_id":"c"}}', { event: 'stop' }],
    [
      '{"event":"error","payload":{"code":100003,"title":"malformed_frame","detail":"d"}}',
      { event: 'error', code: '100003', title: 'malformed_frame' },
    ],
    ['{"event":"news"}', { event: 'unknown' }],
  ])('%s', (text, message) => {
    expect(parseCarrierMessage(text)).toEqual(message);
  });

  test.each([
    'no json',
    'null',
    '[]',
    '{}',
    '{"event":7}',
    '{"event":"start"}',
    '{"event":"start","start":{"call_control_id":"c","media_format":{"encoding":"PCMU","sample_rate":-1}}}',
    '{"event":"media","media":{"chunk":"x","payload":"AAAA"}}',
    '{"event":"media","media":{"chunk":"1","payload":""}}',
    '{"event":"media","media":{"chunk":"1","payload":7}}',
    '{"event":"mark","mark":{"name":""}}',
    '{"event":"dtmf","dtmf":{"digit":"E"}}',
    '{"event":"dtmf","dtmf":{"digit":"12"}}',
  ])('%s is malformed', (text) => {
    expect(parseCarrierMessage(text)).toEqual({ event: 'malformed' });
  });
});
