/** The queues of background work. Jobs carry ids only: what they act on is read when they run. */
export const PROVISION_TENANT = 'provision-tenant';

/**
 * `heartbeatSeconds`: the job of a worker that was killed runs again after this long. Retries go on,
 * from 1 s apart to 30 s, for as long as the job is kept: a cluster may be away for days.
 */
export const JOB_QUEUES = [
  {
    name: PROVISION_TENANT,
    retryLimit: 1_000_000,
    retryDelay: 1,
    retryBackoff: true,
    retryDelayMax: 30,
    heartbeatSeconds: 10,
    expireInSeconds: 60,
    retentionSeconds: 90 * 24 * 60 * 60,
    deleteAfterSeconds: 24 * 60 * 60,
  },
] as const;
