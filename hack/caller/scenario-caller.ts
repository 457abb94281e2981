import type { Caller, CallerLine } from '#hack/standins/telnyx/calls/caller.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { noise } from '#runtime/voice/scenarios/noise.ts';
import type { CallerStep } from '#runtime/voice/scenarios/scenario.ts';
import { StepPace } from '#runtime/voice/scenarios/step-pace.ts';
import { LineEcho } from './line-echo.ts';
import { samplesOf } from './samples.ts';
import type { ScenarioScript } from './scenario-script.ts';
import type { CallerReport, CallerSpeech } from './scripted-caller.ts';
import { spokenPart } from './spoken-part.ts';

export interface ScenarioReport extends Omit<CallerReport, 'kind' | 'heard'> {
  readonly kind: 'scenario';
  /** What was to befall the pod that holds the call by now. */
  readonly pods: readonly ('dies' | 'gives')[];
}

/**
 * The caller of a scenario, with real speech: says and does each thing at its time, whatever the agent says. Its clock
 * is the frames of the line.
 */
export class ScenarioCaller implements Caller {
  readonly hearsSoundOnly: boolean;
  readonly #script: ScenarioScript;
  readonly #line: CallerLine;
  readonly #pace: StepPace;
  readonly #echo: LineEcho | undefined;
  readonly #ending = new AbortController();
  readonly #sounds: ReadonlyMap<CallerStep, Promise<Int16Array>>;
  readonly #said: { atMs: number; text: string }[] = [];
  readonly #pods: ('dies' | 'gives')[] = [];
  readonly #problems: string[] = [];
  #endedBecause: string | undefined;
  #nowMs = 0;
  /** What is being said, and how much of it was; undefined while it is still being made. */
  #sound: { readonly samples: Int16Array | undefined; used: number } | undefined;
  #keys: readonly string[] = [];
  #nextKeyAtMs = 0;

  constructor(script: ScenarioScript, line: CallerLine, speech: Pick<CallerSpeech, 'synthesise'>) {
    this.#script = script;
    this.#line = line;
    this.#pace = new StepPace(script.steps, { breathMs: BREATH_MS, politeMs: POLITE_MS });
    this.#echo = script.echo && new LineEcho(script.echo);
    this.hearsSoundOnly = this.#echo === undefined;
    this.#sounds = new Map(script.steps.map((step) => [step, this.#soundOf(step, speech)]));
  }

  speak(): Int16Array | undefined {
    const own = this.#ownFrame();
    return this.#echo ? this.#echo.with(own) : own;
  }

  hear(audio: Int16Array | undefined, sounding: boolean): void {
    this.#nowMs += FRAME_MS;
    this.#echo?.heard(audio);
    this.#pace.heard(sounding);
    this.#pressNext();
    if (this.#sound || this.#keys.length > 0) this.#pace.occupied();
    else this.#begin(this.#pace.take());
    if (this.#nowMs >= this.#script.endsAfterMs) this.#hangUp('the scenario ends here');
  }

  ended(): void {
    this.#sound = undefined;
    this.#keys = [];
    this.#ending.abort();
  }

  report(): ScenarioReport {
    return {
      kind: 'scenario',
      said: this.#said,
      pods: this.#pods,
      problems: this.#problems,
      ...(this.#endedBecause === undefined ? {} : { endedBecause: this.#endedBecause }),
    };
  }

  #ownFrame(): Int16Array | undefined {
    const sound = this.#sound;
    if (!sound?.samples) return undefined;
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(sound.samples.subarray(sound.used, sound.used + FRAME_SAMPLES));
    sound.used += FRAME_SAMPLES;
    if (sound.used >= sound.samples.length) this.#sound = undefined;
    return frame;
  }

  #begin(step: CallerStep | undefined): void {
    if (!step || this.#ending.signal.aborted) return;
    const text = describe(step);
    if (text !== undefined) this.#said.push({ atMs: this.#nowMs, text });
    if ('say' in step || 'noise' in step) void this.#play(step);
    if ('press' in step) this.#keys = step.press.split('');
    if ('pod' in step) this.#pods.push(step.pod);
    if ('hangUp' in step) this.#hangUp('the caller of the scenario hangs up');
  }

  /** It was made while it rang, so that this takes no time but on a very busy machine. */
  async #play(step: CallerStep): Promise<void> {
    const sound = { samples: undefined, used: 0 };
    this.#sound = sound;
    const samples = await this.#sounds.get(step);
    if (this.#sound !== sound) return;
    this.#sound = samples && samples.length > 0 ? { samples, used: 0 } : undefined;
  }

  /** Empty where it could not be made, which is among the problems then. */
  async #soundOf(step: CallerStep, speech: Pick<CallerSpeech, 'synthesise'>): Promise<Int16Array> {
    if ('noise' in step) return noise((step.noise * LINE_HZ) / 1_000, NOISE_PEAK * gainOf(step.level));
    if (!('say' in step)) return new Int16Array(0);
    try {
      const parts = await Promise.all(partsOf(step.say).map((part) => this.#partOf(part, speech)));
      return samplesOf(Float32Array.from(joined(parts), (sample) => sample * gainOf(step.level)));
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#problems.push(messageOf(error));
      return new Int16Array(0);
    }
  }

  async #partOf(part: string | number, speech: Pick<CallerSpeech, 'synthesise'>): Promise<Int16Array> {
    if (typeof part === 'number') return new Int16Array((part * LINE_HZ) / 1_000);
    return spokenPart(await speech.synthesise(part, this.#script.voice, this.#ending.signal));
  }

  #pressNext(): void {
    const [key, ...others] = this.#keys;
    if (key === undefined || this.#nowMs < this.#nextKeyAtMs) return;
    this.#keys = others;
    this.#nextKeyAtMs = this.#nowMs + KEY_MS;
    this.#line.press(key);
  }

  #hangUp(because: string): void {
    if (this.#ending.signal.aborted) return;
    this.#endedBecause = because;
    this.#line.hangUp();
  }
}

/** The words of a step, and between them the lengths of its pauses in ms. */
export function partsOf(say: string): (string | number)[] {
  return say
    .split(/\[(\d+)\]/)
    .map((part, index) => (index % 2 === 1 ? Number(part) : part.trim()))
    .filter((part) => part !== '');
}

const FRAME_MS = 20;
const LINE_HZ = 16_000;
const FRAME_SAMPLES = 320;
/** Between two keys, as quick as one types. */
const KEY_MS = 200;
/** Silence between two sentences of a voice. */
const BREATH_MS = 400;
/** Longer than an agent takes to find that what interrupted it was no word, and to speak on. */
const POLITE_MS = 1_000;
/** As loud as the voice. */
const NOISE_PEAK = 12_000;

function gainOf(level: number): number {
  return 10 ** (level / 20);
}

function joined(parts: readonly Int16Array[]): Int16Array {
  const samples = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}

/** As one reads it in the conversation; undefined where nothing is done. */
function describe(step: CallerStep): string | undefined {
  if ('say' in step)
    return `${step.say.replace(/\s*\[\d+\]\s*/g, ' … ')}${step.level < 0 ? ` (${step.level} dB)` : ''}`;
  if ('noise' in step) return `(a noise of ${step.noise / 1_000} s)`;
  if ('press' in step) return `(keys: ${step.press})`;
  if ('pod' in step) return step.pod === 'dies' ? '(now the pod dies)' : '(now the pod gives the call away)';
  return 'hangUp' in step ? '(hangs up)' : undefined;
}
