import type { TimedFault } from './faults.ts';
import type { CallPlan, Schedule } from './schedule.ts';

/** Between two calls of a schedule that are not to come at once. */
const EVERY_MS = 400;
/** By then a call that came at the beginning is in the middle of its conversation. */
const MID_CALL_MS = 4_000;

/**
 * Schedules of which each is about one thing that has to be shown, and not left to chance: what a carrier, a
 * network and a cluster do sooner or later. `SCHEDULE` takes their names.
 */
export const NAMED: Readonly<Record<string, Schedule>> = {
  'every-stream-breaks': schedule({
    calls: callers(4),
    faults: [MID_CALL_MS, 6_000, 7_000].map((atMs) => ({ do: 'BreakSockets', times: 3, atMs })),
  }),
  'callers-hang-up-while-the-agent-speaks': schedule({
    carrier: 'fast',
    calls: Array.from({ length: 8 }, (_, index) => ({
      ...caller(index, 200),
      script: { kind: 'SilentAndLeaves', afterMs: 300 + 100 * index },
    })),
    faults: [],
  }),
  'replies-to-commands-are-lost': schedule({
    calls: callers(4),
    faults: [0, 2_000, MID_CALL_MS, 6_000].map((atMs) => ({
      do: 'FailCommands',
      how: 'loseReply',
      times: 4,
      atMs,
    })),
  }),
  'commands-fail': schedule({
    calls: callers(4),
    faults: [0, 2_000, MID_CALL_MS, 6_000].map((atMs) => ({
      do: 'FailCommands',
      how: '503',
      times: 4,
      atMs,
    })),
  }),
  'webhooks-six-times-and-shuffled': schedule({
    calls: callers(6),
    webhooks: { copies: 6, jitterMs: 2_000 },
    faults: [{ do: 'LoseWebhooks', event: 'call.answered', times: 1, atMs: 0 }],
  }),
  'two-sockets-with-one-token': schedule({
    calls: callers(3),
    faults: [{ do: 'SpoilStreams', how: 'twin', times: 3, atMs: 0 }],
  }),
  'media-before-start': schedule({
    calls: callers(3),
    faults: [{ do: 'SpoilStreams', how: 'mediaBeforeStart', times: 3, atMs: 0 }],
  }),
  'clocks-off-by-five-seconds': schedule({
    calls: callers(4),
    faults: [
      ...[0, 1].map((seat) => ({ do: 'JumpClock', seat, atMs: 0 }) as const),
      { do: 'BreakSockets', times: 2, atMs: MID_CALL_MS },
      { do: 'JumpClock', seat: 0, atMs: 5_000 },
    ],
  }),
  'pods-stand-still': schedule({
    calls: callers(4),
    faults: [0, 1].map((seat) => ({ do: 'FreezePod', seat, atMs: 2_000 + seat * 6_000 })),
  }),
  'pods-are-killed': schedule({
    calls: callers(4),
    faults: [0, 1].map((seat) => ({ do: 'KillPod', seat, backAfterMs: 1_000, atMs: 3_000 + seat * 9_000 })),
  }),
  'rolling-restart': schedule({ calls: callers(4), faults: [{ do: 'ReplacePods', atMs: MID_CALL_MS }] }),
  'redis-out-of-reach-for-1-s': cut(1_000),
  'redis-out-of-reach-for-10-s': cut(10_000),
  'redis-out-of-reach-for-60-s': cut(60_000),
  'redis-dies-while-calls-end': schedule({
    calls: callers(4),
    faults: [{ do: 'KillRedis', forMs: 2_000, atMs: 6_500 }],
  }),
  'redis-is-emptied': schedule({ calls: callers(4), faults: [{ do: 'EmptyRedis', atMs: MID_CALL_MS }] }),
  'redis-fails-over': schedule({
    calls: callers(4),
    faults: [{ do: 'FailOverRedis', lostMs: 500, atMs: MID_CALL_MS }],
  }),
  'the-carrier-reports-nothing': schedule({
    carrier: 'hostile',
    calls: callers(4),
    faults: [
      { do: 'BreakSockets', times: 2, atMs: 3_000 },
      { do: 'KillPod', seat: 0, backAfterMs: 1_000, atMs: 5_000 },
    ],
  }),
  'many-resume-while-the-carrier-throttles': schedule({
    calls: Array.from({ length: 40 }, (_, index) => caller(index, 100)),
    faults: [
      { do: 'Throttle', requestsPerSecond: 10, forMs: 10_000, atMs: 6_500 },
      { do: 'KillPod', seat: 0, backAfterMs: 4_000, atMs: 7_000 },
    ],
  }),
};

function schedule(
  own: Pick<Schedule, 'calls' | 'faults'> & Partial<Pick<Schedule, 'carrier' | 'webhooks'>>,
): Schedule {
  return { carrier: 'realistic', webhooks: { copies: 1, jitterMs: 0 }, person: 'answers', ...own };
}

/** One pod is cut off without a word, and a while after it has Redis again, all are. */
function cut(forMs: number): Schedule {
  const faults: TimedFault[] = [
    { do: 'CutRedis', seat: 0, forMs, how: 'Silent', atMs: 2_000 },
    { do: 'CutAll', forMs, how: 'Refused', atMs: forMs + 4_000 },
  ];
  const late = [forMs + 3_000, forMs + 5_000].map((atMs, index) => ({ ...caller(index), atMs }));
  return schedule({ calls: [...callers(4), ...late], faults });
}

function callers(count: number): CallPlan[] {
  return Array.from({ length: count }, (_, index) => caller(index));
}

/** Led to the end of the conversation; every second one with a tenant whose callers are handed to a person. */
function caller(index: number, everyMs = EVERY_MS): CallPlan {
  return {
    atMs: index * everyMs,
    tenant: index % 2 === 0 ? 0 : 4,
    script: { kind: 'Talks' },
    digitsAtMs: [],
  };
}
