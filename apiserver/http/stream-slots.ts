import { ApiError } from './api-error.ts';

interface StreamBounds {
  readonly total: number;
  readonly perTenant: number;
}

/** Each holds 500 rows in memory, some megabytes at most, and a connection only while it reads the next. */
export const EXPORTS_AT_ONCE: StreamBounds = { total: 32, perTenant: 2 };
/** A million rows take a minute; a client that takes its export slowly holds a slot no longer than this. */
export const EXPORT_DEADLINE_MS = 10 * 60_000;

/** Bounds how many replies of a kind this server makes at a time: each may last for long. */
export class StreamSlots {
  readonly #bounds: StreamBounds;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(bounds: StreamBounds) {
    this.#bounds = bounds;
  }

  /** The same chunks, in a slot from the first to the last. The first throws ApiError `busy` where there is none. */
  async *hold(tenantID: string, chunks: AsyncGenerator<string>): AsyncGenerator<string> {
    this.#take(tenantID);
    try {
      yield* chunks;
    } finally {
      this.#release(tenantID);
    }
  }

  /** Does the work in a slot. Throws ApiError `busy` where there is none. */
  async run<T>(tenantID: string, work: () => Promise<T>): Promise<T> {
    this.#take(tenantID);
    try {
      return await work();
    } finally {
      this.#release(tenantID);
    }
  }

  #take(tenantID: string): void {
    const taken = this.#taken.get(tenantID) ?? 0;
    if (this.#total >= this.#bounds.total || taken >= this.#bounds.perTenant) {
      throw new ApiError('busy', 'As many of these are under way as may be.', { retryAfterSeconds: 10 });
    }
    this.#total += 1;
    this.#taken.set(tenantID, taken + 1);
  }

  #release(tenantID: string): void {
    this.#total -= 1;
    const left = (this.#taken.get(tenantID) ?? 1) - 1;
    if (left > 0) this.#taken.set(tenantID, left);
    else this.#taken.delete(tenantID);
  }
}
