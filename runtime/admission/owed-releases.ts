import type { CallRef } from '#runtime/store/store-keys.ts';

/** Far above the calls of one pod that end while Redis is away; above it the oldest expire by themselves. */
const MAX_OWED = 2_000;

interface OwedRelease {
  readonly pod: string;
  readonly ref: CallRef;
}

/** Slots that were to be given back while Redis could not be told: what this pod still owes it. */
export class OwedReleases {
  readonly #owed = new Map<string, OwedRelease>();

  get isEmpty(): boolean {
    return this.#owed.size === 0;
  }

  all(): readonly OwedRelease[] {
    return [...this.#owed.values()];
  }

  add(pod: string, ref: CallRef): void {
    this.#owed.set(keyOf(pod, ref), { pod, ref });
    if (this.#owed.size <= MAX_OWED) return;
    const oldest = this.#owed.keys().next().value;
    if (oldest !== undefined) this.#owed.delete(oldest);
  }

  /** It was given back, or the call has it again. */
  drop(pod: string, ref: CallRef): void {
    this.#owed.delete(keyOf(pod, ref));
  }
}

function keyOf(pod: string, { callID }: CallRef): string {
  return `${pod}/${callID}`;
}
