import { expect, test } from 'vitest';
import type { RawVoiceRuntime } from '#operator/world/raw-objects.ts';
import { findCallTokenSecret, madeCallTokenSecret } from './call-token-secret.ts';

const masterKey = Buffer.alloc(32, 7);
const key = 'veralux-system/shared';
const runtime = (spec: Readonly<Record<string, unknown>>): RawVoiceRuntime => ({
  apiVersion: 'veralux.io/v1alpha1',
  kind: 'VoiceRuntime',
  metadata: { namespace: 'veralux-system', name: 'shared' },
  spec,
});
const external = { mode: 'External', callTokens: { secretRef: { name: 'calls' } } };

function find(of: RawVoiceRuntime | undefined, data?: Readonly<Record<string, string>>) {
  const asked: unknown[] = [];
  const client = {
    get: async (_resource: unknown, ref: unknown) => {
      asked.push(ref);
      return data && ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'calls' }, data } as never);
    },
  };
  return { asked, found: findCallTokenSecret(key, of, { client, masterKey }) };
}

test('pods of a Managed runtime have what was made for it', async () => {
  const { asked, found } = find(runtime({ mode: 'Managed' }));
  expect(await found).toEqual({ kind: 'Found', secret: madeCallTokenSecret(masterKey, key) });
  expect(asked).toEqual([]);
});

test('those of an External one have what its Secret says, to the last character', async () => {
  const data = { callTokenSecret: Buffer.from('of people\n').toString('base64') };
  const { asked, found } = find(runtime(external), data);
  expect(await found).toEqual({ kind: 'Found', secret: 'of people\n' });
  expect(asked).toEqual([{ namespace: 'veralux-system', name: 'calls' }]);
});

test.each([
  ['there is no such runtime', undefined, undefined, 'no VoiceRuntime veralux-system/shared'],
  ['its spec names none', runtime({ mode: 'External' }), undefined, 'spec.callTokens'],
  ['the Secret does not exist', runtime(external), undefined, 'no Secret calls in veralux-system'],
  ['the Secret has no such key', runtime(external), { other: 'eA==' }, 'with the key callTokenSecret'],
])('it is said what to do where %s', async (_, of, data, words) => {
  expect(await find(of, data).found).toEqual({ kind: 'Missing', message: expect.stringContaining(words) });
});
