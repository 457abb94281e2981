import { Counter } from 'prom-client';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { Database } from '../database/database.ts';
import { type JobHandler, JobMoved, JobPostponed } from '../jobs/job-queue.ts';
import type { Message } from './message.ts';
import { deliveryJobSchema, type PendingDelivery, readPending } from './pending-delivery.ts';
import { readMessage } from './read-message.ts';

/**
 * What came of an attempt; Hopeless: it will be no better later. `error` is a word of ours or the code of what failed,
 * and never what a receiver said.
 */
export type Attempted =
  | { readonly kind: 'Delivered'; readonly status?: number }
  | { readonly kind: 'Failed' | 'Hopeless'; readonly error: string; readonly status?: number };

/** One way to tell somebody. */
export interface Channel {
  readonly name: 'Email' | 'Webhook';
  /** Why there is nobody to be told any more; undefined: there is. */
  readonly obstacle: (delivery: PendingDelivery) => string | undefined;
  /** Why it is not the time to tell them, in a word of ours; undefined: it is. */
  readonly pause: (delivery: PendingDelivery) => string | undefined;
  readonly send: (delivery: PendingDelivery, message: Message) => Promise<Attempted>;
}

export interface DeliverDeps {
  /** As the worker role. */
  readonly database: Database;
  readonly attempts: Counter;
  readonly log: Logger;
}

/** The queue that goes on with what the first attempt did not settle; the attempts of one queue alone postpone it. */
export interface FurtherAttempts {
  readonly queue: string;
}

/** As the first retry of a queue. */
const SECOND_ATTEMPT_SECONDS = 5;

export function countAttempts(registry: Registry): Counter {
  return new Counter({
    name: 'veralux_notification_attempts_total',
    help: 'Attempts to tell a tenant of something. Dead: given up, until people have it sent again.',
    labelNames: ['channel', 'outcome'],
    registers: [registry],
  });
}

/**
 * The job that makes a delivery: at least once, of what is in Postgres at that time. One that fails is tried again for
 * a day, and is dead then.
 *
 *   Pending ─▶ Delivered
 *           ─▶ Dead (hopeless, or a day over) ─▶ Pending, when people have it sent again
 */
export function deliveryJob(
  { database, attempts, log }: DeliverDeps,
  channel: Channel,
  further?: FurtherAttempts,
): JobHandler {
  return async (data) => {
    const delivery = await readPending(database, deliveryJobSchema.parse(data));
    if (delivery === undefined) return;
    const later = (why: string) => (further ? movedTo(further, delivery) : new JobPostponed(why));
    // Nobody knows whether it is there again: others are asked first.
    if (further && delivery.failures > 0) throw movedTo(further, delivery);
    const attempted = await attempt(database, channel, delivery);
    if (attempted === 'Paused') throw later('the receiver is left in peace');
    const state = await settle(database, delivery, attempted);
    const outcome = state === 'Pending' ? 'Failed' : state;
    attempts.inc({ channel: channel.name, outcome });
    const { tenantID, deliveryID } = delivery;
    const { kind: _, ...answer } = attempted;
    log.info({ tenantID, deliveryID, channel: channel.name, outcome, ...answer }, 'a notification was tried');
    if (state === 'Pending') throw later('the delivery failed and is tried again later');
  };
}

function movedTo({ queue }: FurtherAttempts, { tenantID }: PendingDelivery): JobMoved {
  return new JobMoved({ queue, group: tenantID, afterSeconds: SECOND_ATTEMPT_SECONDS });
}

/** Paused: it is not the time. */
async function attempt(
  database: Database,
  channel: Channel,
  delivery: PendingDelivery,
): Promise<Attempted | 'Paused'> {
  const obstacle = channel.obstacle(delivery);
  if (obstacle !== undefined) return { kind: 'Hopeless', error: obstacle };
  const pause = channel.pause(delivery);
  if (pause !== undefined) {
    if (delivery.isOver) return { kind: 'Hopeless', error: pause };
    if (delivery.error === null) await noteWhy(database, delivery, pause);
    return 'Paused';
  }
  const message = await readMessage(database, delivery);
  return message ? channel.send(delivery, message) : { kind: 'Hopeless', error: 'content_erased' };
}

/** Shown while it waits; it is no attempt. */
async function noteWhy(
  database: Database,
  { tenantID, deliveryID }: PendingDelivery,
  why: string,
): Promise<void> {
  await database.query(
    `UPDATE notification_deliveries SET error = $3 WHERE tenant_id = $1 AND delivery_id = $2 AND state = 'Pending'`,
    [tenantID, deliveryID, why],
  );
}

type State = 'Pending' | 'Delivered' | 'Dead';

async function settle(
  database: Database,
  { tenantID, deliveryID }: PendingDelivery,
  attempted: Attempted,
): Promise<State> {
  const error = attempted.kind === 'Delivered' ? null : attempted.error;
  const [row] = await database.query<{ state: State }>(
    `WITH attempted AS (
       SELECT CASE WHEN $3 = 'Delivered' THEN 'Delivered'
                   WHEN $3 = 'Hopeless' OR give_up_at <= now() THEN 'Dead' ELSE 'Pending' END AS outcome
         FROM notification_deliveries WHERE tenant_id = $1 AND delivery_id = $2)
     UPDATE notification_deliveries SET state = outcome, attempts = attempts + 1, last_attempt_at = now(),
            response_status = $4, error = $5, settled_at = CASE WHEN outcome <> 'Pending' THEN now() END
       FROM attempted WHERE tenant_id = $1 AND delivery_id = $2 AND state = 'Pending' RETURNING state`,
    [tenantID, deliveryID, attempted.kind, attempted.status ?? null, error],
  );
  // Gone with its call meanwhile.
  return row?.state ?? 'Dead';
}
