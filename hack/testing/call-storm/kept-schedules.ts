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
};
