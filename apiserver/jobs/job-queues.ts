/** The queues of background work. Jobs carry ids only: what they act on is read when they run. */
export const PROVISION_TENANT = 'provision-tenant';
export const CLOSE_TENANT = 'close-tenant';
export const SEND_MAIL = 'send-mail';
export const ERASE_CALLER = 'erase-caller';
export const NOTIFY_BY_WEBHOOK = 'notify-by-webhook';
/** What the first attempt at a receiver has shown to be away waits here, so that it holds no place of the others. */
export const NOTIFY_AGAIN_BY_WEBHOOK = 'notify-again-by-webhook';
export const NOTIFY_BY_MAIL = 'notify-by-mail';

const KEPT_SECONDS = 90 * 24 * 60 * 60;

/** The queue of the jobs of `queue` that were refused. Nobody works on it: people look at it. */
export function refusedQueueOf(queue: string): string {
  return `${queue}-refused`;
}

/**
 * Of a notification. Its delivery says itself when it is given up, after a day: the job goes on for longer. Up to 10 min
 * apart, so that a receiver that is back has its notifications soon.
 */
const NOTIFYING = {
  retryLimit: 1_000,
  retryDelay: 5,
  retryBackoff: true,
  retryDelayMax: 10 * 60,
  heartbeatSeconds: 10,
  expireInSeconds: 60,
  retentionSeconds: KEPT_SECONDS,
  deleteAfterSeconds: 60 * 60,
} as const;

/** How many jobs of a queue one replica does at a time, and how many of them of one group. */
export interface Share {
  readonly atOnce: number;
  readonly atOnceOfGroup?: number;
  /** Between two looks of one place at the queue, for jobs that another replica sent or that are due again. */
  readonly pollingSeconds: number;
}

const DEFAULT_SHARE: Share = { atOnce: 4, pollingSeconds: 1 };

/**
 * Those of notifications wait for receivers most of the time; a tenant whose receiver is slow holds one place. A receiver
 * that dies holds one once, for the ten seconds that it has: 64 of them dying at once delay the others by that.
 */
const SHARES: Readonly<Record<string, Share>> = {
  [NOTIFY_BY_WEBHOOK]: { atOnce: 64, atOnceOfGroup: 1, pollingSeconds: 5 },
  [NOTIFY_AGAIN_BY_WEBHOOK]: { atOnce: 16, atOnceOfGroup: 1, pollingSeconds: 2 },
  [NOTIFY_BY_MAIL]: { atOnce: 8, atOnceOfGroup: 1, pollingSeconds: 1 },
};

export function shareOf(queue: string): Share {
  return SHARES[queue] ?? DEFAULT_SHARE;
}

/**
 * `heartbeatSeconds`: the job of a worker that was killed runs again after this long. Retries go on,
 * from 1 s apart to 30 s, for as long as the job is kept: a cluster may be away for days. A queue of
 * refused jobs comes before the queue that names it.
 */
export const JOB_QUEUES = [
  { name: refusedQueueOf(PROVISION_TENANT), retentionSeconds: KEPT_SECONDS },
  {
    name: PROVISION_TENANT,
    retryLimit: 1_000_000,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 30,
    heartbeatSeconds: 10,
    expireInSeconds: 60,
    retentionSeconds: KEPT_SECONDS,
    deleteAfterSeconds: 24 * 60 * 60,
    deadLetter: refusedQueueOf(PROVISION_TENANT),
  },
  { name: refusedQueueOf(CLOSE_TENANT), retentionSeconds: KEPT_SECONDS },
  {
    name: CLOSE_TENANT,
    retryLimit: 1_000_000,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 30,
    heartbeatSeconds: 10,
    expireInSeconds: 60,
    retentionSeconds: KEPT_SECONDS,
    deleteAfterSeconds: 24 * 60 * 60,
    deadLetter: refusedQueueOf(CLOSE_TENANT),
  },
  { name: refusedQueueOf(SEND_MAIL), retentionSeconds: KEPT_SECONDS },
  {
    name: SEND_MAIL,
    // For about a day, from 5 s apart to 15 min: by then nobody waits for the mail any more.
    retryLimit: 100,
    retryDelay: 5,
    retryBackoff: true,
    retryDelayMax: 15 * 60,
    heartbeatSeconds: 10,
    expireInSeconds: 60,
    retentionSeconds: KEPT_SECONDS,
    deleteAfterSeconds: 24 * 60 * 60,
    deadLetter: refusedQueueOf(SEND_MAIL),
  },
  { name: refusedQueueOf(ERASE_CALLER), retentionSeconds: KEPT_SECONDS },
  {
    name: ERASE_CALLER,
    retryLimit: 1_000_000,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 30,
    heartbeatSeconds: 10,
    // All calls of a tenant are looked through: a million take minutes.
    expireInSeconds: 60 * 60,
    retentionSeconds: KEPT_SECONDS,
    deleteAfterSeconds: 24 * 60 * 60,
    deadLetter: refusedQueueOf(ERASE_CALLER),
  },
  { name: refusedQueueOf(NOTIFY_BY_WEBHOOK), retentionSeconds: KEPT_SECONDS },
  { name: NOTIFY_BY_WEBHOOK, ...NOTIFYING, deadLetter: refusedQueueOf(NOTIFY_BY_WEBHOOK) },
  { name: refusedQueueOf(NOTIFY_AGAIN_BY_WEBHOOK), retentionSeconds: KEPT_SECONDS },
  { name: NOTIFY_AGAIN_BY_WEBHOOK, ...NOTIFYING, deadLetter: refusedQueueOf(NOTIFY_AGAIN_BY_WEBHOOK) },
  { name: refusedQueueOf(NOTIFY_BY_MAIL), retentionSeconds: KEPT_SECONDS },
  { name: NOTIFY_BY_MAIL, ...NOTIFYING, deadLetter: refusedQueueOf(NOTIFY_BY_MAIL) },
] as const;
