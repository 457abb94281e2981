import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { RUNTIME, WAIT } from '#hack/testing/operator-bench.ts';
import type { OperatorProgram } from '#hack/testing/operator-program.ts';
import { ProgramBench } from '#hack/testing/program-bench.ts';

/** Two operators as processes: whoever holds the lease acts, and nobody else does. */
let programs: ProgramBench;
let running: OperatorProgram[] = [];

beforeAll(async () => {
  programs = await ProgramBench.open();
});

afterEach(async () => {
  await Promise.all(running.map((program) => program.end()));
  running = [];
});

afterAll(() => programs.close());

async function start(): Promise<OperatorProgram> {
  const program = await programs.start();
  running.push(program);
  return program;
}

async function leads(program: OperatorProgram): Promise<boolean> {
  const samples = await program.metrics();
  return samples.some(({ name, value }) => name === 'leader_election_master_status' && value === 1);
}

describe('of two operators', () => {
  test('that start at once exactly one acts, under a greater term than before', async () => {
    const term = Number((await programs.lease())?.spec?.['leaseTransitions'] ?? -1);
    const both = await Promise.all([start(), start()]);
    await vi.waitFor(async () => expect(await Promise.all(both.map(leads))).toContain(true), WAIT);
    await programs.bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
    await programs.bench.applyTenant('lead-both', {});
    await programs.bench.until(TENANT, { name: 'lead-both' }, 'Ready', 'Ready');
    expect((await Promise.all(both.map(leads))).filter(Boolean)).toHaveLength(1);
    const worked = await Promise.all(
      both.map(async (program) =>
        (await program.metrics()).some(
          ({ name, value }) => name === 'controller_runtime_reconcile_total' && value > 0,
        ),
      ),
    );
    expect(worked.filter(Boolean)).toHaveLength(1);
    expect(Number((await programs.lease())?.spec?.['leaseTransitions'])).toBe(term + 1);
  }, 60_000);

  test('the one that ends gives its lease back, so that the one that waits need not wait for its end', async () => {
    const first = await start();
    const before = await programs.lease();
    await start();
    await first.end();
    const after = await programs.lease();
    expect(after?.spec?.['holderIdentity']).not.toBe(before?.spec?.['holderIdentity']);
    expect(await programs.untilLeaseMoves(before)).toBe(Number(before?.spec?.['leaseTransitions']) + 1);
  }, 60_000);

  test('the one that is killed is followed when its lease is over', async () => {
    const first = await start();
    const before = await programs.lease();
    await start();
    await first.kill();
    const term = await programs.untilLeaseMoves(before);
    expect(term).toBe(Number(before?.spec?.['leaseTransitions']) + 1);
    await programs.bench.applyTenant('lead-killed', {});
    await programs.bench.until(TENANT, { name: 'lead-killed' }, 'Ready', 'Ready');
  }, 60_000);

  test('the one that stood still beyond its lease ends without one more write when it wakes', async () => {
    const first = await start();
    await programs.bench.applyTenant('lead-frozen', {});
    const tenant = await programs.bench.until(TENANT, { name: 'lead-frozen' }, 'Ready', 'Ready');
    const before = await programs.lease();
    const second = await start();
    first.freeze();
    // What it would do next if it were not fenced: work waits for it on its connections.
    await programs.bench.applyTenant('lead-frozen', { displayName: 'while it slept' });
    await programs.untilLeaseMoves(before);
    await vi.waitFor(
      async () =>
        expect(await programs.bench.profileOf(tenant)).toMatchObject({ displayName: 'while it slept' }),
      WAIT,
    );
    expect(await second.isQuiet(10_000)).toBe(true);
    // From here on everything to be done is done by the second; the first has a change to act on, and
    // may look at its lease but write nothing else.
    await second.end();
    programs.proxy.forget();
    await programs.bench.applyTenant('lead-frozen', { displayName: 'nobody acts' });
    first.thaw();
    expect(await first.hasExited()).toBe(true);
    expect(programs.proxy.writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(await programs.bench.profileOf(tenant)).toMatchObject({ displayName: 'while it slept' });
  }, 90_000);
});
