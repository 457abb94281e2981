import type { Clock } from '#lib/clock/clock.ts';
import { FRAME_MS } from './play-out.ts';

/** Calls are spread over so many steps of a frame, as they are at a carrier: they do not speak in unison. */
export const PHASES = 4;
const PHASE_MS = FRAME_MS / PHASES;
/** More than this behind is a stop of the process or machine: it is left out, not caught up. */
const MAX_BEHIND_MS = 1_000;

export interface FramePacerOptions {
  readonly clock: Clock;
  /** 20 ms of every call of this phase, 0 to PHASES - 1. */
  readonly onPhase: (phase: number) => void;
  /** So many frames of every call were left out. */
  readonly onSkip: (frames: number) => void;
}

/** One timer for the frames of all calls: by the monotonic clock, without drift, while it runs. */
export class FramePacer {
  readonly #options: FramePacerOptions;
  #nextMs = 0;
  #phase = 0;
  #running = 0;
  #cancel: (() => void) | undefined;
  #worst = { sinceMs: 0, nowMs: 0, beforeMs: 0 };
  /** How often the process itself was too late; then late frames are not the product's doing. */
  stalls = 0;

  constructor(options: FramePacerOptions) {
    this.#options = options;
  }

  /** By how much a frame was late at most in the last one to two seconds. */
  get delayMs(): number {
    return Math.round(Math.max(this.#worst.nowMs, this.#worst.beforeMs));
  }

  start(): void {
    if (this.#cancel) return;
    this.#running += 1;
    this.#nextMs = this.#options.clock.monotonic() + PHASE_MS;
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    const waitMs = Math.max(0, this.#nextMs - this.#options.clock.monotonic());
    const run = this.#running;
    this.#cancel = this.#options.clock.after(waitMs, () => {
      // What has arrived meanwhile is read first: audio that came in time is never counted as late.
      setImmediate(() => {
        if (this.#cancel && run === this.#running) this.#run();
      });
    });
  }

  #run(): void {
    const { clock } = this.#options;
    const behindMs = clock.monotonic() - this.#nextMs;
    this.#noteDelay(behindMs);
    if (behindMs > MAX_BEHIND_MS) {
      const frames = Math.floor(behindMs / FRAME_MS);
      this.stalls += 1;
      this.#nextMs += frames * FRAME_MS;
      this.#options.onSkip(frames);
    }
    // `stop` inside a frame ends the run.
    while (this.#cancel && clock.monotonic() >= this.#nextMs) {
      this.#nextMs += PHASE_MS;
      this.#phase = (this.#phase + 1) % PHASES;
      this.#options.onPhase(this.#phase);
    }
    if (this.#cancel) this.#arm();
  }

  #noteDelay(behindMs: number): void {
    const worst = this.#worst;
    if (this.#nextMs - worst.sinceMs > 1_000) {
      this.#worst = { sinceMs: this.#nextMs, nowMs: behindMs, beforeMs: worst.nowMs };
    } else if (behindMs > worst.nowMs) {
      worst.nowMs = behindMs;
    }
  }
}
