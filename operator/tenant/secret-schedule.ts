import type { Clock } from '#lib/clock/clock.ts';
import { inTurns } from '#lib/lifecycle/in-turns.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { RawTenant } from '#operator/world/raw-objects.ts';
import type { World } from '#operator/world/world.ts';
import type { RotationPace } from './rotation-pace.ts';
import { isAhead, isOld } from './tenant-secrets.ts';

export interface SecretScheduleOptions {
  readonly world: { readonly tenants: Pick<World['tenants'], 'list'> };
  readonly rotationDays: number;
  readonly pace: Pick<RotationPace, 'free'>;
  readonly clock: Clock;
  /** Told each Tenant whose secrets are due. */
  readonly enqueue: (tenant: string) => void;
}

/** Rotation counts in days: an hour later is on time. */
const PERIOD_MS = 3_600_000;

/**
 * Looks once an hour whose generated secrets are old enough: cheaper than a timer for every Tenant. No more
 * than the pace lets rotate; the others come with a later look.
 */
export class SecretSchedule implements Service {
  readonly name = 'schedule of secret rotation';
  readonly #options: SecretScheduleOptions;
  readonly #loop: Loop;

  constructor(options: SecretScheduleOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#look(signal) });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #look(signal: AbortSignal): Promise<number> {
    const { world, clock, rotationDays, pace, enqueue } = this.#options;
    let { free } = pace;
    const at = { nowMs: clock.now(), rotationDays };
    // Each status is unpacked for it.
    const look = ({ metadata, status }: RawTenant) => {
      if (status?.secrets === undefined) return;
      if (isAhead(status.secrets, at)) enqueue(metadata.name);
      if (free === 0 || !isOld(status.secrets, at)) return;
      free -= 1;
      enqueue(metadata.name);
    };
    await inTurns(world.tenants.list(), look, signal);
    return PERIOD_MS;
  }
}
