import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { Instance } from '#hack/local/instance.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { StormConfig } from './config.ts';
import { breachesIn } from './invariants.ts';
import { arbitrarySchedule, type Schedule } from './schedule.ts';
import { Storm } from './storm.ts';
import { StormWorld } from './world.ts';

export interface StormPlace {
  readonly instance: Instance;
  readonly out: { write(text: string): unknown };
  /** The folder in which each schedule that failed is kept. */
  readonly failures: string;
}

/** One schedule after another, each by its own seed; resolves to the process's status. */
export async function runStorms(config: StormConfig, place: StormPlace): Promise<number> {
  const { out } = place;
  const storms = new Storms(config, place);
  const given = config.SCHEDULE === undefined ? undefined : readSchedule(config.SCHEDULE);
  const failed: string[] = [];
  try {
    for (let run = 0; run < config.RUNS; run += 1) {
      const seed = config.SEED + run;
      const name = given === undefined ? `SEED=${seed}` : `SCHEDULE=${config.SCHEDULE}`;
      const startMs = systemClock.monotonic();
      const failure = given === undefined ? await storms.bySeed(seed) : await storms.try(given);
      const tookSeconds = Math.round((systemClock.monotonic() - startMs) / 1_000);
      const outcome = failure ? 'FAILED' : 'held';
      out.write(`${run + 1}/${config.RUNS} ${name}: ${outcome} after ${tookSeconds} s: ${storms.latest}\n`);
      if (!failure) continue;
      failed.push(name);
      const file = join(place.failures, `${seed}.json`);
      mkdirSync(place.failures, { recursive: true });
      writeFileSync(file, `${JSON.stringify(failure, undefined, 2)}\n`);
      out.write(`${failure.breaches.map((breach) => `  ${breach}\n`).join('')}  again: SCHEDULE=${file}\n`);
    }
  } finally {
    await storms.close();
  }
  out.write(`${config.RUNS - failed.length} of ${config.RUNS} schedules held\n`);
  return failed.length === 0 ? 0 : 1;
}

/** A schedule that did not hold, as it is kept in a file. */
interface Failure {
  readonly breaches: readonly string[];
  readonly schedule: Schedule;
}

class Storms {
  readonly #config: StormConfig;
  readonly #place: StormPlace;
  readonly #arbitrary: fc.Arbitrary<Schedule>;
  #world: StormWorld | undefined;
  /** The schedule that was tried last, in a line. */
  latest = '';

  constructor(config: StormConfig, place: StormPlace) {
    this.#config = config;
    this.#place = place;
    this.#arbitrary = arbitrarySchedule({
      maxCalls: config.MAX_CALLS,
      lastsMs: config.LASTS_SECONDS * 1_000,
      maxFaults: config.MAX_FAULTS,
      carriers: config.CARRIERS,
      hasSilent: true,
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
    this.#world ??= await StormWorld.open({ instance: instance.directory, pods, otherRelease });
    const evidence = await new Storm(this.#world, schedule).run();
    const breaches = breachesIn(evidence, { limitMs, unreportedLimitMs });
    if (breaches.length === 0) return undefined;
    await this.close();
    return { breaches, schedule };
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

function readSchedule(path: string): Schedule {
  const { schedule } = JSON.parse(readFileSync(path, 'utf8')) as { schedule: Schedule };
  return schedule;
}
