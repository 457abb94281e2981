import type { LedgerEntry } from '#apiserver/ledger/stream-entry.ts';
import { type LedgerEvent, revisionOf } from '#crds/ledger/ledger-event.ts';
import type { CallLedger } from '#hack/standins/telnyx/control/call-ledger.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { type AskedCommand, askedCommands } from './asked-commands.ts';
import type { ConfirmedFields } from './confirmed-fields.ts';
import type { FaultKind } from './faults.ts';
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
  /** What was asked of the carrier for it, also what never reached its ledger. */
  readonly asked: readonly AskedCommand[];
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
  /** Calls that pods still hold; undefined where a pod does not answer. */
  readonly callsHeld: number | undefined;
  /** Pods that ended by themselves. */
  readonly ends: readonly string[];
  /** When no pod was there to serve. */
  readonly outages: readonly Span[];
  /** When the carrier took too few commands, Redis was away for all pods, or a pod was too busy for new calls. */
  readonly shortages: Readonly<Record<Shortage, readonly Span[]>>;
  /** For how long this process, through which the pods reach Redis and the carrier, stood still at most. */
  readonly stalledMs: number;
  readonly confirmed: readonly ConfirmedFields[];
  /** By tenant id, before and after. */
  readonly counted: {
    readonly before: ReadonlyMap<string, Counted>;
    readonly after: ReadonlyMap<string, Counted>;
  };
}

/** What there was too little of for a while. */
export type Shortage = 'Carrier' | 'Redis' | 'Pods';

export interface Observed {
  readonly schedule: Schedule;
  readonly legs: readonly string[];
  readonly impatient: readonly string[];
  readonly outages: readonly Span[];
  readonly shortages: Evidence['shortages'];
  readonly stalledMs: number;
  readonly confirmed: readonly ConfirmedFields[];
  readonly countedBefore: ReadonlyMap<string, Counted>;
}

export async function gatherEvidence(world: StormWorld, observed: Observed): Promise<Evidence> {
  const { ledger, redis, carrier, seats } = world;
  await ledger.refresh();
  const books = Map.groupBy(ledger.entries, ({ event }) => event.callID);
  const outgoing = carrier.control.ledgers().filter(({ direction }) => direction === 'outgoing');
  const asked = askedCommands(carrier.control.requests());
  const calls = observed.legs.map((id) => {
    const account = carrier.control.ledgerOf(id);
    const callID = callIDOf(account.callControlID);
    return {
      callID,
      tenant: tenantOf(account.to),
      carrier: account,
      asked: asked.get(account.callControlID) ?? [],
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
    shortages: observed.shortages,
    stalledMs: observed.stalledMs,
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

/** Whether some pod was without Redis for a while, or Redis lost something. */
export function harmsRedis({ schedule }: Pick<Evidence, 'schedule'>): boolean {
  return schedule.faults.some((fault) => HARMS_REDIS.has(fault.do));
}

/**
 * Whether the machine was too busy for its times to mean anything: then Redis seems to be away for moments, and
 * what is slow is nobody's fault.
 */
export function isStrained({ stalledMs, shortages }: Evidence): boolean {
  return stalledMs > MAX_STALL_MS || shortages.Pods.length > 0;
}

/** Below the time after which a pod takes Redis to be away. */
const MAX_STALL_MS = 400;

const HARMS_REDIS: ReadonlySet<FaultKind> = new Set([
  'CutRedis',
  'CutAll',
  'KillRedis',
  'EmptyRedis',
  'FailOverRedis',
]);

/** How much of a span lies in others. */
export function overlapMs({ fromMs, toMs }: Span, others: readonly Span[]): number {
  let coveredMs = 0;
  let untilMs = fromMs;
  for (const other of others.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const startMs = Math.max(untilMs, other.fromMs);
    const endMs = Math.min(toMs, other.toMs);
    coveredMs += Math.max(0, endMs - startMs);
    untilMs = Math.max(untilMs, endMs);
  }
  return coveredMs;
}

function tenantOf(number: string): StormTenant {
  const tenant = STORM_TENANTS.find((one) => one.number === number);
  if (!tenant) throw new RangeError(`no tenant has the number ${number}`);
  return tenant;
}
