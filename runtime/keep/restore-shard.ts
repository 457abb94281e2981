import { callUsageSchema } from '#crds/ledger/ledger-event.ts';
import type { Shard } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { StoredCall } from '#runtime/call/call-record.ts';
import type { LiveCalls } from '#runtime/call/live-calls.ts';
import type { AppendedEvent, LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { RecentCall, RecentCalls } from './recent-calls.ts';

/** How many events of one call are appended at a time. */
const BATCH = 64;

export interface RestoreOptions {
  readonly live: Pick<LiveCalls, 'restore'>;
  /** Says that this pod is there, with the slots of its calls. Throws what Redis throws. */
  readonly announce: () => Promise<void>;
  readonly recent: RecentCalls;
  /** Says of a call that was settled without that why its conversation ended. Throws what Redis throws. */
  readonly tellReason: (call: StoredCall) => Promise<void>;
  readonly tail: LedgerTail;
  readonly store: Pick<CallStore, 'appendAgain' | 'askForCounters' | 'restore'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Brings to Redis what this pod knows of a shard whose writes may be lost: first the calls that it
 * holds or stored last, so that their webhooks find them, then the ledger events that are not in
 * Postgres yet. What is there already stays as it is. Throws what Redis throws; safe to repeat.
 *
 * Before its calls the pod itself is brought back: where it dies over this, others miss it, and look after them.
 */
export async function restoreShard(shard: Shard, options: RestoreOptions): Promise<void> {
  const { live, announce, recent, tail, clock, log } = options;
  await announce().catch((error: unknown) => {
    // Its next heartbeat does it: pods may be on another server than the shard, which waits for none.
    log.warn({ err: error, shard }, 'the pod could not say that it is there');
  });
  const calls = await live.restore(shard);
  for (const known of recent.ofShard(shard, clock.now())) await restoreRecent(known, options);
  const lost = tail.lost(shard);
  for (const ofCall of Map.groupBy(lost, ({ ref }) => ref.callID).values()) {
    for (let start = 0; start < ofCall.length; start += BATCH) {
      await appendBatch(options.store, ofCall.slice(start, start + BATCH));
    }
  }
  for (const { id, ref, text } of lost) {
    if (id.includes('/usage@')) await options.store.askForCounters(ref.tenantID, monthIn(text));
  }
  log.warn({ shard, calls, events: lost.length }, 'what Redis may have lost was brought back');
}

/** The hang-up of a call that had ended here may have come to what Redis knew of it before that. */
async function restoreRecent(
  { call, version }: RecentCall,
  { store, tellReason }: Pick<RestoreOptions, 'store' | 'tellReason'>,
): Promise<void> {
  const result = await store.restore(call, version);
  if (result === 'Settled') await tellReason(call);
}

/** What was settled counts in the month that the event names, also where Redis began that month anew. */
function monthIn(text: string): string {
  return callUsageSchema.parse(JSON.parse(text)).month;
}

async function appendBatch(store: RestoreOptions['store'], events: readonly AppendedEvent[]): Promise<void> {
  const [first] = events;
  if (!first) return;
  await store.appendAgain(
    first.ref,
    events.map(({ id, text }) => ({ id, event: text })),
  );
}
