/** 16 MiB of text as the engine stores it: some thousands of tenants with their numbers. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * What this pod last read of projected records, for the time that Redis is away. Bounded; what was not
 * asked for the longest goes first.
 */
export class LastKnown {
  /** By Redis key, least recently used first. */
  readonly #records = new Map<string, string>();
  #characters = 0;

  /** `null`: there is no such record. */
  remember(key: string, record: string | null): void {
    this.#forget(key);
    if (record === null) return;
    this.#records.set(key, record);
    this.#characters += record.length;
    for (const oldest of this.#records.keys()) {
      if (this.#characters <= MAX_CHARACTERS) return;
      this.#forget(oldest);
    }
  }

  /** Undefined for what was never read, was absent, or had to make room. */
  recall(key: string): string | undefined {
    return this.#records.get(key);
  }

  #forget(key: string): void {
    this.#characters -= this.#records.get(key)?.length ?? 0;
    this.#records.delete(key);
  }
}
