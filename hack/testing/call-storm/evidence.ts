import type { LedgerEntry } from '#apiserver/ledger/stream-entry.ts';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import type { CallLedger } from '#hack/standins/telnyx/control/call-ledger.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import type { ConfirmedFields } from './confirmed-fields.ts';
import { type Counted, countedCalls, heldInRedis } from './redis-state.ts';
import type { Schedule } from './schedule.ts';
import { STORM_TENANTS, type StormTenant } from './tenants.ts';
import type { StormWorld } from './world.ts';

/** Epoch milliseconds. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One call by both accounts. */
export interface CallEvidence {
  readonly callID: string;
  readonly tenant: StormTenant;
  /** The carrier's. */
  readonly carrier: CallLedger;
  /** The legs to people that were dialled for it. */
  readonly dialled: readonly CallLedger[];
  /** Ours, each entry of the stream as it was read, repeats too. */
  readonly books: readonly LedgerEntry[];
  /** Its caller would have been led no further, and hung up in the end. */
  readonly lostPatience: boolean;
}

/** What is known of one schedule when it is over, for the invariants to judge. Plain data. */
export interface Evidence {
  readonly schedule: Schedule;
  readonly calls: readonly CallEvidence[];
  /** Ledger events of calls that the carrier knows nothing of, and what was no event at all. */
  readonly strays: readonly string[];
  /** Deadlines, leases and slots that are still held. */
  readonly held: readonly string[];
  /** Calls that pods still hold. */
  readonly callsHeld: number;
  /** Pods that ended by themselves. */
  readonly ends: readonly string[];
  /** When no pod was there to serve. */
  readonly outages: readonly Span[];
  readonly confirmed: readonly ConfirmedFields[];
  /** By tenant id, before and after. */
  readonly counted: {
    readonly before: ReadonlyMap<string, Counted>;
    readonly after: ReadonlyMap<string, Counted>;
  };
}

export interface Observed {
  readonly schedule: Schedule;
  readonly legs: readonly string[];
  readonly impatient: readonly string[];
  readonly outages: readonly Span[];
  readonly confirmed: readonly ConfirmedFields[];
  readonly countedBefore: ReadonlyMap<string, Counted>;
}

export async function gatherEvidence(world: StormWorld, observed: Observed): Promise<Evidence> {
  const { ledger, redis, carrier, seats } = world;
  await ledger.refresh();
  const books = Map.groupBy(ledger.entries, ({ event }) => event.callID);
  const outgoing = carrier.control.ledgers().filter(({ direction }) => direction === 'outgoing');
  const calls = observed.legs.map((id) => {
    const account = carrier.control.ledgerOf(id);
    const callID = callIDOf(account.callControlID);
    return {
      callID,
      tenant: tenantOf(account.to),
      carrier: account,
      dialled: outgoing.filter(({ callSessionID }) => callSessionID === account.callSessionID),
      books: books.get(callID) ?? [],
      lostPatience: observed.impatient.includes(id),
    };
  });
  const known = new Set(calls.map(({ callID }) => callID));
  return {
    schedule: observed.schedule,
    calls,
    strays: [...ledger.rejected, ...[...books.keys()].filter((callID) => !known.has(callID))],
    held: await heldInRedis(redis),
    callsHeld: await world.callsHeld(),
    ends: seats.flatMap(({ ends }) => ends),
    outages: observed.outages,
    confirmed: observed.confirmed,
    counted: { before: observed.countedBefore, after: await countedCalls(redis) },
  };
}

/** A call's events of one kind, each once, the highest revision last. */
export function eventsOf<K extends LedgerEvent['kind']>(
  { books }: CallEvidence,
  kind: K,
): Extract<LedgerEvent, { kind: K }>[] {
  const byDigest = new Map(books.map(({ digest, event }) => [digest, event]));
  return [...byDigest.values()]
    .filter((event): event is Extract<LedgerEvent, { kind: K }> => event.kind === kind)
    .toSorted((a, b) => revisionOf(a) - revisionOf(b));
}

/** Whether Redis lost something that it had acknowledged. */
export function losesRedis({ schedule }: Evidence): boolean {
  return schedule.faults.some((fault) => fault.do === 'EmptyRedis' || fault.do === 'FailOverRedis');
}

/** How much of a span lies in others, which do not overlap each other. */
export function overlapMs({ fromMs, toMs }: Span, others: readonly Span[]): number {
  return others.reduce(
    (sum, other) => sum + Math.max(0, Math.min(toMs, other.toMs) - Math.max(fromMs, other.fromMs)),
    0,
  );
}

function revisionOf(event: LedgerEvent): number {
  return 'revision' in event ? event.revision : 0;
}

function tenantOf(number: string): StormTenant {
  const tenant = STORM_TENANTS.find((one) => one.number === number);
  if (!tenant) throw new RangeError(`no tenant has the number ${number}`);
  return tenant;
}
