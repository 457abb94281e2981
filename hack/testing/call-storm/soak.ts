import { readdirSync } from 'node:fs';
import { processUsage } from '#hack/bench/process-usage.ts';
import type { Samples } from '#hack/bench/prometheus-text.ts';
import type { Instance } from '#hack/local/instance.ts';
import { CallLoad } from '#hack/standins/telnyx/calls/call-load.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { StormConfig } from './config.ts';
import { LedgerReader } from './ledger-reader.ts';
import { lows, rise, type Sample, slopePerHour } from './slope.ts';
import { STORM_TENANTS } from './tenants.ts';
import { StormWorld } from './world.ts';

const SAMPLE_MS = 5_000;
/** Left out at the beginning: code is compiled, pools and caches fill. */
const WARM_UP_SHARE = 1 / 3;
const LASTS_MS = [5_000, 30_000] as const;
const RAMP_MS = 10_000;
/** In which each pod collects its garbage at least once. */
const STRETCH_MS = 60_000;
/** What an hour of steady load may add to what one pod uses: code that is still being compiled, for one. */
const MAX_MB_PER_HOUR = 20;
/** One in a hundred calls of a pod that were not given back, in half an hour. */
const MAX_HANDLES = 5;

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

/** By pod: what its objects and buffers use and all its memory, in MB, and its handles besides calls, every few seconds. */
async function sampleUntil(world: StormWorld, over: AbortSignal): Promise<ReadonlyMap<string, PodSamples>> {
  const samples = new Map<string, PodSamples>();
  const startMs = systemClock.monotonic();
  while (!over.aborted) {
    for (const seat of world.occupied()) {
      const { pod, pid } = seat;
      const page = await seat.metrics();
      if (pod === undefined || pid === undefined || page === undefined) continue;
      const of = samples.get(pod) ?? { usedMB: [], rssMB: [], handles: [] };
      samples.set(pod, of);
      const atMs = systemClock.monotonic() - startMs;
      of.usedMB.push({ atMs, value: usedMB(page) });
      of.rssMB.push({ atMs, value: processUsage(pid).rssMB });
      // A call has a socket; what is left over is the pod's own.
      const own = readdirSync(`/proc/${pid}/fd`).length - page.sum('veralux_calls');
      of.handles.push({ atMs, value: own });
    }
    world.ledger.forget();
    await systemClock.sleep(SAMPLE_MS, over).catch(() => undefined);
  }
  return samples;
}

function usedMB(page: Samples): number {
  return (page.sum('nodejs_heap_size_used_bytes') + page.sum('nodejs_external_memory_bytes')) / 1_000_000;
}

interface PodSamples {
  readonly usedMB: Sample[];
  readonly rssMB: Sample[];
  readonly handles: Sample[];
}

/** Whether what is used and handles are flat. All its memory follows that by steps and with a delay, and is only told. */
function report(
  pod: string,
  { usedMB, rssMB, handles }: PodSamples,
  out: { write(text: string): unknown },
): boolean {
  const leastUsed = lows(usedMB, STRETCH_MS);
  const used = slopePerHour(leastUsed, WARM_UP_SHARE);
  const opened = rise(handles);
  const flat = used <= MAX_MB_PER_HOUR && opened <= MAX_HANDLES;
  out.write(
    `${pod}: ${leastUsed.at(-1)?.value.toFixed(0)} MB used (${used.toFixed(1)} MB/h), ` +
      `${handles.at(-1)?.value} handles (${opened} more at least than before), ${rssMB.at(-1)?.value.toFixed(0)} MB in all: ` +
      `${flat ? 'flat' : 'NOT FLAT'}\n`,
  );
  return flat;
}
