import { type LedgerEvent, revisionOf } from '#crds/ledger/ledger-event.ts';
import type { LedgerEntry, RejectedEntry } from './stream-entry.ts';

/** What Postgres holds of an event that came before. */
export interface KnownEvent {
  readonly revision: number;
  /** Empty: what it said was erased with its caller, and nothing tells any more whether it is the same. */
  readonly digest: string;
}

/**
 * New: not seen before. Corrected: a higher revision, which replaces. Repeated: the same again, or what was erased.
 * Outdated: a lower revision than what is held. Contradiction: the same revision with other words.
 * Purged: of a tenant whose rows were purged, or of an earlier one of its id; nothing of it is kept.
 */
export type Verdict = 'New' | 'Corrected' | 'Repeated' | 'Outdated' | 'Contradiction' | 'Purged';

export interface Judgement {
  /** What is to be written: of several revisions in one batch only the last. */
  readonly accepted: readonly LedgerEntry[];
  readonly rejected: readonly RejectedEntry[];
  readonly verdicts: readonly { readonly kind: string; readonly verdict: Verdict }[];
}

/** The key of an event among all tenants' events. */
export function eventKey(tenantID: string, eventID: string): string {
  return `${tenantID}/${eventID}`;
}

/**
 * Decides for each entry, in the order of the stream, what becomes of it. `known` is left as it is; `isPurged`
 * says of which events the tenant is.
 */
export function judgeEntries(
  entries: readonly LedgerEntry[],
  known: ReadonlyMap<string, KnownEvent>,
  isPurged: (event: LedgerEvent) => boolean,
): Judgement {
  const current = new Map(known);
  const accepted = new Map<string, LedgerEntry>();
  const rejected: RejectedEntry[] = [];
  const verdicts: { kind: string; verdict: Verdict }[] = [];
  for (const entry of entries) {
    const key = eventKey(entry.event.tenantID, entry.event.id);
    const verdict = isPurged(entry.event) ? 'Purged' : verdictOn(entry, current.get(key));
    verdicts.push({ kind: entry.event.kind, verdict });
    if (verdict === 'New' || verdict === 'Corrected') {
      accepted.set(key, entry);
      current.set(key, { revision: revisionOf(entry.event), digest: entry.digest });
    } else if (verdict === 'Contradiction') {
      const { shard, streamID, text } = entry;
      const detail = `${entry.event.id} came before at this revision with another content`;
      rejected.push({ shard, streamID, text, reason: 'Contradiction', detail });
    }
  }
  return { accepted: [...accepted.values()], rejected, verdicts };
}

function verdictOn(entry: LedgerEntry, before: KnownEvent | undefined): Verdict {
  if (!before) return 'New';
  if (before.digest === entry.digest) return 'Repeated';
  const revision = revisionOf(entry.event);
  if (revision > before.revision) return 'Corrected';
  if (revision < before.revision) return 'Outdated';
  return before.digest === '' ? 'Repeated' : 'Contradiction';
}
