import type { Clock } from '#lib/clock/clock.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { World } from '#operator/world/world.ts';
import { isOld } from './tenant-secrets.ts';

export interface SecretScheduleOptions {
  readonly world: Pick<World, 'tenants'>;
  readonly rotationDays: number;
  readonly clock: Clock;
  /** Told each Tenant whose secrets are due. */
  readonly enqueue: (tenant: string) => void;
}

/** Rotation counts in days: an hour later is on time. */
const PERIOD_MS = 3_600_000;

/** Looks once an hour whose generated secrets are old enough: cheaper than a timer for every Tenant. */
export class SecretSchedule implements Service {
  readonly name = 'schedule of secret rotation';
  readonly #options: SecretScheduleOptions;
  readonly #ending = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: SecretScheduleOptions) {
    this.#options = options;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop = this.#run().catch(fail);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
      if (!signal.aborted) this.enqueueDue();
    }
  }

  enqueueDue(): void {
    const { world, clock, rotationDays, enqueue } = this.#options;
    const at = { nowMs: clock.now(), rotationDays };
    for (const { metadata, status } of world.tenants.list()) {
      if (status?.secrets !== undefined && isOld(status.secrets, at)) enqueue(metadata.name);
    }
  }
}
