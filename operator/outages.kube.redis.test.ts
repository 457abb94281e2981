import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { conditionOf, RUNTIME, type Shown, WAIT } from '#hack/testing/operator-bench.ts';
import type { OperatorProgram } from '#hack/testing/operator-program.ts';
import { ProgramBench } from '#hack/testing/program-bench.ts';
import { mastersOf } from '#lib/redis/servers.ts';

/** What the operator stands on goes away and comes back. */
let programs: ProgramBench;
let operator: OperatorProgram;

beforeAll(async () => {
  programs = await ProgramBench.open();
});

afterEach(() => operator.end());
afterAll(() => programs.close());

async function startWith(tenant: string, options: { leaseSeconds?: number } = {}): Promise<Shown> {
  operator = await programs.start(options);
  await programs.bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
  await programs.bench.applyTenant(tenant, {});
  return programs.bench.until(TENANT, { name: tenant }, 'Ready', 'Ready');
}

/** Watches that failed while the API server started are opened again after at most 30 s. */
const WAIT_FOR_WATCHES = { ...WAIT, timeout: 45_000 };

async function untilProfile(tenant: Shown, profile: object | undefined): Promise<void> {
  await vi.waitFor(async () => {
    const found = await programs.bench.profileOf(tenant);
    if (profile === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(profile);
  }, WAIT_FOR_WATCHES);
}

async function listsAfterExpiry(): Promise<number> {
  const samples = await operator.metrics();
  return samples
    .filter(({ name, labels }) => name === 'informer_lists_total' && labels.includes('Expired'))
    .reduce((sum, { value }) => sum + value, 0);
}

describe('while the API server', () => {
  test('compacts its history beyond an interrupted watch, nothing that happened meanwhile is missed', async () => {
    // A busy machine may start an API server no sooner than a lease of 15 s ends, and with it the operator.
    const changed = await startWith('out-changed', { leaseSeconds: 120 });
    const deleted = await add('out-deleted');
    await programs.proxy.pause();
    await programs.bench.applyTenant('out-changed', { displayName: 'changed meanwhile' });
    await programs.bench.applyTenant('out-new', {});
    await programs.bench.admin.delete(TENANT, { name: 'out-deleted' });
    await programs.bench.cluster.compact();
    // What it had in memory of the history is gone with the process.
    await programs.bench.cluster.restartAPIServer();
    await programs.proxy.resume();
    await untilProfile(changed, { displayName: 'changed meanwhile' });
    await programs.bench.until(TENANT, { name: 'out-new' }, 'Ready', 'Ready');
    await untilProfile(deleted, undefined);
    await vi.waitFor(
      async () => expect(await programs.bench.admin.get(TENANT, { name: 'out-deleted' })).toBeUndefined(),
      WAIT_FOR_WATCHES,
    );
    expect(await listsAfterExpiry()).toBeGreaterThan(0);
  }, 150_000);

  test('is away for longer than the lease, the operator ends with a reason and goes on when started again', async () => {
    const tenant = await startWith('out-away');
    await programs.proxy.pause();
    expect(await operator.hasExited()).toBe(true);
    const log = readFileSync(operator.logPath, 'utf8');
    expect(log).toContain('lease_lost');
    expect(log).not.toMatch(/unhandled|uncaught/i);
    await programs.bench.applyTenant('out-away', { displayName: 'changed meanwhile' });
    await programs.proxy.resume();
    operator = await programs.start();
    await untilProfile(tenant, { displayName: 'changed meanwhile' });
  }, 90_000);
});

async function add(tenant: string): Promise<Shown> {
  await programs.bench.applyTenant(tenant, {});
  return programs.bench.until(TENANT, { name: tenant }, 'Ready', 'Ready');
}

describe('when Redis', () => {
  test('fails over to a replica that missed writes, all of it is written again', async () => {
    const tenant = await startWith('out-failover');
    const gone = await add('out-failover-gone');
    const replica = await programs.bench.testRedis.replicate();
    await replica.cutOff();
    await programs.bench.applyTenant('out-failover', { displayName: 'the replica missed this' });
    await untilProfile(tenant, { displayName: 'the replica missed this' });
    await programs.bench.admin.delete(TENANT, { name: 'out-failover-gone' });
    await untilProfile(gone, undefined);
    await replica.failOver();
    await vi.waitFor(() => programs.bench.reportPod(), WAIT);
    await untilProfile(tenant, { displayName: 'the replica missed this' });
    await untilProfile(gone, undefined);
  }, 60_000);

  test('hangs, a runtime stays as it was and says so, and no error is logged over it', async () => {
    await startWith('out-hangs');
    await Promise.all(mastersOf(programs.bench.redis).map((server) => server.client('PAUSE', 12_000)));
    const shown = await programs.bench.until(VOICE_RUNTIME, RUNTIME, 'Available', 'RedisUnavailable');
    expect(conditionOf(shown, 'Available')).toMatchObject({ status: 'True' });
    expect(conditionOf(shown, 'Ready')).toMatchObject({ status: 'True' });
    expect(shown.status).toMatchObject({ replicas: 1, readyReplicas: 1 });
    await programs.bench.until(VOICE_RUNTIME, RUNTIME, 'Available', 'PodsServing');
    const log = readFileSync(operator.logPath, 'utf8');
    expect(log).toContain('heartbeats of pods can be read again');
    expect(log).not.toMatch(/"level":(50|60|"error"|"fatal")/);
  }, 120_000);

  test('comes back empty, all of it is written again', async () => {
    const tenant = await startWith('out-empty');
    await programs.bench.testRedis.restartEmpty();
    await vi.waitFor(() => programs.bench.reportPod(), WAIT);
    await untilProfile(tenant, { name: 'out-empty' });
    await vi.waitFor(
      async () => expect(await programs.bench.redis.get(projectionKeys.epoch())).not.toBeNull(),
      WAIT,
    );
  }, 60_000);
});
