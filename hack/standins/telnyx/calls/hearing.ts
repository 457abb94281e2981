import { FRAME_MS } from '../media/play-out.ts';

/** A stretch of a call in which the caller hears the agent or the carrier's voice, or hears nothing. */
export interface Stretch {
  /** Milliseconds since the answer. */
  readonly atMs: number;
  readonly lengthMs: number;
  readonly kind: 'Sound' | 'Silence';
  /** How long the caller spoke in it. */
  readonly callerMs: number;
}

/** A shorter silence is a breath, and belongs to the sound around it. */
const BREATH_MS = 500;
const MAX_STRETCHES = 2_000;

/**
 * What the caller hears from the answer on, as stretches of sound and of silence. Told of each 20 ms frame
 * of the call; frames of which it is not told, as those with a person on the line, end a stretch.
 */
export class Hearing {
  readonly #stretches: Stretch[] = [];
  #current: { kind: Stretch['kind']; atMs: number; lengthMs: number; callerMs: number } | undefined;
  /** Silence at the end of a stretch of sound that may be a breath. */
  #breath = { lengthMs: 0, callerMs: 0 };
  #deadMs = 0;
  #firstSoundMs: number | undefined;
  #longestSilenceMs = 0;
  #longestWithoutAgentMs = 0;
  #withoutAgentMs = 0;

  /** Milliseconds from the answer to the first sound. */
  get firstSoundMs(): number | undefined {
    return this.#firstSoundMs;
  }

  /** The longest time in which neither side could be heard. */
  get longestSilenceMs(): number {
    return this.#longestSilenceMs;
  }

  /** The longest time in which the caller heard nothing, whether or not the caller spoke. */
  get longestWithoutAgentMs(): number {
    return this.#longestWithoutAgentMs;
  }

  /** All stretches so far, the one under way included. */
  stretches(): Stretch[] {
    const current = this.#current;
    if (!current) return [...this.#stretches];
    const breath = this.#breath;
    const last = { ...current, lengthMs: current.lengthMs + breath.lengthMs };
    return [...this.#stretches, { ...last, callerMs: current.callerMs + breath.callerMs }];
  }

  /** One frame at this time of the call. */
  frame(atMs: number, sounding: boolean, callerSpeaks: boolean): void {
    if (sounding) this.#firstSoundMs ??= atMs;
    this.#deadMs = sounding || callerSpeaks ? 0 : this.#deadMs + FRAME_MS;
    this.#withoutAgentMs = sounding ? 0 : this.#withoutAgentMs + FRAME_MS;
    if (this.#deadMs > this.#longestSilenceMs) this.#longestSilenceMs = this.#deadMs;
    if (this.#withoutAgentMs > this.#longestWithoutAgentMs)
      this.#longestWithoutAgentMs = this.#withoutAgentMs;
    const callerMs = callerSpeaks ? FRAME_MS : 0;
    const current = this.#current;
    if (current?.kind === 'Sound' && !sounding) this.#breathe(callerMs, atMs);
    else if (current && (current.kind === 'Sound') === sounding) this.#extend(callerMs);
    else {
      this.#end();
      this.#begin(sounding ? 'Sound' : 'Silence', atMs, { lengthMs: FRAME_MS, callerMs });
    }
  }

  /** Ends what is under way: a person is on the line now, or the call is over. */
  pause(): void {
    this.#end();
    this.#deadMs = 0;
    this.#withoutAgentMs = 0;
  }

  #breathe(callerMs: number, atMs: number): void {
    const breath = this.#breath;
    breath.lengthMs += FRAME_MS;
    breath.callerMs += callerMs;
    if (breath.lengthMs < BREATH_MS) return;
    const silence = { ...breath };
    this.#breath = { lengthMs: 0, callerMs: 0 };
    this.#end();
    this.#begin('Silence', atMs + FRAME_MS - silence.lengthMs, silence);
  }

  #extend(callerMs: number): void {
    const current = this.#current;
    if (!current) return;
    const breath = this.#breath;
    current.lengthMs += FRAME_MS + breath.lengthMs;
    current.callerMs += callerMs + breath.callerMs;
    breath.lengthMs = 0;
    breath.callerMs = 0;
  }

  #begin(kind: Stretch['kind'], atMs: number, soFar: { lengthMs: number; callerMs: number }): void {
    this.#current = { kind, atMs, ...soFar };
  }

  #end(): void {
    const stretches = this.stretches();
    const last = stretches.at(-1);
    if (this.#current && last && this.#stretches.length < MAX_STRETCHES) this.#stretches.push(last);
    this.#current = undefined;
    this.#breath = { lengthMs: 0, callerMs: 0 };
  }
}
