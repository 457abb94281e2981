import type { ReasonOf } from '#crds/conditions/reasons.ts';
import type { PhoneNumberSpec } from '#crds/phone-number/phone-number.ts';
import type { Clock } from '#lib/clock/clock.ts';
import {
  CarrierError,
  type NumberCarrier,
  type NumberOrder,
  type OwnedNumber,
} from '#operator/carrier/number-carrier.ts';
import { type Claim, type Claimant, type Claims, isSame } from './claims.ts';

export interface AcquireRequest {
  readonly spec: Pick<PhoneNumberSpec, 'number' | 'search'>;
  /** The number that this PhoneNumber had already, from its status. */
  readonly known: string | undefined;
  readonly claimant: Claimant;
  readonly installationID: string;
  readonly connectionID: string | undefined;
  readonly carrier: NumberCarrier;
  readonly claims: Pick<Claims, 'take' | 'free' | 'heldBy' | 'holderOf'>;
  readonly clock: Clock;
}

export type Acquisition =
  | { readonly kind: 'Owned'; readonly owned: OwnedNumber }
  /** It was ours and is not in the account any more: whether to buy it again is for people to say. */
  | { readonly kind: 'Lost'; readonly message: string; readonly requeueAfterMs: number }
  | {
      readonly kind: 'NotYet';
      readonly reason: ReasonOf<'Purchased'>;
      readonly message: string;
      readonly requeueAfterMs: number;
      readonly orderID?: string;
    };

/** How often a pending order is looked at. */
const ORDER_POLL_MS = 2_000;
/** An order whose reply was lost takes a moment to show in the carrier's lists. */
const LOST_REPLY_MS = 5_000;
/** A refusal costs nothing, but will hardly be another one sooner. */
const REFUSED_MS = 300_000;
const NONE_FOUND_MS = 300_000;
const NEXT_CANDIDATE_MS = 30_000;
const LOST_MS = 300_000;
/** By then a number that was ordered with success shows in the account, unless it has left it again. */
const ORDER_SETTLED_MS = 600_000;
const CANDIDATES = 10;

/**
 * Gets the number that a PhoneNumber asks for, one step nearer with each call, and never two: what
 * carries our reference at the carrier (a number or an order) is adopted before anything is bought,
 * and a number is claimed before it is ordered, so that an order that has to be made again is for
 * the same number. Throws KubeError and CarrierError where the next call may go on.
 *
 *   reference known at the carrier ──▶ claim ──▶ owned
 *   else search (or spec.number) ──▶ claim ──▶ order ──▶ pending ──▶ owned ──left the account──▶ lost
 */
export async function acquireNumber(request: AcquireRequest): Promise<Acquisition> {
  const { spec, known, carrier, claims, claimant } = request;
  const wanted = known ?? spec.number;
  if (wanted !== undefined) return acquire(request, wanted);

  const [owned] = await carrier.findOwnedByReference(claimant.reference);
  if (owned !== undefined) return acquire(request, owned.number);
  const ordered = await numberOnOrder(request);
  if (ordered !== undefined) return acquire(request, ordered);
  const [claimed] = await claims.heldBy(claimant);
  if (claimed !== undefined) return acquire(request, claimed.number);
  return searchAndOrder(request);
}

/**
 * The number of an order under our reference that is under way. One that was delivered long ago and
 * is owned no more counts only where somebody else holds the number: it was handed over, and no other
 * is bought in its place unasked.
 */
async function numberOnOrder({ carrier, claims, claimant, clock }: AcquireRequest) {
  for (const order of await carrier.findOrders(claimant.reference)) {
    const [number] = order.numbers;
    if (number === undefined || order.status === 'Failure') continue;
    if (isOpen(order, clock.now())) return number;
    const holder = await claims.holderOf(number);
    if (holder !== undefined && !isSame(holder, claimant)) return number;
  }
  return undefined;
}

async function acquire(request: AcquireRequest, number: string): Promise<Acquisition> {
  const { carrier, claims, claimant, clock, known } = request;
  const claim = await claims.take(number, claimant);
  if (claim.kind === 'Held') return notYet('NumberClaimed', heldBy(claim.by, claimant), REFUSED_MS);
  const owned = await carrier.findOwned(number);
  if (owned !== undefined) return ownedNumber(request, owned);

  if (known !== undefined) return lost(number);
  const orders = (await carrier.findOrders(claimant.reference)).filter((order) =>
    order.numbers.includes(number),
  );
  const open = orders.find((other) => isOpen(other, clock.now()));
  if (open !== undefined) return { ...pending(number), orderID: open.id };
  const [latest] = orders;
  if (latest === undefined) return order(request, number);
  const retryAtMs = latest.createdAtMs + REFUSED_MS;
  // A search may take another number at once; a number that was asked for by name is tried later.
  if (request.spec.number === undefined) {
    await claims.free(number, claimant);
    return notYet(
      'OrderFailed',
      `The carrier could not deliver ${number}; another is looked for.`,
      NEXT_CANDIDATE_MS,
    );
  }
  if (clock.now() >= retryAtMs) return order(request, number);
  return notYet(
    'OrderFailed',
    `The carrier could not deliver ${number}; it is ordered again later.`,
    Math.max(ORDER_POLL_MS, retryAtMs - clock.now()),
  );
}

/** The number is in the account: ours, unless the carrier's mark says that it is somebody else's. */
function ownedNumber(request: AcquireRequest, owned: OwnedNumber): Acquisition {
  const { claimant, installationID } = request;
  const [installation, namespace, name] = (owned.reference ?? '').split('/');
  const isMarked = installation === installationID && owned.reference !== claimant.reference;
  if (isMarked && namespace !== claimant.namespace) {
    return notYet(
      'NumberClaimed',
      `${owned.number} is marked at the carrier as belonging to the PhoneNumber ${namespace}/${name}.`,
      REFUSED_MS,
    );
  }
  return owned.isActive ? { kind: 'Owned', owned } : pending(owned.number);
}

async function searchAndOrder(request: AcquireRequest): Promise<Acquisition> {
  const { spec, carrier, claims, claimant } = request;
  if (spec.search === undefined) throw new Error('a PhoneNumber has neither number nor search');
  const candidates = await carrier.search({ ...spec.search, limit: CANDIDATES });
  for (const candidate of candidates) {
    const claim = await claims.take(candidate, claimant);
    if (claim.kind === 'Ours') return order(request, candidate);
  }
  return notYet('NoNumberFound', 'The carrier offers no number that fits spec.search.', NONE_FOUND_MS);
}

async function order(request: AcquireRequest, number: string): Promise<Acquisition> {
  const { carrier, claims, claimant, connectionID } = request;
  try {
    const made = await carrier.order({ number, reference: claimant.reference, connectionID });
    if (made.status !== 'Failure') return { ...pending(number), orderID: made.id };
    return notYet('OrderFailed', `The carrier could not deliver ${number}.`, ORDER_POLL_MS);
  } catch (error) {
    if (!(error instanceof CarrierError)) throw error;
    if (error.kind === 'Refused') {
      // Refused because it is ours already: the carrier's lists were behind when we asked.
      if (await isOurs(request, number)) return pending(number);
      await claims.free(number, claimant);
      return notYet(
        'OrderFailed',
        `The carrier refused the order of ${number}. ${error.message}`,
        REFUSED_MS,
      );
    }
    return notYet(
      'CarrierUnavailable',
      `The order of ${number} got no answer and is looked for before anything else is done. ${error.message}`,
      Math.max(LOST_REPLY_MS, error.retryAfterMs ?? 0),
    );
  }
}

async function isOurs({ carrier, claimant, clock }: AcquireRequest, number: string): Promise<boolean> {
  if ((await carrier.findOwned(number)) !== undefined) return true;
  const orders = await carrier.findOrders(claimant.reference);
  return orders.some((other) => other.numbers.includes(number) && isOpen(other, clock.now()));
}

/** Whether an order may still bring its number. */
function isOpen({ status, createdAtMs }: NumberOrder, nowMs: number): boolean {
  return status === 'Pending' || (status === 'Success' && nowMs - createdAtMs < ORDER_SETTLED_MS);
}

function heldBy(claim: Claim, claimant: Claimant): string {
  const { number, namespace, name, tenantID } = claim;
  return claim.reference === claimant.reference
    ? `${number} is kept for an earlier tenant of this name, whose id was ${tenantID}.`
    : `${number} is held by the PhoneNumber ${namespace}/${name}.`;
}

function lost(number: string): Acquisition {
  const message =
    `${number} was ours and is not in the carrier account any more. Bring it back there, ` +
    'or delete this PhoneNumber and apply it again to buy one.';
  return { kind: 'Lost', message, requeueAfterMs: LOST_MS };
}

function pending(number: string) {
  return notYet('Ordering', `The order of ${number} is under way.`, ORDER_POLL_MS);
}

function notYet(reason: ReasonOf<'Purchased'>, message: string, requeueAfterMs: number) {
  return { kind: 'NotYet', reason, message, requeueAfterMs } as const;
}
