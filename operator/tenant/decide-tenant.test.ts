import { describe, expect, test } from 'vitest';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { invalidSpec, rowsKept, runtimeVerdict, tenantReady, tenantStatus } from './decide-tenant.ts';

const identity = { name: 'acme', id: '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19' };
const tenant = tenantSchema.parse({
  apiVersion: 'veralux.io/v1alpha1',
  kind: 'Tenant',
  metadata: { name: 'acme', generation: 3 },
  spec: { displayName: 'Acme', plan: 'Free', assistant: {}, recording: {}, transcripts: {} },
});
const fine = { type: 'NamespaceReady', status: 'True', reason: 'NamespaceReady', message: '' } as const;

describe('Ready of a tenant', () => {
  test('is True when everything is', () => {
    expect(tenantReady(tenant, [fine])).toMatchObject({ status: 'True', reason: 'Ready' });
  });

  test('names the first that is not', () => {
    const failing = {
      type: 'ProfileProjected',
      status: 'False',
      reason: 'StaleFence',
      message: 'late',
    } as const;
    expect(tenantReady(tenant, [fine, failing])).toMatchObject({
      status: 'False',
      reason: 'Failed',
      message: 'ProfileProjected: late',
    });
  });

  test('says Progressing for what passes by itself', () => {
    expect(tenantReady(tenant, [runtimeVerdict('a/b', undefined)])).toMatchObject({ reason: 'Failed' });
    const runtime = { apiVersion: 'x', kind: 'VoiceRuntime', metadata: { name: 'b' } };
    expect(tenantReady(tenant, [runtimeVerdict('a/b', runtime)])).toMatchObject({ reason: 'Progressing' });
  });

  test('is False while the tenant is suspended, with the reasons', () => {
    const suspensions = [{ reason: 'Billing' as const, message: 'unpaid' }, { reason: 'Manual' as const }];
    const suspended = { ...tenant, spec: { ...tenant.spec, suspensions } };
    expect(tenantReady(suspended, [fine])).toMatchObject({
      reason: 'Suspended',
      message: 'Calls are declined. Billing: unpaid; Manual',
    });
  });
});

test('kept rows are named with whose they were and how to take them over', () => {
  const data = { tenantID: identity.id, name: 'older', deletedAt: '2026-01-01T00:00:00Z' };
  const record = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data };
  const { reason, message } = rowsKept('acme', identity.id, record);
  expect(reason).toBe('IdTaken');
  expect(message).toContain('Tenant older, deleted at 2026-01-01T00:00:00Z');
  expect(message).toContain('kubectl annotate tenant acme veralux.io/adopt-data=true');
});

test('a time zone that does not exist is named', () => {
  expect(invalidSpec({ timeZone: 'America/Chicago' })).toBeUndefined();
  expect(invalidSpec({ timeZone: 'America/Nowhere' })).toMatchObject({ reason: 'InvalidSpec' });
});

test('the status shows the plan’s limits, Unlimited by name, for the generation that was judged', () => {
  const onPrem = {
    ...tenant,
    spec: { ...tenant.spec, plan: 'OnPrem' as const, limits: { phoneNumbers: 4 } },
  };
  const status = tenantStatus({
    tenant: onPrem,
    id: identity.id,
    phoneNumbers: 2,
    namespaceUID: 'an-uid',
    secrets: undefined,
    verdicts: [fine],
    nowMs: 0,
  });
  expect(status).toMatchObject({
    observedGeneration: 3,
    tenantID: identity.id,
    namespace: 'tenant-acme',
    phoneNumbers: 2,
    limits: { callsPerMonth: 'Unlimited', phoneNumbers: 4 },
  });
});
