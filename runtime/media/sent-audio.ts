import { Resampler } from './resampler.ts';

/**
 * What the caller has been sent of late, at 8 kHz by the time at which it is played: the reference by which the agent
 * knows its own words when they come back. Two seconds; silence where nothing was sent.
 */
export class SentAudio {
  readonly #resampler: Resampler;
  /** By the number of a sample since the clock's origin, in a ring. Made with the first sound. */
  #ring: Int16Array | undefined;
  #until = 0;

  constructor(sampleRateHz: number) {
    this.#resampler = new Resampler(sampleRateHz, REFERENCE_RATE_HZ);
  }

  /** These samples are played from `atMs` on, monotonic time. */
  sent(samples: Int16Array, atMs: number): void {
    this.#ring ??= new Int16Array(RING_SAMPLES);
    const narrow = this.#resampler.process(samples);
    const at = Math.max(this.#until, numberAt(atMs));
    this.#silenceUntil(at);
    for (let i = 0; i < narrow.length; i++) this.#ring[(at + i) % RING_SAMPLES] = narrow[i] ?? 0;
    this.#until = at + narrow.length;
  }

  /** What was to be played after `nowMs` is not. */
  cleared(nowMs: number): void {
    this.#until = Math.min(this.#until, numberAt(nowMs));
  }

  /** Whether any sound is played at `nowMs`, or was within `beforeMs`. */
  isHeard(nowMs: number, beforeMs: number): boolean {
    return this.#until > numberAt(nowMs - beforeMs);
  }

  /** Fills `into` with what was played until `untilMs`, the last of it last. */
  read(untilMs: number, into: Int16Array): void {
    const end = numberAt(untilMs);
    for (let i = 0; i < into.length; i++) {
      const at = end - into.length + i;
      const isKept = at < this.#until && at >= this.#until - RING_SAMPLES;
      into[i] = isKept ? (this.#ring?.[at % RING_SAMPLES] ?? 0) : 0;
    }
  }

  #silenceUntil(at: number): void {
    const from = Math.max(this.#until, at - RING_SAMPLES);
    for (let i = from; i < at; i++) if (this.#ring) this.#ring[i % RING_SAMPLES] = 0;
  }
}

export const REFERENCE_RATE_HZ = 8_000;
const RING_SAMPLES = 2 * REFERENCE_RATE_HZ;

function numberAt(ms: number): number {
  return Math.round((ms * REFERENCE_RATE_HZ) / 1_000);
}
