import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
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
  readonly #loop: Loop;

  constructor(options: SecretScheduleOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, after: Promise.resolve(), step: async () => this.#look() });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  #look(): number {
    const { world, clock, rotationDays, enqueue } = this.#options;
    const at = { nowMs: clock.now(), rotationDays };
    for (const { metadata, status } of world.tenants.list()) {
      if (status?.secrets !== undefined && isOld(status.secrets, at)) enqueue(metadata.name);
    }
    return PERIOD_MS;
  }
}
