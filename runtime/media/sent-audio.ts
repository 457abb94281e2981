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
    for (const { place, from, until } of pieces(at, at + narrow.length))
      this.#ring.set(narrow.subarray(from - at, until - at), place);
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
    const begin = end - into.length;
    into.fill(0);
    const oldest = Math.max(0, begin, this.#until - RING_SAMPLES);
    for (const { place, from, until } of pieces(oldest, Math.min(end, this.#until)))
      if (this.#ring) into.set(this.#ring.subarray(place, place + until - from), from - begin);
  }

  #silenceUntil(at: number): void {
    for (const { place, from, until } of pieces(Math.max(this.#until, at - RING_SAMPLES), at))
      this.#ring?.fill(0, place, place + until - from);
  }
}

export const REFERENCE_RATE_HZ = 8_000;
const RING_SAMPLES = 2 * REFERENCE_RATE_HZ;

function numberAt(ms: number): number {
  return Math.round((ms * REFERENCE_RATE_HZ) / 1_000);
}

/** The pieces of samples `from` to `until` that lie together in the ring, and where each begins there. */
function* pieces(from: number, until: number) {
  for (let at = from; at < until; ) {
    const place = at % RING_SAMPLES;
    const end = Math.min(until, at + RING_SAMPLES - place);
    yield { place, from: at, until: end };
    at = end;
  }
}
