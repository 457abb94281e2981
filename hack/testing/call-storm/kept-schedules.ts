import type { Schedule } from './schedule.ts';

/** Schedules that the runtime once did not weather, by what went wrong then. */
export const KEPT: Readonly<Record<string, Schedule>> = {
  'an answer that is presumed by one pod and told to another, about when Redis is emptied': {
    carrier: 'realistic',
    webhooks: { copies: 5, jitterMs: 50 },
    person: 'answers',
    calls: [
      { atMs: 768, tenant: 0, script: { kind: 'Talks' }, digitsAtMs: [3_650, 2_434] },
      { atMs: 2_235, tenant: 4, script: { kind: 'Talks' }, digitsAtMs: [] },
      { atMs: 790, tenant: 4, script: { kind: 'Talks' }, digitsAtMs: [3_838] },
    ],
    faults: [{ do: 'EmptyRedis', atMs: 6_535 }],
  },
  'a conversation that ends while Redis is away, and whose stream is asked for again before that is stored': {
    carrier: 'hostile',
    webhooks: { copies: 1, jitterMs: 0 },
    person: 'busy',
    calls: [
      { atMs: 1_525, tenant: 1, script: { kind: 'Talks' }, digitsAtMs: [1_984, 2_862] },
      { atMs: 1_400, tenant: 4, script: { kind: 'Interrupts' }, digitsAtMs: [] },
      {
        atMs: 680,
        tenant: 0,
        script: { kind: 'TalksAndLeaves', afterMs: 8_633 },
        digitsAtMs: [3_258, 3_387],
      },
    ],
    faults: [
      { do: 'CutAll', forMs: 1_000, how: 'Silent', atMs: 8_354 },
      { do: 'LoseWebhooks', event: '*', times: 1, atMs: 7_441 },
      { do: 'KillRedis', forMs: 2_000, atMs: 6_556 },
    ],
  },
  'a call that is told of again while Redis is away, to the pod that had stored more of it before': {
    carrier: 'fast',
    webhooks: { copies: 6, jitterMs: 2_000 },
    person: 'busy',
    calls: [
      { atMs: 2_802, tenant: 2, script: { kind: 'Talks' }, digitsAtMs: [2_618] },
      { atMs: 2_051, tenant: 1, script: { kind: 'TalksAndLeaves', afterMs: 6_869 }, digitsAtMs: [3_256] },
      { atMs: 2_494, tenant: 1, script: { kind: 'Talks' }, digitsAtMs: [3_081] },
    ],
    faults: [
      { do: 'BreakSockets', times: 2, atMs: 8_660 },
      { do: 'StallStreams', how: 'stopReading', times: 2, atMs: 7_491 },
      { do: 'CutAll', forMs: 1_000, how: 'Refused', atMs: 8_691 },
      { do: 'EmptyRedis', atMs: 4_993 },
    ],
  },
  'a pod that is killed as soon as it has brought its call back to an emptied Redis': {
    carrier: 'fast',
    webhooks: { copies: 1, jitterMs: 0 },
    person: 'answers',
    calls: [{ atMs: 1_619, tenant: 1, script: { kind: 'Talks' }, digitsAtMs: [2_041] }],
    faults: [
      { do: 'EmptyRedis', atMs: 2_787 },
      { do: 'BreakSockets', times: 1, atMs: 904 },
      { do: 'KillPod', seat: 1, backAfterMs: 4_000, atMs: 6_139 },
      { do: 'FailOverRedis', lostMs: 100, atMs: 239 },
      { do: 'KillPod', seat: 0, backAfterMs: 4_000, atMs: 3_125 },
    ],
  },
  'a caller who hangs up before it can be presumed that the call was answered, of which no webhook tells': {
    carrier: 'realistic',
    webhooks: { copies: 2, jitterMs: 500 },
    person: 'busy',
    calls: [
      { atMs: 1_786, tenant: 0, script: { kind: 'Talks' }, digitsAtMs: [3_525] },
      { atMs: 2_716, tenant: 2, script: { kind: 'Talks' }, digitsAtMs: [743, 469] },
      {
        atMs: 2_453,
        tenant: 4,
        script: { kind: 'SilentAndLeaves', afterMs: 3_147 },
        digitsAtMs: [2_971, 3_500],
      },
    ],
    faults: [
      { do: 'FailOverRedis', lostMs: 500, atMs: 7_297 },
      { do: 'LoseWebhooks', event: '*', times: 2, atMs: 3_225 },
    ],
  },
  'a caller who hangs up before another pod has the call of one that was killed': {
    carrier: 'realistic',
    webhooks: { copies: 1, jitterMs: 0 },
    person: 'answers',
    calls: [
      { atMs: 1_927, tenant: 0, script: { kind: 'TalksAndLeaves', afterMs: 8_014 }, digitsAtMs: [] },
      { atMs: 1_955, tenant: 2, script: { kind: 'Talks' }, digitsAtMs: [2_295] },
      { atMs: 1_876, tenant: 1, script: { kind: 'Talks' }, digitsAtMs: [1_515] },
    ],
    faults: [
      { do: 'LoseWebhooks', event: '*', times: 1, atMs: 3_322 },
      { do: 'KillPod', seat: 0, backAfterMs: 4_000, atMs: 7_443 },
      { do: 'StallStreams', how: 'stopReading', times: 1, atMs: 393 },
      { do: 'Throttle', requestsPerSecond: 3, forMs: 1_000, atMs: 8_782 },
      { do: 'FailCommands', how: 'loseReply', times: 2, atMs: 3_560 },
    ],
  },
};
