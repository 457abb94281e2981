import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { fuzzRuns, fuzzSeed } from '#hack/testing/fuzz-runs.ts';
import { RUNTIME } from '#hack/testing/operator-bench.ts';
import type { OperatorProgram } from '#hack/testing/operator-program.ts';
import { ProgramBench } from '#hack/testing/program-bench.ts';
import { differences } from '#hack/testing/storm/oracle.ts';
import { type Step, step } from '#hack/testing/storm/steps.ts';
import { Storm } from '#hack/testing/storm/storm.ts';

/** Longer soaks: `FUZZ_RUNS=100 make test VITEST_FLAGS=operator/convergence`. */
const RUNS = fuzzRuns(2);
/** Bounds for a machine that has much else to do: a storm takes half a minute where it has not. */
const RUN_TIMEOUT_MS = 300_000;
const SETTLE = { timeout: 120_000, interval: 250 };
const SET_UP_TIMEOUT_MS = 180_000;

/** Storms that the operator once did not weather, by what it did wrong. */
const KEPT: readonly (readonly [string, readonly Step[]])[] = [
  [
    'a rollout of before is not shown of a VoiceRuntime that became External',
    [
      {
        do: 'applyRuntime',
        look: { mode: 'Managed', replicas: 1, hears: 'Speaches', hasVolume: false },
      },
      { do: 'fault', fault: { kind: 'answer', status: 503 }, on: 'writes', after: 2, times: 1 },
      { do: 'silenceWatches' },
      { do: 'vandaliseRuntime', pick: 3, how: 'edit' },
      { do: 'wait', ms: 800 },
      {
        do: 'applyRuntime',
        look: { mode: 'External', replicas: 0, hears: 'Speaches', hasVolume: true },
      },
    ],
  ],
];

const LOOK = {
  displayName: 'Acme',
  plan: 'Professional',
  isSuspended: false,
  answers: true,
  hasViewer: true,
} as const;
const BEGINNING: readonly Step[] = [0, 1, 2].map((tenant) => ({ do: 'applyTenant', tenant, look: LOOK }));

let programs: ProgramBench;
let operator: OperatorProgram;
let storms = 0;

beforeAll(async () => {
  programs = await ProgramBench.open();
  operator = await programs.start();
  await vi.waitFor(() => programs.bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready'), SETTLE);
}, SET_UP_TIMEOUT_MS);

afterAll(() => programs.close());

/** Lets the steps happen, and then asks for the world that they asked for, and for a pass without a write. */
async function weather(steps: readonly Step[]): Promise<void> {
  storms += 1;
  const storm = new Storm(programs, operator, storms);
  const converges = () =>
    vi.waitFor(async () => expect(await differences(programs.bench, storm.model)).toEqual([]), SETTLE);
  const bringDown = async () => {
    await storm.calm();
    await storm.wishes.deleteAll();
    operator = storm.operators.newest;
  };
  try {
    for (const one of BEGINNING) await storm.take(one);
    await converges();
    for (const one of steps) await storm.take(one);
    await storm.calm();
    await converges();
    expect(await storm.operators.anotherPass()).toEqual([]);
    await storm.wishes.vandaliseAll();
    await converges();
  } catch (error) {
    // The next storm wants a calm world; what went wrong in this one matters more than a failure to get there.
    await bringDown().catch(() => undefined);
    throw error;
  }
  await bringDown();
  await converges();
}

test.each(KEPT)('%s', (_what, steps) => weather(steps), RUN_TIMEOUT_MS);

test(
  'whatever happens, the world is then what was asked for, and a further pass writes nothing',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30, size: 'max' }), weather),
      // Each try takes half a minute, so nothing is shrunk: the failure prints its steps and its seed.
      { ...fuzzSeed(), numRuns: RUNS, endOnFailure: true },
    );
  },
  RUNS * RUN_TIMEOUT_MS,
);
