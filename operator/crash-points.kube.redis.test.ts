import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { WRITE_METHODS } from '#hack/testing/fault-rules.ts';
import { fuzzRuns } from '#hack/testing/fuzz-runs.ts';
import { RUNTIME } from '#hack/testing/operator-bench.ts';
import type { OperatorProgram } from '#hack/testing/operator-program.ts';
import { ProgramBench } from '#hack/testing/program-bench.ts';
import { differences } from '#hack/testing/storm/oracle.ts';
import { Storm } from '#hack/testing/storm/storm.ts';

/**
 * Operators that are killed right before, or right after, a write of a tenant's and its numbers' lives,
 * one after another, until the life is over.
 */
let programs: ProgramBench;
let operator: OperatorProgram;

/** Each operator's writes before it is killed; one of them in a soak, so that every write is such a point. */
const STRIDE = fuzzRuns(0) > 0 ? 1 : 4;
/** More than a life has; a bound for one that would not end. */
const MOST_KILLS = 200;
const PHASE_TIMEOUT_MS = STRIDE === 1 ? 600_000 : 120_000;
const SETTLE = { timeout: PHASE_TIMEOUT_MS, interval: 100 };
const LOOK = {
  displayName: 'Acme',
  plan: 'Professional',
  isSuspended: false,
  answers: true,
  hasViewer: true,
} as const;

beforeAll(async () => {
  programs = await ProgramBench.open();
  operator = await programs.start();
  await programs.bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
});

afterAll(() => programs.close());

/** Kills each operator at its STRIDE-th write; the next takes over at once. `end` resolves to the kills. */
function killAgainAndAgain(kind: 'drop' | 'loseReply'): { end: () => Promise<number> } {
  let kills = 0;
  let isOver = false;
  let underWay = Promise.resolve();
  const takeOver = async () => {
    await programs.expireLease(await programs.lease());
    operator = await programs.start();
  };
  const arm = () => {
    programs.proxy.rules.add({
      methods: WRITE_METHODS,
      path: /^(?!.*\/(leases|events))/,
      fault: { kind },
      // The same point for both: the last write that is made is the STRIDE-th.
      after: kind === 'drop' ? STRIDE : STRIDE - 1,
      onStrike: async () => {
        kills += 1;
        const killed = operator.kill();
        underWay = killed.then(takeOver);
        await killed;
        if (!isOver && kills < MOST_KILLS) arm();
      },
    });
  };
  arm();
  return {
    async end() {
      isOver = true;
      programs.proxy.rules.clear();
      await underWay;
      return kills;
    },
  };
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

    const birth = killAgainAndAgain(kind);
    await storm.take({ do: 'applyTenant', tenant: 0, look: LOOK });
    await vi.waitFor(async () => {
      await storm.take({ do: 'applyNumber', tenant: 0, number: 0, isRouted: true });
      await storm.take({ do: 'applyNumber', tenant: 0, number: 1, isRouted: true });
      expect(storm.model[0]?.numbers.every((number) => number.wanted !== undefined)).toBe(true);
    }, SETTLE);
    await converges();
    const killsAtBirth = await birth.end();
    await converges();

    const end = killAgainAndAgain(kind);
    await storm.deleteAll();
    await converges();
    const killsAtEnd = await end.end();

    // A tenant and two numbers have a dozen writes and more, each way.
    expect(killsAtBirth).toBeGreaterThan(2);
    expect(killsAtEnd).toBeGreaterThan(0);
    expect(killsAtBirth + killsAtEnd).toBeLessThan(MOST_KILLS);
  },
  2 * PHASE_TIMEOUT_MS,
);
