import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { WRITE_METHODS } from '#hack/testing/fault-rules.ts';
import { RUNTIME, type Shown } from '#hack/testing/operator-bench.ts';
import type { OperatorProgram } from '#hack/testing/operator-program.ts';
import { ProgramBench } from '#hack/testing/program-bench.ts';

/** A bound for a machine that has much else to do; what is waited for mostly comes at once. */
const PATIENCE = { timeout: 60_000, interval: 100 };
const TEST_TIMEOUT_MS = 240_000;

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

/** One that holds the lease; no other may hold or want it. */
async function startLeader(): Promise<OperatorProgram> {
  const program = await start();
  await vi.waitFor(async () => expect(await leads(program)).toBe(true), PATIENCE);
  return program;
}

async function leads(program: OperatorProgram): Promise<boolean> {
  const samples = await program.metrics();
  return samples.some(({ name, value }) => name === 'leader_election_master_status' && value === 1);
}

async function readyTenant(name: string): Promise<Shown> {
  await programs.bench.applyTenant(name, {});
  return vi.waitFor(() => programs.bench.until(TENANT, { name }, 'Ready', 'Ready'), PATIENCE);
}

function nextTerm(before: Shown | undefined): number {
  return Number(before?.spec?.['leaseTransitions'] ?? -1) + 1;
}

describe('of two operators', { timeout: TEST_TIMEOUT_MS }, () => {
  test('that start at once exactly one acts, under a greater term than before', async () => {
    const before = await programs.lease();
    const both = await Promise.all([start(), start()]);
    await vi.waitFor(async () => expect(await Promise.all(both.map(leads))).toContain(true), PATIENCE);
    await vi.waitFor(() => programs.bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready'), PATIENCE);
    await readyTenant('lead-both');
    expect((await Promise.all(both.map(leads))).filter(Boolean)).toHaveLength(1);
    const worked = await Promise.all(
      both.map(async (program) =>
        (await program.metrics()).some(
          ({ name, value }) => name === 'controller_runtime_reconcile_total' && value > 0,
        ),
      ),
    );
    expect(worked.filter(Boolean)).toHaveLength(1);
    expect(Number((await programs.lease())?.spec?.['leaseTransitions'])).toBe(nextTerm(before));
  });

  test('the one that ends gives its lease back, so that the one that waits need not wait for its end', async () => {
    const first = await startLeader();
    const before = await programs.lease();
    await start();
    await first.end();
    const after = await programs.lease();
    expect(after?.spec?.['holderIdentity']).not.toBe(before?.spec?.['holderIdentity']);
    expect(await programs.untilLeaseMoves(before)).toBe(nextTerm(before));
  });

  test('the one that is killed is followed when its lease is over', async () => {
    const first = await startLeader();
    const before = await programs.lease();
    await start();
    await first.kill();
    expect(await programs.untilLeaseMoves(before)).toBe(nextTerm(before));
    await readyTenant('lead-killed');
  });

  test('the one that stood still beyond its lease ends without one more write when it wakes', async () => {
    const first = await startLeader();
    const tenant = await readyTenant('lead-frozen');
    const before = await programs.lease();
    const second = await start();
    first.freeze();
    // What it would do next if it were not fenced: work waits for it on its connections.
    await programs.bench.applyTenant('lead-frozen', { displayName: 'while it slept' });
    await programs.untilLeaseMoves(before);
    await vi.waitFor(
      async () =>
        expect(await programs.bench.profileOf(tenant)).toMatchObject({ displayName: 'while it slept' }),
      PATIENCE,
    );
    expect(await second.isQuiet(PATIENCE.timeout)).toBe(true);
    // From here on everything to be done is done by the second; the first has a change to act on, and
    // may look at its lease but write nothing else.
    await second.end();
    programs.proxy.forget();
    await programs.bench.applyTenant('lead-frozen', { displayName: 'nobody acts' });
    first.thaw();
    expect(await first.hasExited()).toBe(true);
    expect(programs.proxy.writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
    expect(await programs.bench.profileOf(tenant)).toMatchObject({ displayName: 'while it slept' });
  });

  test('the one that stood still between the claim of a number and its order buys nothing when it wakes', async () => {
    const first = await startLeader();
    await readyTenant('lead-order');
    const before = await programs.lease();
    const second = await start();
    // It stands still before it hears that the number is claimed; what comes next is the order.
    programs.proxy.rules.add({
      methods: ['POST'],
      path: /\/configmaps/,
      fault: { kind: 'delay', delayMs: 0 },
      onStrike: () => first.freeze(),
    });
    const ref = { namespace: 'tenant-lead-order', name: 'main' };
    await programs.bench.apply(PHONE_NUMBER, ref, {
      spec: { search: { countryCode: 'US', areaCode: '415' }, routing: { workflow: 'lead' } },
    });
    await programs.untilLeaseMoves(before);
    await vi.waitFor(() => programs.bench.until(PHONE_NUMBER, ref, 'Ready', 'Ready'), PATIENCE);
    expect(await second.isQuiet(PATIENCE.timeout)).toBe(true);
    const asked = carrierWrites().length;
    first.thaw();
    expect(await first.hasExited()).toBe(true);
    expect(carrierWrites().slice(asked)).toEqual([]);
    expect(programs.bench.ordersFor(ref)).toHaveLength(1);
    expect(await leads(second)).toBe(true);
  });
});

function carrierWrites(): readonly string[] {
  return programs.bench.telnyx.control
    .requests()
    .filter(({ method }) => WRITE_METHODS.includes(method))
    .map(({ method, path }) => `${method} ${path}`);
}
