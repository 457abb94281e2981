import type { FaultTable } from '../faults/fault-table.ts';
import type { Applications } from '../inventory/applications.ts';
import type { Numbers } from '../inventory/numbers.ts';
import type { RequestRecord } from '../rest/api-app.ts';
import type { Settings, SettingsPatch } from '../settings.ts';

export interface ControlParts {
  readonly account: { readonly publicKey: string; readonly apiKey: string };
  readonly settings: Settings;
  readonly faults: FaultTable;
  readonly numbers: Numbers;
  readonly applications: Applications;
}

const MAX_REQUESTS = 5_000;

/** What tests and the demo do to the stand-in and ask of it, beside the API that the product uses. */
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

  inventory(): object {
    const { numbers, applications } = this.#parts;
    return { numbers: numbers.owned(), orders: numbers.orders(), applications: applications.list() };
  }

  /** The latest API requests, oldest first. */
  requests(): readonly RequestRecord[] {
    return this.#requests;
  }

  noteRequest(record: RequestRecord): void {
    this.#requests.push(record);
    if (this.#requests.length > MAX_REQUESTS) this.#requests.shift();
  }
}
