import { expect, test } from 'vitest';
import { refusalOf, secretNamesIn } from './secret-refusal.ts';

const secret = (name: string, more: object = {}, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, labels },
  ...more,
});
const names = { usedByRuntimes: new Set(['carrier']), reserved: new Set(['tenant-keys']) };

test.each([
  ['a vendor’s key', secret('crm', { data: { apiKey: '' } }), undefined],
  ['one that a VoiceRuntime names', secret('carrier'), 'a VoiceRuntime works with it'],
  ['one with the name of a child', secret('tenant-keys'), 'has one of its own'],
  ['the master key', secret('veralux-keys'), 'it is the platform’s own'],
  [
    'one that we made',
    secret('x', {}, { 'app.kubernetes.io/managed-by': 'veralux-operator' }),
    'the platform’s own',
  ],
  ['a token of Kubernetes', secret('x', { type: 'kubernetes.io/service-account-token' }), 'its type is'],
  ['a carrier’s by its name', secret('my-Telnyx'), 'my-Telnyx looks like'],
  ['a database’s by its key', secret('x', { data: { DATABASE_URL: '' } }), 'DATABASE_URL looks like'],
])('%s is copied or refused', (_name, object, why) => {
  const refusal = refusalOf(object, names);
  if (why === undefined) expect(refusal).toBeUndefined();
  else expect(refusal).toContain(why);
});

test('every Secret that a spec refers to is found', () => {
  const spec = {
    telnyx: { secretRef: { name: 'a' } },
    engines: { stt: { secretRef: { name: 'b', key: 'k' }, fallbacks: [{ secretRef: { name: 'c' } }] } },
  };
  expect(secretNamesIn(spec)).toEqual(['a', 'b', 'c']);
});
