import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HEARTBEAT_PERIOD_MS } from '#crds/projection/pod-heartbeat.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import type { AdvanceRequest } from '#runtime/call/advance.ts';
import type { CallRecord, StoredCall } from '#runtime/call/call-record.ts';
import { createRuntimeMetrics, type RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { admitted, answered, attached, run } from '#runtime/testing/call-life.ts';
import { type HeldCalls, heldCallsRoute } from './held-calls.ts';
import type { SilentPod } from './pod-registry.ts';
import { PodWatch } from './pod-watch.ts';

const SECRET = 's'.repeat(32);
/** Of tenants in different shards. */
const TENANTS = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'] as const;
const CALLS = ['10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000002'] as const;

let clock: FakeClock;
let servers: Server[];
/** The calls as they are stored; all have a slot of pod b. */
let records: CallRecord[];
let silent: SilentPod[];
let held: HeldCalls;
let presentForMs: number;
/** Whether this pod may look after a silent one now. */
let claims: boolean;
let lostAt: string[];
let driven: string[];
let kept: string[];
let forgotten: string[];
let released: string[];
/** Tenants whose shard is away. */
let away: string[];
/** What a command to the carrier takes. */
let carriedOut: Promise<void>;
/** What a look at the silent pods takes. */
let lookMs: number;
let metrics: RuntimeMetrics;

beforeEach(() => {
  clock = new FakeClock();
  servers = [];
  records = [recordOf(0), recordOf(1)];
  silent = [];
  held = new Map();
  presentForMs = HEARTBEAT_PERIOD_MS;
  claims = true;
  [lostAt, driven, kept, forgotten, released, away] = [[], [], [], [], [], []];
  lookMs = 0;
  metrics = createRuntimeMetrics(createRegistry('test'));
  carriedOut = Promise.resolve();
});

afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** A call that pod b talks to. */
function recordOf(index: 0 | 1, change: Partial<CallRecord> = {}): CallRecord {
  const { call } = run(admitted, answered(), attached);
  if (!call) throw new Error('no call');
  return { ...call.record, tenantID: TENANTS[index], callID: CALLS[index], pod: 'b', ...change };
}

const generation = (): number => records[0]?.generation ?? 0;

function watch(pod = 'a'): PodWatch {
  const load = async ({ tenantID, callID }: { tenantID: string; callID: string }) => {
    if (away.includes(tenantID)) throw new Error('its shard is away');
    const record = records.find((one) => one.callID === callID);
    return { version: 1, call: record && ({ record, conversation: undefined } satisfies StoredCall) };
  };
  const advance = async ({ ref, event }: AdvanceRequest) => {
    const { call, version } = await load(ref);
    if (!call || event.kind !== 'ownerLost') throw new Error(`not expected: ${event.kind}`);
    lostAt.push(`${ref.callID} at ${event.pod}`);
    return { outcome: 'Stored', call, version } as const;
  };
  return new PodWatch({
    pod,
    registry: {
      silent: async () => {
        await clock.advance(lookMs);
        return silent;
      },
      claim: async () => claims,
      keep: async (name) => void kept.push(name),
      forget: async (name) => void forgotten.push(name),
    },
    slots: {
      callsOn: async (name) => (name === 'b' ? records : []),
      release: async (name, { callID }) => void released.push(`${callID} at ${name}`),
    },
    store: { load },
    advancer: { advance },
    driver: {
      drive: ({ record }) => {
        driven.push(record.callID);
        return carriedOut;
      },
    },
    redisWatch: {
      get presentForMs() {
        return presentForMs;
      },
    },
    held: () => held,
    callTokenSecret: SECRET,
    log: silentLogger,
    clock,
    metrics,
  });
}

/** Pod b misses its heartbeats. `holds`: it answers all the same, and holds these; else nobody is there. */
async function goSilent({
  holds,
  address,
}: {
  holds?: HeldCalls;
  address?: string | undefined;
}): Promise<void> {
  const last = {
    pod: 'b',
    runtime: 'r',
    state: 'Serving',
    mediaURL: 'ws://b',
    slots: 9,
    calls: 2,
    at: 0,
  } as const;
  const route = heldCallsRoute({
    callTokenSecret: SECRET,
    clock,
    pod: 'b',
    held: () => holds ?? new Map(),
    hasRedis: () => false,
  });
  const server = createServer(route).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  if (!holds) await new Promise((resolve) => server.close(resolve));
  silent = [{ name: 'b', last: { ...last, address: address ?? `http://127.0.0.1:${port}` } }];
}

describe('a pod that misses its heartbeats', () => {
  test('and says that it holds its calls keeps them', async () => {
    await goSilent({ holds: new Map(CALLS.map((callID) => [callID, generation()])) });
    await watch().look();
    expect({ lostAt, kept, forgotten }).toEqual({ lostAt: [], kept: ['b'], forgotten: [] });
  });

  test('loses those that it says it does not hold, or holds of an earlier stream', async () => {
    await goSilent({ holds: new Map([[CALLS[0], generation() - 1]]) });
    await watch().look();
    expect(lostAt).toEqual(CALLS.map((callID) => `${callID} at b`));
    expect(driven.toSorted()).toEqual([...CALLS]);
    expect({ kept, forgotten }).toEqual({ kept: ['b'], forgotten: [] });
  });

  test('is not asked for calls whose stream is on its way to it, where it answers', async () => {
    records = [recordOf(0, { state: 'attaching' })];
    await goSilent({ holds: new Map() });
    await watch().look();
    expect(lostAt).toEqual([]);
  });

  test('and is not there any more loses all of them, of every shard, and its slots of others', async () => {
    const [elsewhere] = [recordOf(1, { pod: 'c' })];
    records = [recordOf(0, { state: 'attaching' }), elsewhere];
    await goSilent({});
    await watch().look();
    expect(lostAt).toEqual([`${CALLS[0]} at b`]);
    expect(released).toEqual([`${CALLS[1]} at b`]);
    expect(forgotten).toEqual([]);
    // Once the other call has gone on, too, nothing is left of it.
    records = [elsewhere];
    await watch().look();
    expect(forgotten).toEqual(['b']);
  });

  test('loses the calls of shards that are there, and is remembered for those of one that is away', async () => {
    expect(shardOf(TENANTS[0])).not.toBe(shardOf(TENANTS[1]));
    away = [TENANTS[0]];
    await goSilent({});
    await watch().look();
    expect(lostAt).toEqual([`${CALLS[1]} at b`]);
    expect(forgotten).toEqual([]);
    away = [];
    await watch().look();
    expect(lostAt).toContain(`${CALLS[0]} at b`);
  });

  test('and never said where it can be asked is believed to be there', async () => {
    await goSilent({});
    silent = silent.map(({ name, last }) => ({ name, last: last && { ...last, address: undefined } }));
    await watch().look();
    expect({ lostAt, kept, forgotten }).toEqual({ lostAt: [], kept: [], forgotten: [] });
  });

  test('of which nothing is known any more is gone', async () => {
    silent = [{ name: 'b', last: undefined }];
    await watch().look();
    expect(lostAt).toHaveLength(2);
  });

  test('is looked after by one other at a time', async () => {
    claims = false;
    await goSilent({});
    await watch().look();
    expect(lostAt).toEqual([]);
  });
});

describe('nobody is believed to be silent', () => {
  test('before Redis has been back for as long as a heartbeat takes', async () => {
    await goSilent({});
    presentForMs = HEARTBEAT_PERIOD_MS - 1;
    await watch().look();
    expect(lostAt).toEqual([]);
    presentForMs = HEARTBEAT_PERIOD_MS;
    await watch().look();
    expect(lostAt).toHaveLength(2);
  });

  test('by a pod that stood still before it read the answer', async () => {
    await goSilent({});
    lookMs = 600;
    await watch().look();
    expect(lostAt).toEqual([]);
  });
});

describe('a pod that was started again', () => {
  test('asks for the calls that it held before, and for no others, every five seconds', async () => {
    held = new Map([[CALLS[1], records[1]?.generation ?? 0]]);
    const restarted = watch('b');
    await restarted.look();
    expect(lostAt).toEqual([`${CALLS[0]} at b`]);
    await clock.advance(4_900);
    await restarted.look();
    expect(lostAt).toHaveLength(1);
    await clock.advance(200);
    await restarted.look();
    expect(lostAt).toHaveLength(2);
  });

  test('does not look after itself as after another', async () => {
    await goSilent({});
    records = [];
    await watch('b').look();
    expect(forgotten).toEqual([]);
  });
});

test('a pod tells how many calls have a slot on it in each state, and none of those that are gone from it', async () => {
  held = new Map([['10000000-0000-4000-8000-000000000003', 1]]);
  records = [recordOf(0, { state: 'attaching' }), recordOf(1, { state: 'handed-over' })];
  const pod = watch('b');
  await pod.look();
  const { values } = await metrics.callsByState.get();
  expect(values.flatMap(({ labels, value }) => (value > 0 ? [[labels.state, value]] : []))).toEqual([
    ['attaching', 1],
    ['talking', 1],
  ]);
  records = [];
  await clock.advance(5_000);
  await pod.look();
  expect((await metrics.callsByState.get()).values).toContainEqual({
    labels: { state: 'attaching' },
    value: 0,
  });
});

test('no call of a full pod waits until the commands for others are carried out', async () => {
  const ids = Array.from(
    { length: 50 },
    (_, index) => `10000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  );
  records = ids.map((callID) => ({ ...recordOf(0), callID }));
  carriedOut = new Promise(() => undefined);
  await goSilent({});
  await watch().look();
  expect(driven).toEqual(ids);
});
