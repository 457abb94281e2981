import { randomUUID } from 'node:crypto';
import { append, callEvents } from '#apiserver/testing/ledger-events.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { type BenchOutcome, whole } from '../bench-outcome.ts';
import { distributionOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';
import { expected, signUp } from './people.ts';

const TARGET_MS = 1_000;
/** Each has a call a second, so this many calls end a second, evenly spread. */
const TENANTS = 20;
const PERIOD_MS = 1_000;
/** A 99th percentile needs many calls: so many times the seconds of a round of `read`. */
const ROUNDS_LONG = 5;
const TURNS = 10;
/** What is told when a call is over: lead, end and usage. */
const LAST_EVENTS = 3;
const LOOK_EVERY_MS = 5;

interface Times {
  readonly visibleMs: number[];
  readonly readMs: number[];
}

/**
 * How long a call that ended takes to be in its tenant's usage: from when its hang-up was due to be told to Redis, as a
 * runtime pod tells it, to the end of the first `GET /api/admin/usage` that counts it.
 */
export async function usageBench({ site, config, say }: BenchContext): Promise<BenchOutcome> {
  const callsEach = config.SECONDS * ROUNDS_LONG;
  say(`${TENANTS} tenants sign up, and ${TENANTS * callsEach} calls end`);
  const readers = [];
  for (let count = 0; count < TENANTS; count += 1) {
    const { tenantID, logIn } = await signUp(site.api.url, `${randomUUID()}@example.com`);
    readers.push({ url: site.api.url, tenantID, token: await logIn() });
  }
  const times: Times = { visibleMs: [], readMs: [] };
  const redis = await connectRedis({ url: site.redisURL, name: 'bench', log: silentLogger });
  try {
    const beginsAtMs = performance.now() + PERIOD_MS;
    const lanes = readers.map((reader, lane) => {
      const firstAtMs = beginsAtMs + (lane * PERIOD_MS) / TENANTS;
      return endCalls(reader, redis, { firstAtMs, calls: callsEach, times });
    });
    await Promise.all(lanes);
  } finally {
    await disconnectRedis(redis);
  }
  const visible = distributionOf(times.visibleMs);
  const read = distributionOf(times.readMs);
  return {
    rows: [
      {
        what: `hang-up told to Redis → the call is in \`GET /api/admin/usage\`, ${TENANTS} calls a second`,
        target: `p99 ≤ ${whole(TARGET_MS)} ms`,
        measured:
          `p50 ${whole(visible.p50)} ms, p99 ${whole(visible.p99)} ms of ${whole(visible.count)}; ` +
          `one of those requests alone p50 ${whole(read.p50)} ms, p99 ${whole(read.p99)} ms`,
        isMet: visible.p99 <= TARGET_MS,
      },
    ],
    figures: { visible, read },
  };
}

interface Reader {
  readonly url: string;
  readonly tenantID: string;
  readonly token: string;
}

/** One call after the other ends on time, also where the one before came to be seen late: that counts, too. */
async function endCalls(
  reader: Reader,
  redis: Redis,
  { firstAtMs, calls, times }: { readonly firstAtMs: number; readonly calls: number; readonly times: Times },
): Promise<void> {
  for (let call = 1; call <= calls; call += 1) {
    const events = callEvents({ tenantID: reader.tenantID, turns: TURNS });
    await append(redis, events.slice(0, -LAST_EVENTS));
    const dueAtMs = firstAtMs + (call - 1) * PERIOD_MS;
    await pause(dueAtMs - performance.now());
    await append(redis, events.slice(-LAST_EVENTS));
    while ((await readCalls(reader, times)) < call) await pause(LOOK_EVERY_MS);
    times.visibleMs.push(performance.now() - dueAtMs);
  }
}

async function readCalls({ url, token }: Reader, { readMs }: Times): Promise<number> {
  const askedAtMs = performance.now();
  const reply = await fetch(`${url}/api/admin/usage`, { headers: { authorization: `Bearer ${token}` } });
  const { usage } = (await expected(reply, 200)) as { usage: { call_count: number } };
  readMs.push(performance.now() - askedAtMs);
  return usage.call_count;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
