/** The queues of background work. Jobs carry ids only: what they act on is read when they run. */
export const PROVISION_TENANT = 'provision-tenant';

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
] as const;
