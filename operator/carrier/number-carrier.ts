import { OperatingError } from '#lib/errors/operating-error.ts';

/** What the operator asks of a carrier. Each method throws a CarrierError and retries nothing. */
export interface NumberCarrier {
  /** The number in our account, or undefined when it is not ours. */
  findOwned(number: string): Promise<OwnedNumber | undefined>;
  /** The numbers in our account that carry this reference. */
  findOwnedByReference(reference: string): Promise<readonly OwnedNumber[]>;
  /** The orders made under this reference, newest first. */
  findOrders(reference: string): Promise<readonly NumberOrder[]>;
  /** Numbers that can be bought, in E.164, in the carrier's order. */
  search(search: NumberSearch): Promise<readonly string[]>;
  /** Buys the number. Costs money: look for the reference first, always. */
  order(order: NewOrder): Promise<NumberOrder>;
  /** Sends the number's calls to the connection and marks whose it is. */
  assign(providerNumberID: string, assignment: NumberAssignment): Promise<void>;
  /** Gives the number back for good. One that is gone already is no error. */
  release(providerNumberID: string): Promise<void>;
  /**
   * Finds or makes the application and puts its settings right. `claim` is told which it is before one that
   * is there is changed; what it throws is thrown on.
   */
  ensureApplication(
    application: CallApplication,
    claim: (connectionID: string) => void,
  ): Promise<EnsuredApplication>;
}

export interface OwnedNumber {
  readonly id: string;
  /** E.164. */
  readonly number: string;
  /** False while the purchase is still going through. */
  readonly isActive: boolean;
  readonly connectionID?: string | undefined;
  readonly reference?: string | undefined;
}

export interface NumberOrder {
  readonly id: string;
  readonly status: 'Pending' | 'Success' | 'Failure';
  readonly numbers: readonly string[];
  /** Epoch milliseconds. */
  readonly createdAtMs: number;
}

export interface NumberSearch {
  /** ISO 3166-1 alpha-2. */
  readonly countryCode: string;
  readonly areaCode?: string | undefined;
  readonly locality?: string | undefined;
  readonly features: readonly ('Voice' | 'SMS' | 'MMS' | 'Fax' | 'Emergency')[];
  readonly limit: number;
}

export interface NewOrder {
  readonly number: string;
  readonly reference: string;
  readonly connectionID?: string | undefined;
}

export interface NumberAssignment {
  readonly connectionID: string;
  readonly reference: string;
}

export interface CallApplication {
  readonly name: string;
  readonly webhookURL: string;
}

export interface EnsuredApplication {
  readonly connectionID: string;
  readonly change: 'None' | 'Created' | 'Corrected';
}

/**
 * `Unavailable`: no reply, or one that says to try later; what was asked may have happened.
 * `Refused`: the carrier said no, and will say so again; nothing happened.
 */
export class CarrierError extends OperatingError {
  readonly kind: 'Unavailable' | 'Refused';
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: 'Unavailable' | 'Refused',
    message: string,
    options: { readonly retryAfterMs?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(kind === 'Refused' ? 'carrier_refused' : 'carrier_unavailable', message, {
      retryable: kind === 'Unavailable',
      cause: options.cause,
    });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}
