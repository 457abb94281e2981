import { writeFileSync } from 'node:fs';

/** When a ConfigMap that is watched was sent, as its own data says: epoch milliseconds. */
export const SENT_AT = 'sentAt';

export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

interface Timed {
  readonly data?: Readonly<Record<string, string>> | undefined;
}

/** Collects how late each of `count` watched objects came. */
export class EventDelays {
  readonly #count: number;
  readonly #delaysMs: number[] = [];
  readonly #all = Promise.withResolvers<void>();
  #firstAtMs = 0;

  constructor(count: number) {
    this.#count = count;
  }

  seen(object: Timed): void {
    const sentAt = object.data?.[SENT_AT];
    if (sentAt === undefined) return;
    if (this.#delaysMs.length === 0) this.#firstAtMs = performance.now();
    this.#delaysMs.push(epochMs() - Number(sentAt));
    if (this.#delaysMs.length === this.#count) this.#all.resolve();
  }

  /** Says through the file that events may begin; resolves when all have come. */
  async collect(readyPath: string): Promise<{ tookMs: number; delaysMs: readonly number[] }> {
    writeFileSync(readyPath, '');
    await this.#all.promise;
    return { tookMs: performance.now() - this.#firstAtMs, delaysMs: this.#delaysMs };
  }
}
