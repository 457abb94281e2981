import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { type ProxiedRequest, WRITE_METHODS } from '#hack/testing/fault-rules.ts';
import { fuzzRuns } from '#hack/testing/fuzz-runs.ts';
import { RUNTIME } from '#hack/testing/operator-bench.ts';
import type { OperatorProgram } from '#hack/testing/operator-program.ts';
import { ProgramBench } from '#hack/testing/program-bench.ts';
import { differences } from '#hack/testing/storm/oracle.ts';
import { Storm } from '#hack/testing/storm/storm.ts';

/**
 * Operators that are killed right before, or right after, a write of the lives of a tenant, its numbers,
 * a shared Secret and a VoiceRuntime with an engine, one after another, until the lives are over.
 */
let programs: ProgramBench;
let operator: OperatorProgram;

/** Each operator's writes before it is killed; one of them in a soak, so that every write is such a point. */
const STRIDE = fuzzRuns(0) > 0 ? 1 : 6;
/** More than a life has; a bound for one that would not end. */
const MOST_KILLS = 200;
const LOOK_MS = 40;
/** A new operator for each kill; a bound for a machine that has much else to do. */
const PHASE_TIMEOUT_MS = STRIDE === 1 ? 900_000 : 300_000;
const SET_UP_TIMEOUT_MS = 180_000;
const SETTLE = { timeout: PHASE_TIMEOUT_MS, interval: 100 };
const LOOK = {
  displayName: 'Acme',
  plan: 'Professional',
  isSuspended: false,
  answers: true,
  hasViewer: true,
} as const;
const SECRET_LOOK = { token: 'one', type: 'Opaque', isShared: true } as const;
const RUNTIME_LOOK = { mode: 'Managed', replicas: 1, hears: 'Speaches', hasVolume: true } as const;

beforeAll(async () => {
  programs = await ProgramBench.open();
  operator = await programs.start();
  await vi.waitFor(() => programs.bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready'), SETTLE);
}, SET_UP_TIMEOUT_MS);

afterAll(() => programs.close());

/**
 * Lives through `life` while the operator that runs is killed at its STRIDE-th write, and another started,
 * again and again. Then one acts; resolves to the kills.
 */
async function killingThroughout(kind: 'drop' | 'loseReply', life: () => Promise<void>): Promise<number> {
  let kills = 0;
  let mayKill = true;
  const over = new AbortController();
  let strike = Promise.resolve();
  const killSenderOf = async (request: ProxiedRequest) => {
    await programs.killSenderOf(request);
    if (mayKill && kills < MOST_KILLS) arm();
  };
  const arm = () => {
    programs.proxy.rules.add({
      methods: WRITE_METHODS,
      path: /^(?!.*\/(leases|events))/,
      fault: { kind },
      // The same point for both: the last write that is made is the STRIDE-th.
      after: kind === 'drop' ? STRIDE : STRIDE - 1,
      endsClient: true,
      onStrike: (request) => {
        kills += 1;
        strike = killSenderOf(request);
        return strike;
      },
    });
  };
  const keepOneRunning = async () => {
    while (!over.signal.aborted || !operator.isRunning) {
      if (operator.isRunning) await sleep(LOOK_MS);
      else operator = await programs.start({ attempts: MOST_KILLS });
    }
  };
  arm();
  const running = keepOneRunning();
  try {
    await Promise.race([life(), running]);
  } finally {
    mayKill = false;
    programs.proxy.rules.clear();
    await strike;
    over.abort();
    await running;
  }
  return kills;
}

test.each([
  ['before', 'drop'],
  ['after', 'loseReply'],
] as const)(
  'operators killed right %s (%s) a write leave nothing undone and buy nothing twice',
  async (when, kind) => {
    const storm = new Storm(programs, operator, when === 'before' ? 1_001 : 1_002);
    const converges = () =>
      vi.waitFor(async () => expect(await differences(programs.bench, storm.model)).toEqual([]), SETTLE);

    const killsAtBirth = await killingThroughout(kind, async () => {
      await storm.take({ do: 'applyTenant', tenant: 0, look: LOOK });
      await storm.take({ do: 'applySecret', secret: 0, look: SECRET_LOOK });
      await storm.take({ do: 'applyRuntime', look: RUNTIME_LOOK });
      await vi.waitFor(async () => {
        await storm.take({ do: 'applyNumber', tenant: 0, number: 0, isRouted: true });
        await storm.take({ do: 'applyNumber', tenant: 0, number: 1, isRouted: true });
        expect(storm.model.tenants[0]?.numbers.every((number) => number.wanted !== undefined)).toBe(true);
      }, SETTLE);
      await converges();
      await storm.take({ do: 'rotateSecrets', tenant: 0 });
      await converges();
    });
    await converges();

    const killsAtEnd = await killingThroughout(kind, async () => {
      await storm.wishes.deleteAll();
      await converges();
    });

    // There are some forty writes at birth, and a dozen at the end.
    expect(killsAtBirth).toBeGreaterThan(2);
    expect(killsAtEnd).toBeGreaterThan(0);
    expect(killsAtBirth + killsAtEnd).toBeLessThan(MOST_KILLS);
  },
  2 * PHASE_TIMEOUT_MS,
);
