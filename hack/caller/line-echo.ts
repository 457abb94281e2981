import { samplesOf } from './samples.ts';

const LINE_HZ = 16_000;
const FRAME_SAMPLES = 320;

/** What comes back on the caller's line of the agent's words, as from a loudspeaker: later and softer. */
export class LineEcho {
  readonly #gain: number;
  /** The frames that are still under way, oldest first. */
  readonly #frames: (Int16Array | undefined)[];

  /** `level` in dB of what was heard, `delayMs` from the ear back to the line. */
  constructor({ level, delayMs }: { readonly level: number; readonly delayMs: number }) {
    this.#gain = 10 ** (level / 20);
    // One frame passes from hearing to speaking in any case.
    const frames = Math.max(1, Math.round((delayMs * LINE_HZ) / 1_000 / FRAME_SAMPLES));
    this.#frames = Array.from({ length: frames }, () => undefined);
  }

  /** 20 ms of what reached the ear; undefined for silence. */
  heard(frame: Int16Array | undefined): void {
    this.#frames.push(frame);
  }

  /** 20 ms of what the caller says, with the echo in it. */
  with(own: Int16Array | undefined): Int16Array | undefined {
    const echo = this.#frames.shift();
    if (!echo) return own;
    return samplesOf(Float32Array.from(echo, (sample, index) => sample * this.#gain + (own?.[index] ?? 0)));
  }
}
