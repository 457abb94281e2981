import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { tenantSchema } from '../tenant/tenant.ts';
import { profileOf, tenantProfileSchema } from './tenant-profile.ts';

const TENANT_ID = '6f1d3c1e-8b0a-4f55-9d7e-2a4f6b8c0d1e';

function tenant(spec: object) {
  return tenantSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'Tenant',
    metadata: { name: 'acme' },
    spec: { displayName: 'Acme $& Sons', ...spec },
  });
}

describe('the tenant profile', () => {
  test('a Tenant of one line becomes a profile with every default filled in', () => {
    expect(profileOf(tenant({}), TENANT_ID)).toMatchObject({
      schemaVersion: 1,
      tenantID: TENANT_ID,
      name: 'acme',
      timeZone: 'UTC',
      language: 'en-US',
      plan: 'Free',
      runtime: 'veralux-system/shared',
      suspensions: [],
      limits: { callsPerMonth: 50, concurrentCalls: 2 },
      assistant: { disclosure: { enabled: true }, interruptions: { enabled: true } },
      recording: { enabled: false },
    });
  });

  test("the greeting has the company's name, with nothing in it taken as a pattern", () => {
    const greeting = '{company}, good day. This is {company}.';
    expect(profileOf(tenant({ assistant: { greeting } }), TENANT_ID).assistant.greeting).toBe(
      'Acme $& Sons, good day. This is Acme $& Sons.',
    );
  });

  test('a long company name in a long text leaves a profile that readers take', () => {
    const named = tenant({ displayName: 'N'.repeat(100), assistant: { greeting: '{company} '.repeat(50) } });
    expect(() => tenantProfileSchema.parse(profileOf(named, TENANT_ID))).not.toThrow();
    expect(profileOf(tenant({}), TENANT_ID).busy).toMatchObject({
      treatment: 'Reject',
      message: expect.stringContaining('Acme $& Sons'),
    });
  });

  test('the example with every field set survives the way through Redis', () => {
    const manifest: unknown = parse(
      readFileSync(new URL('../../examples/tenant-full.yaml', import.meta.url), 'utf8'),
    );
    const profile = profileOf(tenantSchema.parse(manifest), TENANT_ID);
    expect(tenantProfileSchema.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
  });

  test('a reader ignores what a newer operator writes', () => {
    const profile = profileOf(tenant({}), TENANT_ID);
    const newer = { ...profile, mood: 'sunny', assistant: { ...profile.assistant, dialect: 'Texan' } };
    expect(tenantProfileSchema.parse(newer)).toEqual(profile);
  });

  test('a reader fills in what an older operator did not write', () => {
    const { recording: _, ...older } = profileOf(tenant({}), TENANT_ID);
    expect(tenantProfileSchema.parse(older).recording).toEqual({ enabled: false, retentionDays: 30 });
  });
});
