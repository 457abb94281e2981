import { readdirSync } from 'node:fs';
import { processUsage } from '#hack/bench/process-usage.ts';
import type { Instance } from '#hack/local/instance.ts';
import { CallLoad } from '#hack/standins/telnyx/calls/call-load.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { StormConfig } from './config.ts';
import { LedgerReader } from './ledger-reader.ts';
import { type Sample, slopePerHour } from './slope.ts';
import { STORM_TENANTS } from './tenants.ts';
import { StormWorld } from './world.ts';

const SAMPLE_MS = 5_000;
/** Left out at the beginning: code is compiled, pools and caches fill. */
const WARM_UP_SHARE = 1 / 3;
const LASTS_MS = [5_000, 30_000] as const;
const RAMP_MS = 10_000;
/** What an hour of steady load may add to one pod; below it is what the collector leaves lying about. */
const MAX_MB_PER_HOUR = 20;
const MAX_HANDLES_PER_HOUR = 10;

/** Calls come and go, nothing goes wrong, and the pods' memory and handles stay as they are. Resolves to a status. */
export async function soak(
  config: StormConfig,
  instance: Instance,
  out: { write(text: string): unknown },
): Promise<number> {
  const world = await StormWorld.open({
    instance: instance.directory,
    processes: instance.processes,
    pods: config.PODS,
    // What is in Postgres the pods need not hold: else their memory would grow by every call.
    openLedger: (redisURL) => new LedgerReader(redisURL, { commits: true }),
  });
  const over = AbortSignal.timeout(config.SOAK_MINUTES * 60_000);
  try {
    const load = new CallLoad({
      target: world.carrier.control,
      clock: systemClock,
      numbers: STORM_TENANTS.filter(isUnlimited).map(({ number }) => number),
      caller: { kind: 'talks', startAfterMs: 300, talkMs: 900, silenceMs: 2_000, waitsForMs: 500 },
    });
    const calls = load.keepUp({ calls: config.SOAK_CALLS, lastsMs: LASTS_MS, withinMs: RAMP_MS }, over);
    const samples = await sampleUntil(world, over);
    await calls;
    out.write(`${load.ids.length} calls in ${config.SOAK_MINUTES} min on ${config.PODS} pods\n`);
    return [...samples].map(([pod, taken]) => report(pod, taken, out)).every(Boolean) ? 0 : 1;
  } finally {
    await world.close();
  }
}

function isUnlimited({ concurrentCalls, callsInSchedule }: (typeof STORM_TENANTS)[number]): boolean {
  return concurrentCalls === 'Unlimited' && callsInSchedule === 'Unlimited';
}

/** By pod: memory in MB and handles, every few seconds. */
async function sampleUntil(world: StormWorld, over: AbortSignal): Promise<ReadonlyMap<string, PodSamples>> {
  const samples = new Map<string, PodSamples>();
  const startMs = systemClock.monotonic();
  while (!over.aborted) {
    for (const { pod, pid } of world.occupied()) {
      if (pod === undefined || pid === undefined) continue;
      const of = samples.get(pod) ?? { rssMB: [], handles: [] };
      samples.set(pod, of);
      const atMs = systemClock.monotonic() - startMs;
      of.rssMB.push({ atMs, value: processUsage(pid).rssMB });
      of.handles.push({ atMs, value: readdirSync(`/proc/${pid}/fd`).length });
    }
    world.ledger.forget();
    await systemClock.sleep(SAMPLE_MS, over).catch(() => undefined);
  }
  return samples;
}

interface PodSamples {
  readonly rssMB: Sample[];
  readonly handles: Sample[];
}

/** Whether both are flat. */
function report(pod: string, { rssMB, handles }: PodSamples, out: { write(text: string): unknown }): boolean {
  const memory = slopePerHour(rssMB, WARM_UP_SHARE);
  const opened = slopePerHour(handles, WARM_UP_SHARE);
  const flat = memory <= MAX_MB_PER_HOUR && opened <= MAX_HANDLES_PER_HOUR;
  out.write(
    `${pod}: ${rssMB.at(-1)?.value.toFixed(0)} MB (${memory.toFixed(1)} MB/h), ` +
      `${handles.at(-1)?.value} handles (${opened.toFixed(1)}/h): ${flat ? 'flat' : 'NOT FLAT'}\n`,
  );
  return flat;
}
