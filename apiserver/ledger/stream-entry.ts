import { createHash } from 'node:crypto';
import { type LedgerEvent, ledgerEventSchema } from '#crds/ledger/ledger-event.ts';
import { type Shard, shardOf } from '#crds/projection/shard.ts';
import { messageOf } from '#lib/errors/operating-error.ts';

/** An entry of a shard's stream as it was read; `text` is its field `event`, if it has one. */
export interface StreamEntry {
  readonly shard: Shard;
  readonly streamID: string;
  readonly text: string | undefined;
}

/** An event that is what it should be, with the digest that tells it from another. */
export interface LedgerEntry extends StreamEntry {
  readonly event: LedgerEvent;
  /** Hex SHA-256 of the parsed event, so that neither spacing nor unknown fields matter. */
  readonly digest: string;
}

/** Why an entry was not taken in. Refused: Postgres would not have it. */
export type RejectReason = 'NotAnEvent' | 'WrongID' | 'WrongShard' | 'Contradiction' | 'Refused';

export interface RejectedEntry extends StreamEntry {
  readonly reason: RejectReason;
  readonly detail: string;
}

/** Parses one entry: a ledger entry, or why it is none. */
export function parseEntry(entry: StreamEntry): LedgerEntry | RejectedEntry {
  const parsed = ledgerEventSchema.safeParse(parseJSON(entry.text));
  if (!parsed.success) {
    const detail = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    return { ...entry, reason: 'NotAnEvent', detail };
  }
  const event = parsed.data;
  if (event.id !== idOf(event)) {
    return { ...entry, reason: 'WrongID', detail: `the id of this event should be ${idOf(event)}` };
  }
  if (shardOf(event.tenantID) !== entry.shard) {
    return { ...entry, reason: 'WrongShard', detail: `the tenant is in shard ${shardOf(event.tenantID)}` };
  }
  return { ...entry, event, digest: createHash('sha256').update(JSON.stringify(event)).digest('hex') };
}

export function isRejected(entry: LedgerEntry | RejectedEntry): entry is RejectedEntry {
  return 'reason' in entry;
}

export function isAccepted(entry: LedgerEntry | RejectedEntry): entry is LedgerEntry {
  return !isRejected(entry);
}

function idOf(event: LedgerEvent): string {
  return event.kind === 'turn' ? `${event.callID}/turn/${event.index}` : `${event.callID}/${event.kind}`;
}

/** The value, or for what is no JSON a text that says so and that no schema takes. */
function parseJSON(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch (error) {
    return messageOf(error);
  }
}
