import type { Caller, CallerLine } from '#hack/standins/telnyx/calls/caller.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { CallerScript } from './caller-script.ts';
import { Utterances } from './utterances.ts';

export interface CallerSpeech {
  /** A sentence as 16 kHz audio. */
  synthesise(text: string, voice: CallerScript['voice'], signal: AbortSignal): Promise<Int16Array>;
  /** 16 kHz audio to lower-case words. */
  recognise(audio: Int16Array, signal: AbortSignal): Promise<string>;
}

export interface CallerReport {
  readonly kind: 'script';
  /** Times are milliseconds from the answer; what was pressed is among what was said. */
  readonly said: readonly { readonly atMs: number; readonly text: string }[];
  readonly heard: readonly { readonly atMs: number; readonly text: string }[];
  /** Why the caller hung up; absent while the call goes on, and when the agent did. */
  readonly endedBecause?: string;
  /** What went wrong with the caller's own ears and mouth. */
  readonly problems: readonly string[];
}

const FRAME_MS = 20;
const FRAME_SAMPLES = 320;
const CLOSING_PAUSE_MS = 1_500;
/** Between two keys. */
const KEY_MS = 300;

/**
 * A caller with a script: waits until the agent has finished, understands it by speech recognition,
 * and gives the answer that fits. Its clock is the frames of the line.
 */
export class ScriptedCaller implements Caller {
  readonly #script: CallerScript;
  readonly #line: CallerLine;
  readonly #speech: CallerSpeech;
  readonly #utterances: Utterances;
  readonly #ending = new AbortController();
  readonly #said: { atMs: number; text: string }[] = [];
  readonly #heard: { atMs: number; text: string }[] = [];
  readonly #problems: string[] = [];
  #endedBecause: string | undefined;
  #nowMs = 0;
  /** The first step that was not said. */
  #next = 0;
  /** The agent's words since the caller last spoke. */
  #words = '';
  #understanding = 0;
  #speaking: { readonly samples: Int16Array; used: number } | undefined;
  #keys: readonly string[] = [];
  #nextKeyAtMs = 0;
  #planned: { readonly atMs: number; readonly run: () => void } | undefined;
  #lastSoundMs = 0;

  constructor(script: CallerScript, line: CallerLine, speech: CallerSpeech) {
    this.#script = script;
    this.#line = line;
    this.#speech = speech;
    this.#utterances = new Utterances(script.endOfSpeechMs);
  }

  speak(): Int16Array | undefined {
    const speaking = this.#speaking;
    if (!speaking) return undefined;
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(speaking.samples.subarray(speaking.used, speaking.used + FRAME_SAMPLES));
    speaking.used += FRAME_SAMPLES;
    if (speaking.used >= speaking.samples.length) this.#speaking = undefined;
    this.#lastSoundMs = this.#nowMs;
    return frame;
  }

  hear(audio: Int16Array | undefined): void {
    this.#nowMs += FRAME_MS;
    const utterance = this.#utterances.take(audio);
    if (this.#utterances.speaking) {
      // What was planned is for an agent who had finished.
      this.#planned = undefined;
      this.#lastSoundMs = this.#nowMs;
    }
    if (utterance) void this.#understand(utterance);
    this.#pressNext();
    if (this.#planned && this.#nowMs >= this.#planned.atMs) {
      const { run } = this.#planned;
      this.#planned = undefined;
      run();
    }
    if (this.#nowMs >= this.#script.maxMs) this.#hangUp('the call took too long');
    else if (this.#isSilent()) this.#hangUp('nothing was heard for too long');
  }

  ended(): void {
    this.#planned = undefined;
    this.#speaking = undefined;
    this.#keys = [];
    this.#ending.abort();
  }

  report(): CallerReport {
    return {
      kind: 'script',
      said: this.#said,
      heard: this.#heard,
      problems: this.#problems,
      ...(this.#endedBecause === undefined ? {} : { endedBecause: this.#endedBecause }),
    };
  }

  #isSilent(): boolean {
    return this.#understanding === 0 && this.#nowMs - this.#lastSoundMs >= this.#script.silenceMs;
  }

  async #understand(utterance: Int16Array): Promise<void> {
    const atMs = this.#nowMs;
    this.#understanding += 1;
    try {
      const text = await this.#speech.recognise(utterance, this.#ending.signal);
      if (this.#ending.signal.aborted) return;
      this.#heard.push({ atMs, text });
      this.#words = `${this.#words} ${text}`.trim();
      // An agent who has gone on speaking is heard out first.
      if (!this.#utterances.speaking) this.#decide();
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#problems.push(messageOf(error));
    } finally {
      this.#understanding -= 1;
      this.#lastSoundMs = this.#nowMs;
    }
  }

  #decide(): void {
    const { steps, closing, thinkMs, patienceMs } = this.#script;
    const step = this.#matchingStep();
    if (step !== undefined) {
      this.#plan(thinkMs, () => void this.#say(step));
    } else if (this.#next < steps.length) {
      this.#plan(patienceMs, () => void this.#say(this.#next));
    } else if (holdsAny(this.#words, closing)) {
      this.#plan(CLOSING_PAUSE_MS, () => this.#hangUp('the agent said goodbye'));
    }
  }

  /** The expected step if its words were heard, or else any that was said before: the agent asks again. */
  #matchingStep(): number | undefined {
    const { steps, closing } = this.#script;
    const fits = (index: number) => holdsAny(this.#words, steps[index]?.expect ?? []);
    if (this.#next < steps.length && fits(this.#next)) return this.#next;
    if (this.#next >= steps.length && holdsAny(this.#words, closing)) return undefined;
    const other = steps.findIndex((_step, index) => fits(index));
    return other === -1 ? undefined : other;
  }

  async #say(index: number): Promise<void> {
    const step = this.#script.steps[index];
    if (!step) return;
    this.#words = '';
    this.#next = Math.max(this.#next, index + 1);
    if ('press' in step) {
      this.#said.push({ atMs: this.#nowMs, text: step.press });
      this.#keys = step.press.split('');
      return;
    }
    const text = step.say;
    try {
      const samples = await this.#speech.synthesise(text, this.#script.voice, this.#ending.signal);
      if (this.#ending.signal.aborted) return;
      this.#said.push({ atMs: this.#nowMs, text });
      this.#speaking = { samples, used: 0 };
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#problems.push(messageOf(error));
    }
  }

  #pressNext(): void {
    const [key, ...others] = this.#keys;
    if (key === undefined || this.#nowMs < this.#nextKeyAtMs) return;
    this.#keys = others;
    this.#nextKeyAtMs = this.#nowMs + KEY_MS;
    this.#lastSoundMs = this.#nowMs;
    this.#line.press(key);
  }

  #plan(afterMs: number, run: () => void): void {
    this.#planned = { atMs: this.#nowMs + afterMs, run };
  }

  #hangUp(because: string): void {
    if (this.#ending.signal.aborted) return;
    this.#endedBecause = because;
    this.#line.hangUp();
  }
}

function holdsAny(words: string, wanted: readonly string[]): boolean {
  const heard = new Set(words.split(/\s+/));
  return wanted.some((word) => heard.has(word.toLowerCase()));
}
