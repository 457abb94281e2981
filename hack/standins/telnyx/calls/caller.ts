import type { CodedFrame } from '../media/coded-audio.ts';

/** What a caller can do besides speaking. */
export interface CallerLine {
  hangUp(): void;
  /** Presses a key: `0`–`9`, `*`, `#`. */
  press(digit: string): void;
}

/** The person at the other end. Both sides are asked and told every 20 ms from the answer on, at 16 kHz. */
export interface Caller {
  /** Is told only whether there is sound and not what: where hundreds call, that spares the decoding. */
  readonly hearsSoundOnly?: boolean;
  /** The next 320 samples; undefined for silence. */
  speak(): Int16Array | CodedFrame | undefined;
  /** What reached the ear in the last 20 ms; undefined for silence, and where only sound is heard. */
  hear(audio: Int16Array | undefined, sounding: boolean): void;
  ended(): void;
  /** What the ledger shows of it: JSON. */
  report(): unknown;
}

/** Makes the caller that `spec` of a placed call describes; throws ApiError when it cannot be read. */
export type OpenCaller = (spec: unknown, line: CallerLine) => Caller;

/** A caller who listens and says nothing. */
export const openSilentCaller: OpenCaller = () => ({
  hearsSoundOnly: true,
  speak: () => undefined,
  hear: () => undefined,
  ended: () => undefined,
  report: () => ({ kind: 'silent' }),
});
