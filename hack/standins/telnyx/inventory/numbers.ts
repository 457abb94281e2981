import { randomInt, randomUUID } from 'node:crypto';
import type Telnyx from 'telnyx';
import type { Clock } from '#lib/clock/clock.ts';
import { apiErrors } from '../rest/api-error.ts';
import type { AvailableNumbersFilter, NumberOrderBody, PhoneNumberPatch } from '../rest/request-bodies.ts';
import { type AvailableNumber, availableNumbers } from './available-numbers.ts';

export type OwnedNumber = Telnyx.NumbersPhoneNumberDetailed;
export type NumberOrder = Required<
  Pick<
    Telnyx.NumberOrderWithPhoneNumbers,
    'id' | 'record_type' | 'status' | 'phone_numbers' | 'phone_numbers_count' | 'created_at' | 'updated_at'
  >
> &
  Telnyx.NumberOrderWithPhoneNumbers;

export interface NumbersOptions {
  readonly clock: Clock;
  /** How long an order stays `pending`, read at each order. */
  readonly orderDelayMs: () => number;
  /** Asked once at each order's end: whether it is to fail. */
  readonly orderFails: () => boolean;
  readonly onChange: () => void;
}

/** Every account has a bound; a test that passes it has a loop in it. */
const MAX_ORDERS = 20_000;

/**
 * The account's numbers and the orders that bought them. An order has no idempotency key: the same
 * body twice buys twice, as at Telnyx (a second order of the same number fails).
 */
export class Numbers {
  readonly #options: NumbersOptions;
  readonly #owned = new Map<string, OwnedNumber>();
  readonly #orders = new Map<string, NumberOrder>();
  readonly #cancels = new Set<() => void>();

  constructor(options: NumbersOptions) {
    this.#options = options;
  }

  search(filter: AvailableNumbersFilter): AvailableNumber[] {
    return availableNumbers(filter, this.#taken());
  }

  owned(): OwnedNumber[] {
    return [...this.#owned.values()];
  }

  orders(): NumberOrder[] {
    return [...this.#orders.values()];
  }

  byNumber(number: string): OwnedNumber | undefined {
    return this.owned().find((owned) => owned.phone_number === number);
  }

  get(id: string): OwnedNumber {
    const number = this.#owned.get(id);
    if (!number) throw apiErrors.notFound(`phone number ${id}`);
    return number;
  }

  getOrder(id: string): NumberOrder {
    const order = this.#orders.get(id);
    if (!order) throw apiErrors.notFound(`number order ${id}`);
    return order;
  }

  /** Places an order: `pending` now, `success` or `failure` after the order delay. */
  order(body: NumberOrderBody): NumberOrder {
    if (this.#orders.size >= MAX_ORDERS) throw apiErrors.invalid('The account has too many orders.');
    const now = this.#now();
    const taken = this.#taken();
    const order: NumberOrder = {
      id: randomUUID(),
      record_type: 'number_order',
      status: 'pending',
      phone_numbers: body.phone_numbers.map(({ phone_number }) => ({
        id: randomUUID(),
        record_type: 'number_order_phone_number',
        phone_number,
        country_code: phone_number.startsWith('+44') ? 'GB' : 'US',
        phone_number_type: 'local',
        requirements_met: true,
        requirements_status: 'approved',
        status: taken.has(phone_number) ? 'failure' : 'pending',
      })),
      phone_numbers_count: body.phone_numbers.length,
      requirements_met: true,
      created_at: now,
      updated_at: now,
      ...(body.connection_id === undefined ? {} : { connection_id: body.connection_id }),
      ...(body.customer_reference === undefined ? {} : { customer_reference: body.customer_reference }),
    };
    this.#orders.set(order.id, order);
    this.#options.onChange();
    this.#completeLater(order);
    return order;
  }

  update(id: string, patch: PhoneNumberPatch): OwnedNumber {
    const number = { ...this.get(id), ...patch, updated_at: this.#now() };
    this.#owned.set(id, number);
    this.#options.onChange();
    return number;
  }

  release(id: string): OwnedNumber {
    const number = this.get(id);
    this.#owned.delete(id);
    this.#options.onChange();
    return { ...number, status: 'deleted' };
  }

  /** Takes back what `owned` and `orders` gave, and goes on with the orders that were pending. */
  restore(owned: readonly OwnedNumber[], orders: readonly NumberOrder[]): void {
    for (const number of owned) this.#owned.set(number.id, number);
    for (const order of orders) {
      this.#orders.set(order.id, order);
      if (order.status === 'pending') this.#completeLater(order);
    }
  }

  stop(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  #completeLater(order: NumberOrder): void {
    const cancel = this.#options.clock.after(this.#options.orderDelayMs(), () => {
      this.#cancels.delete(cancel);
      this.#complete(order);
    });
    this.#cancels.add(cancel);
  }

  #complete(order: NumberOrder): void {
    // One number that cannot be had fails the whole order, and nothing is bought.
    const failed =
      this.#options.orderFails() || order.phone_numbers.some((number) => number.status === 'failure');
    const status = failed ? 'failure' : 'success';
    order.status = status;
    order.updated_at = this.#now();
    for (const number of order.phone_numbers) {
      number.status = status;
      if (!failed && number.phone_number !== undefined) this.#own(number.phone_number, order);
    }
    this.#options.onChange();
  }

  #own(phoneNumber: string, order: NumberOrder): void {
    const id = `${this.#options.clock.now()}${randomInt(100_000, 999_999)}`;
    const now = this.#now();
    this.#owned.set(id, {
      id,
      record_type: 'phone_number',
      phone_number: phoneNumber,
      status: 'active',
      country_iso_alpha2: phoneNumber.startsWith('+44') ? 'GB' : 'US',
      phone_number_type: 'local',
      connection_id: order.connection_id ?? '',
      customer_reference: order.customer_reference ?? '',
      external_pin: null,
      deletion_lock_enabled: false,
      tags: [],
      created_at: now,
      purchased_at: now,
      updated_at: now,
    });
  }

  #taken(): Set<string> {
    const taken = new Set(this.owned().map((number) => number.phone_number));
    for (const order of this.#orders.values()) {
      if (order.status !== 'pending') continue;
      for (const { phone_number, status } of order.phone_numbers) {
        if (phone_number !== undefined && status === 'pending') taken.add(phone_number);
      }
    }
    return taken;
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}
