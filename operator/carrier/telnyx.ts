import { APIError, NotFoundError, RateLimitError, Telnyx } from 'telnyx';
import type { CallControlApplication } from 'telnyx/resources/call-control-applications';
import type { NumberOrderWithPhoneNumbers } from 'telnyx/resources/number-orders';
import type { NumbersPhoneNumberDetailed } from 'telnyx/resources/phone-numbers/phone-numbers';
import { messageOf } from '#lib/errors/operating-error.ts';
import { type WriteFence, WriteFenced } from '#lib/kube/write-fence.ts';
import { fencedFetch } from './fenced-fetch.ts';
import {
  type CallApplication,
  CarrierError,
  type EnsuredApplication,
  type NewOrder,
  type NumberAssignment,
  type NumberCarrier,
  type NumberOrder,
  type NumberSearch,
  type OwnedNumber,
} from './number-carrier.ts';

export interface TelnyxCarrierOptions {
  readonly apiKey: string;
  /** https://api.telnyx.com/v2, or a stand-in. */
  readonly baseURL: string;
  readonly timeoutMs?: number;
  /** Holds writes back while it is not held: they throw `WriteFenced`. */
  readonly fence: WriteFence;
}

/** States in which a number is ours, from the API's description of `status`. */
const OWNED = new Set(['active', 'purchase-pending', 'provision-pending', 'emergency-only']);
/** Telnyx's largest page. */
const PAGE = { 'page[size]': 250 };
/** A list that goes on for longer is a fault of the far side. */
const MAX_ITEMS = 2_500;

/**
 * Telnyx as a NumberCarrier: the only file of the operator that knows its SDK. The SDK's own
 * retries are off: it would repeat an order, and an order has no idempotency key.
 */
export class TelnyxCarrier implements NumberCarrier {
  readonly #telnyx: Telnyx;

  constructor(options: TelnyxCarrierOptions) {
    this.#telnyx = new Telnyx({
      apiKey: options.apiKey,
      baseURL: options.baseURL,
      maxRetries: 0,
      timeout: options.timeoutMs ?? 10_000,
      fetch: fencedFetch(options.fence),
    });
  }

  async findOwned(number: string): Promise<OwnedNumber | undefined> {
    // The filter finds parts of numbers too, and takes digits only: a plus sign finds nothing.
    const filter = { phone_number: number.replace('+', '') };
    const found = await collect(() => this.#telnyx.phoneNumbers.list({ filter, ...PAGE }));
    return found.map(ownedNumber).find((owned) => owned?.number === number);
  }

  async findOwnedByReference(reference: string): Promise<readonly OwnedNumber[]> {
    const filter = { customer_reference: reference };
    const found = await collect(() => this.#telnyx.phoneNumbers.list({ filter, ...PAGE }));
    return found.map(ownedNumber).filter((owned) => owned?.reference === reference) as OwnedNumber[];
  }

  async findOrders(reference: string): Promise<readonly NumberOrder[]> {
    const filter = { customer_reference: reference };
    const found = await collect(() => this.#telnyx.numberOrders.list({ filter, ...PAGE }));
    return found
      .filter((order) => order.customer_reference === reference)
      .map(numberOrder)
      .sort((a, b) => b.createdAtMs - a.createdAtMs);
  }

  async search(search: NumberSearch): Promise<readonly string[]> {
    const reply = await ask(() =>
      this.#telnyx.availablePhoneNumbers.list({
        filter: {
          country_code: search.countryCode,
          ...(search.areaCode === undefined ? {} : { national_destination_code: search.areaCode }),
          ...(search.locality === undefined ? {} : { locality: search.locality }),
          features: search.features.map((feature) => feature.toLowerCase() as Lowercase<typeof feature>),
          limit: search.limit,
        },
      }),
    );
    return (reply.data ?? []).flatMap(({ phone_number }) =>
      phone_number === undefined ? [] : [phone_number],
    );
  }

  async order(order: NewOrder): Promise<NumberOrder> {
    const reply = await ask(() =>
      this.#telnyx.numberOrders.create({
        phone_numbers: [{ phone_number: order.number }],
        customer_reference: order.reference,
        ...(order.connectionID === undefined ? {} : { connection_id: order.connectionID }),
      }),
    );
    return numberOrder(present(reply.data, 'an order'));
  }

  async assign(providerNumberID: string, assignment: NumberAssignment): Promise<void> {
    await ask(() =>
      this.#telnyx.phoneNumbers.update(providerNumberID, {
        connection_id: assignment.connectionID,
        customer_reference: assignment.reference,
      }),
    );
  }

  async release(providerNumberID: string): Promise<void> {
    try {
      await this.#telnyx.phoneNumbers.delete(providerNumberID);
    } catch (error) {
      if (error instanceof NotFoundError) return;
      throw carrierError(error);
    }
  }

  async ensureApplication(
    application: CallApplication,
    claim: (connectionID: string) => void,
  ): Promise<EnsuredApplication> {
    const desired = {
      application_name: application.name,
      webhook_event_url: application.webhookURL,
      webhook_api_version: '2',
      active: true,
    } as const;
    const filter = { application_name: { contains: application.name } };
    const found = await collect(() => this.#telnyx.callControlApplications.list({ filter, ...PAGE }));
    const known = found.find(({ application_name }) => application_name === application.name);
    if (known === undefined) {
      const made = await ask(() => this.#telnyx.callControlApplications.create(desired));
      claim(idOf(made.data));
      return { connectionID: idOf(made.data), change: 'Created' };
    }
    const connectionID = idOf(known);
    claim(connectionID);
    const isRight = Object.entries(desired).every(([name, value]) => field(known, name) === value);
    if (isRight) return { connectionID, change: 'None' };
    await ask(() => this.#telnyx.callControlApplications.update(connectionID, desired));
    return { connectionID, change: 'Corrected' };
  }
}

function ownedNumber(found: NumbersPhoneNumberDetailed): OwnedNumber | undefined {
  if (!OWNED.has(found.status)) return undefined;
  return {
    id: found.id,
    number: found.phone_number,
    isActive: found.status === 'active',
    connectionID: found.connection_id || undefined,
    reference: found.customer_reference || undefined,
  };
}

const ORDER_STATUS = { pending: 'Pending', success: 'Success', failure: 'Failure' } as const;

function numberOrder(
  order: Omit<NumberOrderWithPhoneNumbers, 'phone_numbers'> & {
    phone_numbers?: readonly { phone_number?: string | undefined }[];
  },
): NumberOrder {
  return {
    id: present(order.id, 'the id of an order'),
    status: ORDER_STATUS[order.status ?? 'pending'],
    numbers: (order.phone_numbers ?? []).flatMap(({ phone_number }) => phone_number ?? []),
    createdAtMs: Date.parse(order.created_at ?? '') || 0,
  };
}

function idOf(application: CallControlApplication | undefined): string {
  return present(application?.id, 'the id of an application');
}

function field(object: object, name: string): unknown {
  return new Map<string, unknown>(Object.entries(object)).get(name);
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new CarrierError('Unavailable', `Telnyx answered without ${what}.`);
  return value;
}

async function collect<T>(list: () => AsyncIterable<T>): Promise<T[]> {
  return ask(async () => {
    const items: T[] = [];
    for await (const item of list()) {
      items.push(item);
      if (items.length >= MAX_ITEMS) break;
    }
    return items;
  });
}

async function ask<T>(request: () => PromiseLike<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    throw carrierError(error);
  }
}

/** 408, 409 and 429 say "later"; the other 4xx are a no that will stay one. */
const TRY_LATER = new Set([408, 409, 429]);

/** What was held back is no news of the carrier, and stays what it is. */
function carrierError(error: unknown): CarrierError | WriteFenced {
  if (error instanceof CarrierError) return error;
  const fenced = fencedBehind(error);
  if (fenced !== undefined) return fenced;
  const status = error instanceof APIError ? (error.status as number | undefined) : undefined;
  const isRefusal = status !== undefined && status >= 400 && status < 500 && !TRY_LATER.has(status);
  const retryAfterSeconds =
    error instanceof RateLimitError ? Number(error.headers.get('retry-after') ?? 1) : Number.NaN;
  return new CarrierError(isRefusal ? 'Refused' : 'Unavailable', `Telnyx: ${messageOf(error)}`, {
    cause: error,
    retryAfterMs: Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1_000 : undefined,
  });
}

/** The SDK and `fetch` each put an error of their own around it. */
function fencedBehind(error: unknown): WriteFenced | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof WriteFenced) return one;
  }
  return undefined;
}
