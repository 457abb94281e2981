/** Decisions about call.initiated beside a bare client that sends Redis as many scripts, in turns, in one process. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Processes } from '#hack/local/processes.ts';
import { startRedis } from '#hack/local/redis.ts';
import { type BenchOutcome, percent, whole } from '../bench-outcome.ts';
import { medianOf } from '../distribution.ts';
import { REPOSITORY } from '../results.ts';
import type { AdmissionResult } from './admission-child/main.ts';
import type { BenchContext } from './bench-context.ts';

const CHILD_TIMEOUT_MS = 5 * 60_000;

export async function admissionBench({ instance, cpus, say }: BenchContext): Promise<BenchOutcome> {
  const directory = join(instance.data, 'admission');
  mkdirSync(directory);
  const processes = new Processes(instance.directory, { prefix: 'admission-' });
  const redis = await startRedis({ processes, directory });
  const resultPath = join(directory, 'result.json');
  say('decisions and bare scripts take turns');
  const child = await processes.start({
    name: 'child',
    command: 'taskset',
    args: ['--cpu-list', cpus.runtime, process.execPath, 'hack/bench/calls/admission-child/main.ts'],
    cwd: REPOSITORY,
    env: { REDIS_URL: redis.url, RESULT: resultPath, NODE_NO_WARNINGS: '1' },
  });
  await child.finished(CHILD_TIMEOUT_MS);
  const result = JSON.parse(readFileSync(resultPath, 'utf8')) as AdmissionResult;
  await processes.endAll();
  const decisions = medianOf(result.rounds.map(({ decisionsPerSecond }) => decisionsPerSecond));
  const raw = medianOf(result.rounds.map(({ rawPerSecond }) => rawPerSecond));
  return {
    rows: [
      {
        what: `admission: decisions a second · a bare client's, with the same ${result.roundTrips.toFixed(1)} round trips each`,
        measured: `${whole(decisions)}/s · ${whole(raw)}/s (${percent(decisions / raw)})`,
      },
    ],
    figures: { ...result },
  };
}
