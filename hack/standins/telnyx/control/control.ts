import type { Clock } from '#lib/clock/clock.ts';
import type { CallLeg } from '../calls/call-leg.ts';
import type { CallRecord } from '../calls/call-record.ts';
import type { Destination, Destinations } from '../calls/destinations.ts';
import type { Exchange } from '../calls/exchange.ts';
import type { FaultTable } from '../faults/fault-table.ts';
import type { Applications } from '../inventory/applications.ts';
import type { Numbers } from '../inventory/numbers.ts';
import type { RequestRecord } from '../rest/api-app.ts';
import { apiErrors } from '../rest/api-error.ts';
import { type Profile, type Settings, type SettingsPatch, settingsOf } from '../settings.ts';
import type { WebhookSender } from '../webhooks/webhook-sender.ts';
import type { CallLedger } from './call-ledger.ts';
import { ledgerOf } from './ledger-of.ts';

export interface ControlParts {
  readonly account: { readonly publicKey: string; readonly apiKey: string };
  readonly settings: Settings;
  readonly clock: Clock;
  readonly faults: FaultTable;
  readonly numbers: Numbers;
  readonly applications: Applications;
  readonly exchange: Exchange;
  readonly destinations: Destinations;
  readonly webhooks: Pick<WebhookSender, 'underWay'>;
}

export interface PlacedCall {
  readonly from: string;
  readonly to: string;
  /** What the stand-in's `openCaller` makes a caller of; absent: one who is silent. */
  readonly caller?: unknown;
}

const MAX_REQUESTS = 5_000;

/** What tests and the demo do to the stand-in and ask of it, beside the API that the product uses. */
/** Between two keys, as fast as somebody can press them. */
const KEY_MS = 100;

export class Control {
  readonly faults: FaultTable;
  readonly #parts: ControlParts;
  readonly #requests: RequestRecord[] = [];

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.faults = parts.faults;
  }

  account(): { readonly publicKey: string; readonly apiKey: string } {
    return this.#parts.account;
  }

  get settings(): Readonly<Settings> {
    return this.#parts.settings;
  }

  change(settings: SettingsPatch): void {
    Object.assign(this.#parts.settings, settings);
  }

  /** Makes it a carrier of another character: all settings become that profile's. */
  useProfile(profile: Profile): void {
    Object.assign(this.#parts.settings, settingsOf(profile));
  }

  /** How many deliveries of webhooks, repeats and copies too, are not over yet. */
  get webhooksUnderWay(): number {
    return this.#parts.webhooks.underWay;
  }

  inventory(): object {
    const { numbers, applications } = this.#parts;
    return { numbers: numbers.owned(), orders: numbers.orders(), applications: applications.list() };
  }

  /** Calls `to` from `from`; a number that nobody answers for gives a record that has ended. */
  placeCall(call: PlacedCall): CallRecord {
    return recordOf(this.#parts.exchange.place(call));
  }

  /** All legs that are remembered, oldest first. */
  calls(): CallRecord[] {
    return this.#parts.exchange.legs().map(recordOf);
  }

  /** One leg, by its id or its call_control_id; throws ApiError 404. */
  call(id: string): CallRecord {
    return recordOf(this.#leg(id));
  }

  /** What happened on one leg, by its id or its call_control_id; throws ApiError 404. */
  ledgerOf(id: string): CallLedger {
    return ledgerOf(this.#leg(id), this.#parts.clock.now());
  }

  /** Of all legs that are remembered, oldest first. */
  ledgers(): CallLedger[] {
    const nowMs = this.#parts.clock.now();
    return this.#parts.exchange.legs().map((leg) => ledgerOf(leg, nowMs));
  }

  /** The WAV of a recording that a command asked for; throws ApiError 404. */
  recording(id: string): Buffer {
    const file = this.#parts.exchange.recordings.file(id);
    if (!file) throw apiErrors.notFound(`recording ${id}`);
    return file;
  }

  callerHangsUp(id: string): void {
    this.#parts.exchange.callerHangsUp(this.#leg(id));
  }

  press(id: string, digits: string): void {
    const leg = this.#leg(id);
    for (const [index, digit] of digits.split('').entries()) {
      leg.after(index * KEY_MS, () => this.#parts.exchange.press(leg, digit));
    }
  }

  /** What happens when a call is transferred to `number`. */
  setDestination(number: string, destination: Destination): void {
    this.#parts.destinations.set(number, destination);
  }

  /** How often the stand-in itself was late with a frame by more than a second, and by how much it is now. */
  pace(): { readonly stalls: number; readonly delayMs: number } {
    return this.#parts.exchange.pace;
  }

  /** The latest API requests, oldest first. */
  requests(): readonly RequestRecord[] {
    return this.#requests;
  }

  noteRequest(record: RequestRecord): void {
    this.#requests.push(record);
    if (this.#requests.length > MAX_REQUESTS) this.#requests.shift();
  }

  #leg(id: string): CallLeg {
    const leg = this.#parts.exchange.find(id);
    if (!leg) throw apiErrors.notFound(`call ${id}`);
    return leg;
  }
}

function recordOf(leg: CallLeg): CallRecord {
  return { ...leg.record, caller: leg.caller?.report() };
}
