import type { Clock } from '#lib/clock/clock.ts';
import { FRAME_MS } from './play-out.ts';

/** More than this behind is a stop of the process or machine: it is left out, not caught up. */
const MAX_CATCH_UP_FRAMES = 50;

/** Calls `onFrame` every 20 ms by the monotonic clock, without drift, while it runs. */
export class FramePacer {
  readonly #clock: Clock;
  readonly #onFrame: () => void;
  #nextMs = 0;
  #cancel: (() => void) | undefined;
  /** How often the process itself was too late; then late frames are not the product's doing. */
  stalls = 0;

  constructor(clock: Clock, onFrame: () => void) {
    this.#clock = clock;
    this.#onFrame = onFrame;
  }

  start(): void {
    if (this.#cancel) return;
    this.#nextMs = this.#clock.monotonic() + FRAME_MS;
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    const waitMs = Math.max(0, this.#nextMs - this.#clock.monotonic());
    this.#cancel = this.#clock.after(waitMs, () => this.#run());
  }

  #run(): void {
    const behind = Math.floor((this.#clock.monotonic() - this.#nextMs) / FRAME_MS);
    if (behind > MAX_CATCH_UP_FRAMES) {
      this.stalls += 1;
      this.#nextMs += behind * FRAME_MS;
    }
    // `stop` inside a frame ends the run.
    while (this.#cancel && this.#clock.monotonic() >= this.#nextMs) {
      this.#nextMs += FRAME_MS;
      this.#onFrame();
    }
    if (this.#cancel) this.#arm();
  }
}
