import { expect, test } from 'vitest';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { servedTenant } from './served-tenant.ts';

const endpoint = 'http://speech:8880';
const runtime = {
  apiVersion: 'veralux.io/v1alpha1',
  kind: 'VoiceRuntime',
  metadata: { name: 'shared', namespace: 'veralux-system' },
  spec: {
    engines: { tts: { type: 'Kokoro', endpoint, fallbacks: [{ name: 'premium', type: 'XTTS', endpoint }] } },
  },
};

function served(voice: object, there: typeof runtime | null = runtime) {
  const tenant = tenantSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'Tenant',
    metadata: { name: 'acme' },
    spec: { displayName: 'Acme', assistant: { voice } },
  });
  return servedTenant(tenant, 'veralux-system/shared', there ?? undefined);
}

test.each([
  ['that none is named', {}],
  ['that the first is named by its default name', { engine: 'default' }],
  ['that a fallback is named', { engine: 'premium', name: 'anna' }],
])('a Tenant is served whole for all %s', (_case, voice) => {
  expect(served(voice)).toMatchObject({ status: 'True', reason: 'AllFieldsServed' });
});

test('a speech engine that the runtime lacks is told, with those that it has', () => {
  const { reason, message } = served({ engine: 'kokoro' });
  expect(reason).toBe('EngineNotFound');
  expect(message).toContain('no speech engine "kokoro", but default, premium. default speaks');
});

test('that there is no such runtime is left to the condition that says so', () => {
  expect(served({ engine: 'kokoro' }, null)).toMatchObject({ status: 'True' });
});
