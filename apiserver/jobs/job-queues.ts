/** The queues of background work. Jobs carry ids only: what they act on is read when they run. */
export const PROVISION_TENANT = 'provision-tenant';
export const SEND_MAIL = 'send-mail';
export const ERASE_CALLER = 'erase-caller';

const KEPT_SECONDS = 90 * 24 * 60 * 60;

/** The queue of the jobs of `queue` that were refused. Nobody works on it: people look at it. */
export function refusedQueueOf(queue: string): string {
  return `${queue}-refused`;
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
] as const;
