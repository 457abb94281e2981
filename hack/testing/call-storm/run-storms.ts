import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { Instance } from '#hack/local/instance.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { StormConfig } from './config.ts';
import { type CallEvidence, isStrained } from './evidence.ts';
import { breachesIn } from './invariants.ts';
import { NAMED } from './named-schedules.ts';
import { arbitrarySchedule, type Schedule } from './schedule.ts';
import { Storm } from './storm.ts';
import { StormWorld } from './world.ts';

export interface StormPlace {
  readonly instance: Instance;
  readonly out: { write(text: string): unknown };
  /** The folder in which each schedule that failed is kept. */
  readonly failures: string;
}

/** Each schedule by its own seed, several side by side; resolves to the process's status. */
export async function runStorms(config: StormConfig, place: StormPlace): Promise<number> {
  const { out } = place;
  const runs = runsOf(config);
  const failed: string[] = [];
  let begun = 0;
  const worlds = Array.from({ length: Math.min(config.WORLDS, runs.length) }, async (_, world) => {
    const storms = new Storms(config, place, `world-${world}`);
    try {
      for (let run = runs[begun]; run; run = runs[begun]) {
        begun += 1;
        const number = begun;
        const { failure, line } = await runOne(storms, run);
        out.write(`${number}/${runs.length} ${line}\n`);
        if (!failure) continue;
        failed.push(run.name);
        keepFailure(failure, run.name, place);
      }
    } finally {
      await storms.close();
    }
  });
  await Promise.all(worlds);
  out.write(`${runs.length - failed.length} of ${runs.length} schedules held\n`);
  return failed.length === 0 ? 0 : 1;
}

/** One schedule that is to be run: given, or made from the seed. */
interface Run {
  readonly name: string;
  readonly seed: number;
  readonly given: Schedule | undefined;
}

function runsOf({ SCHEDULE, SEED, RUNS }: StormConfig): Run[] {
  const given = SCHEDULE === undefined ? [undefined] : schedulesOf(SCHEDULE);
  return Array.from({ length: RUNS }, (_, index) => SEED + index).flatMap((seed) =>
    given.map((one) => ({
      name: one ? `${one.name}-${seed}` : String(seed),
      seed,
      given: one?.schedule,
    })),
  );
}

async function runOne(storms: Storms, { name, seed, given }: Run) {
  const startMs = systemClock.monotonic();
  const failure = given === undefined ? await storms.bySeed(seed) : await storms.try(given);
  const tookSeconds = Math.round((systemClock.monotonic() - startMs) / 1_000);
  const held = storms.strained ? 'held, on a machine that was too busy for times to be judged,' : 'held';
  const outcome = failure ? 'FAILED' : held;
  return { failure, line: `${name}: ${outcome} after ${tookSeconds} s: ${storms.latest}` };
}

function keepFailure(failure: Failure, name: string, { out, failures }: StormPlace): void {
  const file = join(failures, `${name}.json`);
  mkdirSync(failures, { recursive: true });
  writeFileSync(file, `${JSON.stringify(failure, undefined, 2)}\n`);
  out.write(`${failure.breaches.map((breach) => `  ${breach}\n`).join('')}  again: SCHEDULE=${file}\n`);
}

/** A schedule that did not hold, as it is kept in a file. */
interface Failure {
  readonly breaches: readonly string[];
  readonly schedule: Schedule;
  /** What came of the calls that the breaches name: what was heard at the carrier, and what the ledger says. */
  readonly calls: readonly Pick<CallEvidence, 'callID' | 'carrier' | 'books'>[];
}

class Storms {
  readonly #config: StormConfig;
  readonly #place: StormPlace;
  readonly #name: string;
  readonly #arbitrary: fc.Arbitrary<Schedule>;
  #world: StormWorld | undefined;
  /** The schedule that was tried last, in a line. */
  latest = '';
  /** Whether it says nothing of how long things took. */
  strained = false;

  constructor(config: StormConfig, place: StormPlace, name: string) {
    this.#config = config;
    this.#place = place;
    this.#name = name;
    this.#arbitrary = arbitrarySchedule({
      maxCalls: config.MAX_CALLS,
      lastsMs: config.LASTS_SECONDS * 1_000,
      maxFaults: config.MAX_FAULTS,
      carriers: config.CARRIERS,
      hasSilent: config.SILENT_CALLERS,
      mix: {
        kinds: config.FAULTS,
        seats: config.PODS,
        cutsMs: config.CUT_SECONDS.map((seconds) => seconds * 1_000),
      },
    });
  }

  /** The schedule of a seed, or the least found below it that fails too; undefined where all held. */
  async bySeed(seed: number): Promise<Failure | undefined> {
    let least: Failure | undefined;
    let triesLeft = 1 + this.#config.SHRINK;
    const property = fc.asyncProperty(this.#arbitrary, async (schedule) => {
      fc.pre(triesLeft > 0);
      triesLeft -= 1;
      const failure = await this.try(schedule);
      if (!failure) return;
      least = failure;
      throw new Error(failure.breaches.join('\n'));
    });
    const endOnFailure = this.#config.SHRINK === 0;
    await fc.check(property, { seed, numRuns: 1, unbiased: true, endOnFailure });
    return least;
  }

  /** A world in which something went wrong is left for a new one. */
  async try(schedule: Schedule): Promise<Failure | undefined> {
    const { instance } = this.#place;
    const { PODS: pods, OTHER_RELEASE: otherRelease } = this.#config;
    const { SILENCE_MS: limitMs, UNREPORTED_SILENCE_MS: unreportedLimitMs } = this.#config;
    this.latest = summaryOf(schedule);
    this.#world ??= await StormWorld.open({
      instance: instance.directory,
      processes: instance.processes,
      name: this.#name,
      pods,
      otherRelease,
    });
    const evidence = await new Storm(this.#world, schedule).run();
    this.strained = isStrained(evidence);
    const breaches = breachesIn(evidence, { limitMs, unreportedLimitMs });
    if (breaches.length === 0) return undefined;
    await this.close();
    const calls = evidence.calls
      .filter(({ callID }) => breaches.some((breach) => breach.includes(callID)))
      .map(({ callID, carrier, books }) => ({ callID, carrier, books }));
    return { breaches, schedule, calls };
  }

  async close(): Promise<void> {
    const world = this.#world;
    this.#world = undefined;
    await world?.close();
  }
}

function summaryOf({ carrier, calls, faults, webhooks }: Schedule): string {
  const harms = faults.map((fault) => fault.do).join(', ') || 'no faults';
  return `${calls.length} calls, ${carrier} carrier, webhooks ${webhooks.copies} times, ${harms}`;
}

function schedulesOf(wanted: string): { readonly name: string; readonly schedule: Schedule }[] {
  const named = Object.entries(NAMED).map(([name, schedule]) => ({ name, schedule }));
  if (wanted === 'named') return named;
  return [named.find(({ name }) => name === wanted) ?? { name: 'given', schedule: readSchedule(wanted) }];
}

function readSchedule(path: string): Schedule {
  const { schedule } = JSON.parse(readFileSync(path, 'utf8')) as { schedule: Schedule };
  return schedule;
}
