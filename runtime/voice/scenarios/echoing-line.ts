import type { Clock } from '#lib/clock/clock.ts';
import type { Scenario } from './scenario.ts';

/** A line on which the agent hears itself, as from a loudspeaker: later and softer, mixed with the caller. */
export class EchoingLine {
  readonly #clock: Clock;
  readonly #echo: Scenario['echo'];
  #played: { readonly samples: Int16Array; readonly atMs: number }[] = [];

  constructor(clock: Clock, echo: Scenario['echo']) {
    this.#clock = clock;
    this.#echo = echo;
  }

  /** The carrier will play these samples, at 8 kHz, from then on. */
  play(samples: Int16Array, atMs: number): void {
    if (this.#echo) this.#played.push({ samples, atMs });
  }

  /** What was to be played later will not be. */
  clear(): void {
    const nowMs = this.#clock.monotonic();
    this.#played = this.#played
      .filter(({ atMs }) => atMs < nowMs)
      .map(({ samples, atMs }) => ({ samples: samples.subarray(0, Math.floor((nowMs - atMs) * 8)), atMs }));
  }

  /** A frame of the caller's with the echo in it. */
  with(frame: Int16Array): Int16Array {
    if (!this.#echo) return frame;
    const fromMs = this.#clock.monotonic() - this.#echo.delayMs;
    const gain = 10 ** (this.#echo.level / 20);
    this.#played = this.#played.filter(({ samples, atMs }) => atMs + samples.length / 8 > fromMs);
    return frame.map((sample, i) => sample + gain * this.#at(fromMs + i / 8));
  }

  #at(ms: number): number {
    for (const { samples, atMs } of this.#played) {
      const index = Math.floor((ms - atMs) * 8);
      if (index >= 0 && index < samples.length) return samples[index] ?? 0;
    }
    return 0;
  }
}
