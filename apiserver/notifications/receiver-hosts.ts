import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';

interface SilentHost {
  /** Whose requests got no answer since the last answer. One more than these are not kept. */
  readonly tenants: Set<string>;
  failures: number;
  pausedUntilMs: number;
}

/** So many tenants have to meet its silence: one alone may have a path that hangs, at a host that serves others well. */
const TENANTS = 3;
/** Short beside a tenant's own pause: whoever is wronged by it waits for a minute at most. */
const PAUSE = { initialMs: 5_000, maxMs: 60_000 };
/** More are not kept: the one that failed longest ago is forgotten. */
const MAX_HOSTS = 10_000;

/**
 * Which hosts of receivers give nobody an answer, as this replica sees it: they are left in peace for all tenants, so that
 * a service that many of them use holds no place for each of them while it is down.
 */
export class ReceiverHosts {
  readonly #clock: Clock;
  readonly #silent = new Map<string, SilentHost>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isPaused(host: string): boolean {
    return (this.#silent.get(host)?.pausedUntilMs ?? 0) > this.#clock.monotonic();
  }

  /** After a request of the tenant to the host, which was answered or not. */
  note(host: string, tenantID: string, isAnswered: boolean): void {
    const before = this.#silent.get(host) ?? { tenants: new Set(), failures: 0, pausedUntilMs: 0 };
    this.#silent.delete(host);
    if (isAnswered) return;
    if (before.tenants.size < TENANTS) before.tenants.add(tenantID);
    if (before.tenants.size >= TENANTS) {
      before.pausedUntilMs = this.#clock.monotonic() + backoffMs(before.failures, PAUSE);
      before.failures += 1;
    }
    this.#silent.set(host, before);
    const [oldest] = this.#silent.keys();
    if (this.#silent.size > MAX_HOSTS && oldest !== undefined) this.#silent.delete(oldest);
  }
}
