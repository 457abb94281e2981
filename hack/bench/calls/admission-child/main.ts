/**
 * Decides about thousands of calls through the runtime's own admission on a real Redis, and sends as many bare
 * scripts in between, in a process of its own. Reads REDIS_URL and writes what it measured to the file RESULT.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { PROJECTED_FIELDS, podKeys } from '#crds/projection/keys.ts';
import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis } from '#lib/redis/connect-redis.ts';
import { mastersOf } from '#lib/redis/servers.ts';
import { Admission } from '#runtime/admission/admission.ts';
import { AwayStore } from '#runtime/admission/away-store.ts';
import { MonthUsage } from '#runtime/admission/month-usage.ts';
import { PodSlots } from '#runtime/admission/pod-slots.ts';
import { Routing } from '#runtime/admission/routing.ts';
import { CallAdvancer } from '#runtime/call/advance.ts';
import { RecentCalls } from '#runtime/keep/recent-calls.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { inParallel } from '../../raw-pool.ts';
import { LONG_INTERVIEW, NUMBERS, projectTenants, RUNTIME } from '../tenants.ts';

export interface AdmissionResult {
  /** Commands to Redis that a decision takes. */
  readonly roundTrips: number;
  readonly rounds: readonly { readonly decisionsPerSecond: number; readonly rawPerSecond: number }[];
}

const DECISIONS = 3_000;
const IN_FLIGHT = 32;
const ROUNDS = 5;
const MAX_DURATION_MS = 3_600_000;
const POD = 'runtime-0';
/** The pod's one heartbeat counts as fresh for longer than this runs. */
const AHEAD_MS = 3_600_000;

const url = process.env['REDIS_URL'] ?? '';
const redis = await connectRedis({ url, name: 'admission', log: silentLogger });
const raw = new Redis(url);
await projectTenants(redis, LONG_INTERVIEW);
await announcePod();
const admission = createAdmission();
const counted = countCommands();
const rounds: AdmissionResult['rounds'][number][] = [];
let decided = 0;
await decide(DECISIONS / 10);
const sent = counted();
await decide(DECISIONS / 10);
const roundTrips = (counted() - sent) / (DECISIONS / 10);
const sha = (await raw.script('LOAD', 'return ARGV[1]')) as string;
for (let round = 0; round < ROUNDS; round += 1) {
  rounds.push({
    decisionsPerSecond: await perSecond(() => decide(DECISIONS)),
    rawPerSecond: await perSecond(sendBare),
  });
}
const result: AdmissionResult = { roundTrips, rounds };
writeFileSync(process.env['RESULT'] ?? '', JSON.stringify(result));
process.exit(0);

async function perSecond(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (DECISIONS * 1_000) / (performance.now() - startMs);
}

async function decide(count: number): Promise<void> {
  await inParallel(count, IN_FLIGHT, async () => {
    const index = decided++;
    const { outcome } = await admission.admit({
      eventID: randomUUID(),
      carrierCallID: `v3:${index}`,
      from: '+13125550111',
      to: NUMBERS[index % NUMBERS.length]?.number ?? '',
      occurredAtMs: Date.now(),
    });
    if (outcome !== 'Admitted') throw new Error(`a call was answered with ${outcome}`);
  });
}

async function sendBare(): Promise<void> {
  await inParallel(DECISIONS, IN_FLIGHT, async (index) => {
    for (let trip = 0; trip < Math.round(roundTrips); trip += 1) {
      await raw.evalsha(sha, 1, `bare:{${index}}`, 'value');
    }
  });
}

function createAdmission(): Admission {
  const log = silentLogger;
  const clock = systemClock;
  const usage = new MonthUsage(redis, clock, log);
  const metrics = createRuntimeMetrics(createRegistry('bench'));
  const kept = { tail: new LedgerTail(metrics), recent: new RecentCalls() };
  const away = () => false;
  const store = new AwayStore({ redis, clock, ...kept, usage, away, pod: 'bench', liveOf: () => [], log });
  return new Admission({
    runtime: RUNTIME,
    maxDurationMs: MAX_DURATION_MS,
    routing: new Routing({ redis, log, away, clock }),
    slots: new PodSlots({ redis, clock, runtime: RUNTIME }),
    store,
    away,
    advancer: new CallAdvancer(store, metrics),
    clock,
  });
}

/** A pod with room for all. */
async function announcePod(): Promise<void> {
  const at = Date.now() + AHEAD_MS;
  const heartbeat: PodHeartbeat = {
    pod: POD,
    runtime: RUNTIME,
    state: 'Serving',
    mediaURL: 'ws://127.0.0.1:1',
    slots: DECISIONS * ROUNDS * 2,
    calls: 0,
    at,
  };
  await redis.zadd(podKeys.runtimePods(RUNTIME), at, POD);
  await redis.hset(podKeys.pod(RUNTIME, POD), PROJECTED_FIELDS.value, JSON.stringify(heartbeat));
}

/** What tells how many commands were sent so far. */
function countCommands(): () => number {
  let commands = 0;
  for (const server of mastersOf(redis)) {
    const send = server.sendCommand.bind(server);
    server.sendCommand = (...command) => {
      commands += 1;
      return send(...command);
    };
  }
  return () => commands;
}
