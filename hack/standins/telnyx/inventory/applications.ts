import { randomInt } from 'node:crypto';
import type Telnyx from 'telnyx';
import type { Clock } from '#lib/clock/clock.ts';
import { apiErrors } from '../rest/api-error.ts';
import type { ApplicationBody } from '../rest/request-bodies.ts';

export type Application = Telnyx.CallControlApplication & {
  readonly id: string;
  readonly application_name: string;
  readonly webhook_event_url: string;
  readonly webhook_api_version: '1' | '2';
  readonly active: boolean;
};

const MAX_APPLICATIONS = 1_000;

/** The account's Call Control applications; an application's id is a number's `connection_id`. */
export class Applications {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #byID = new Map<string, Application>();

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  list(nameContains = ''): Application[] {
    const wanted = nameContains.toLowerCase();
    return [...this.#byID.values()].filter((app) => app.application_name.toLowerCase().includes(wanted));
  }

  find(id: string): Application | undefined {
    return this.#byID.get(id);
  }

  get(id: string): Application {
    const application = this.#byID.get(id);
    if (!application) throw apiErrors.notFound(`call control application ${id}`);
    return application;
  }

  create(body: ApplicationBody): Application {
    if (this.#byID.size >= MAX_APPLICATIONS)
      throw apiErrors.invalid('The account has too many applications.');
    const now = this.#now();
    const application: Application = {
      id: `${this.#clock.now()}${randomInt(100_000, 999_999)}`,
      record_type: 'call_control_application',
      active: true,
      // Telnyx's default: version 1 bodies, which nothing of ours reads.
      webhook_api_version: '1',
      webhook_event_failover_url: null,
      webhook_timeout_secs: null,
      anchorsite_override: 'Latency',
      first_command_timeout: false,
      created_at: now,
      updated_at: now,
      ...body,
    };
    return this.#keep(application);
  }

  /** Telnyx's PATCH needs name and URL and leaves what is not given. */
  update(id: string, body: ApplicationBody): Application {
    return this.#keep({ ...this.get(id), ...body, updated_at: this.#now() });
  }

  remove(id: string): Application {
    const application = this.get(id);
    this.#byID.delete(id);
    this.#onChange();
    return application;
  }

  restore(applications: readonly Application[]): void {
    for (const application of applications) this.#byID.set(application.id, application);
  }

  #keep(application: Application): Application {
    this.#byID.set(application.id, application);
    this.#onChange();
    return application;
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
