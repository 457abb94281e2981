import type { Clock } from '#lib/clock/clock.ts';
import {
  type CallApplication,
  CarrierError,
  type EnsuredApplication,
  type NewOrder,
  type NumberAssignment,
  type NumberCarrier,
  type NumberOrder,
  type OwnedNumber,
} from '#operator/carrier/number-carrier.ts';

interface StoredOrder extends NumberOrder {
  readonly reference: string;
}

/** An account at a carrier, in memory. An order is delivered at once, unless the test says otherwise. */
export class FakeNumberAccount implements NumberCarrier {
  readonly owned: OwnedNumber[] = [];
  readonly orders: StoredOrder[] = [];
  offered: string[] = [];
  /** What becomes of the next order; the last three are answered with an error. */
  nextOrder: 'Success' | 'Pending' | 'Failure' | 'Refused' | 'RefusedAsOurs' | 'ReplyLost' = 'Success';
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async findOwned(number: string): Promise<OwnedNumber | undefined> {
    return this.owned.find((one) => one.number === number);
  }

  async findOwnedByReference(reference: string): Promise<readonly OwnedNumber[]> {
    return this.owned.filter((one) => one.reference === reference);
  }

  async findOrders(reference: string): Promise<readonly NumberOrder[]> {
    return this.orders.filter((one) => one.reference === reference).toReversed();
  }

  async search(): Promise<readonly string[]> {
    return this.offered.filter((number) => !this.owned.some((one) => one.number === number));
  }

  async order({ number, reference }: NewOrder): Promise<NumberOrder> {
    const what = this.nextOrder;
    this.nextOrder = 'Success';
    if (what === 'Refused') throw new CarrierError('Refused', 'no');
    const status = what === 'Pending' || what === 'Failure' ? what : 'Success';
    const id = `order-${this.orders.length + 1}`;
    const order: StoredOrder = {
      id,
      status,
      numbers: [number],
      createdAtMs: this.#clock.now(),
      reference,
    };
    this.orders.push(order);
    if (status === 'Success') this.give(number, reference);
    if (what === 'RefusedAsOurs') throw new CarrierError('Refused', 'it is not for sale');
    if (what === 'ReplyLost') throw new CarrierError('Unavailable', 'no reply');
    return order;
  }

  async assign(providerNumberID: string, assignment: NumberAssignment): Promise<void> {
    const at = this.owned.findIndex(({ id }) => id === providerNumberID);
    const found = this.owned[at];
    if (found !== undefined) this.owned[at] = { ...found, ...assignment };
  }

  async release(providerNumberID: string): Promise<void> {
    this.owned.splice(0, this.owned.length, ...this.owned.filter(({ id }) => id !== providerNumberID));
  }

  async ensureApplication(
    _application: CallApplication,
    claim: (connectionID: string) => void,
  ): Promise<EnsuredApplication> {
    claim('application');
    return { connectionID: 'application', change: 'None' };
  }

  /** Puts a number into the account. */
  give(number: string, reference?: string, isActive = true): void {
    this.owned.push({ id: `id-${number}`, number, isActive, reference });
  }
}
