import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { concatenated } from '#runtime/media/concatenated.ts';
import { Resampler } from '#runtime/media/resampler.ts';
import { openCoders, throughLine } from '#runtime/media/testing/open-coders.ts';
import { CallerAudio } from './caller-audio.ts';
import { DETECTOR_FRAME_MS, DETECTOR_FRAME_SAMPLES, type SpeechDetector } from './speech-detector.ts';
import { TurnDetector, type Utterance } from './turn-detector.ts';
import { VoiceActivity } from './voice-activity.ts';
import { DEFAULT_VOICE_OPTIONS } from './voice-options.ts';

const FIXTURE = new URL('fixtures/my-name-is-alice-johnson-8khz.wav', import.meta.url);
const WAV_HEADER_BYTES = 44;
/** A second of silence, 2.25 s of speech, two seconds of silence. */
const speech = padded(samplesOf(readFileSync(FIXTURE).subarray(WAV_HEADER_BYTES)));
/** Speech is fed here many times faster than it is spoken, so it is not collected for as long. */
const hasty: Clock = { ...systemClock, after: (_ms, fn) => systemClock.after(0, fn) };
let activity: VoiceActivity;
let dropped = 0;

beforeAll(async () => {
  const observer = { frameDropped: () => void dropped++ };
  activity = new VoiceActivity({ clock: hasty, log: silentLogger, observer });
});

describe('voice activity', () => {
  test('is high in speech and low in silence', async () => {
    const probabilities = await judged(activity.open(), speech);
    expect(Math.max(...probabilities.slice(0, 25))).toBeLessThan(0.35);
    expect(Math.max(...probabilities.slice(-20))).toBeLessThan(0.35);
    const spoken = probabilities.filter((probability) => probability >= 0.5).length * DETECTOR_FRAME_MS;
    expect(spoken).toBeGreaterThan(1_500);
  });

  test('does not depend on which calls share a run', async () => {
    const alone = await judged(activity.open(), speech);
    const silence = new Int16Array(speech.length);
    const [together, others] = await Promise.all([
      judged(activity.open(), speech),
      judged(activity.open(), silence),
      ...Array.from({ length: 40 }, () => judged(activity.open(), speech)),
    ]);
    expect(together.length).toBe(alone.length);
    const difference = Math.max(...together.map((value, i) => Math.abs(value - (alone[i] ?? 0))));
    expect(difference).toBeLessThan(0.001);
    expect(Math.max(...others)).toBeLessThan(0.35);
  });

  test('leaves out every other spare frame of a silent caller, and none of a speaking one', async () => {
    const silence = hiss(speech.length);
    const noisy = speech.map((sample, i) => sample + (silence[i] ?? 0));
    const before = activity.judged;
    await judged(activity.open(), silence, true);
    expect(activity.judged - before).toBe(Math.ceil(Math.floor(silence.length / DETECTOR_FRAME_SAMPLES) / 2));
    const all = await judged(activity.open(), noisy);
    const spared = await judged(activity.open(), noisy, true);
    const spoken = (probabilities: readonly number[]) => probabilities.filter((value) => value >= 0.5).length;
    expect(spared).toHaveLength(all.length);
    expect(Math.abs(spoken(spared) - spoken(all))).toBeLessThan(6);
  });

  test('leaves a line that is still to itself, and hears the same speech after it', async () => {
    const call = concatenated([speech, speech, speech]);
    const noise = hiss(call.length);
    const before = activity.judged;
    const still = await judged(activity.open(), call);
    const ofStill = activity.judged - before;
    const noisy = await judged(
      activity.open(),
      call.map((sample, i) => sample + (noise[i] ?? 0)),
    );
    expect(activity.judged - before - ofStill).toBe(noisy.length);
    // Of 15.75 s: 6.75 s of speech, and a quarter of a second of each of the four silences.
    expect(ofStill).toBeLessThan(0.7 * still.length);
    const spoken = (probabilities: readonly number[]) => probabilities.filter((p) => p >= 0.5).length;
    expect(Math.abs(spoken(still) - spoken(noisy))).toBeLessThanOrEqual(9);
  });

  test('judges each frame of a burst, and a call that stays behind by its newest, and answers for all in order', async () => {
    const judge = async (detector: SpeechDetector, frames: number) => {
      const before = activity.judged;
      expect(await answers(detector, frames)).toEqual(Array.from({ length: frames }, (_, frame) => frame));
      return activity.judged - before;
    };
    const detector = activity.open();
    expect(await judge(detector, 90)).toBe(90);
    expect(await judge(detector, 10)).toBe(1);
    expect(await judge(detector, 3)).toBe(3);
    expect(await judge(detector, 10)).toBe(10);
  });

  test('finds the speech in a burst of three seconds', async () => {
    const noise = hiss(speech.length);
    const noisy = speech.map((sample, i) => sample + (noise[i] ?? 0)).subarray(0, 3 * 8_000);
    const steady = await judged(activity.open(), noisy);
    const detector = activity.open();
    const burst = await Promise.all(framesOf(noisy).map((frame) => probabilityOf(detector, frame)));
    expect(burst).toEqual(steady);
  });

  test('answers for the later frames of a call whose turns break over an earlier one, and for other calls', async () => {
    const broken = activity.open();
    const answer = (frames: number) => answers(broken, frames, (frame) => frame % 2 === 0);
    expect(await answer(5)).toEqual([0, 1, 2, 3, 4]);
    // All by the newest now.
    expect(await answer(5)).toEqual([0, 1, 2, 3, 4]);
    await judged(activity.open(), new Int16Array(DETECTOR_FRAME_SAMPLES));
  });

  test('judges many calls that all stay behind, and those that end meanwhile, in as many runs as it takes', async () => {
    const detectors = Array.from({ length: 80 }, () => activity.open());
    await Promise.all(detectors.map((detector) => answers(detector, 4)));
    const before = activity.judged;
    const answered = detectors.map((detector) => answers(detector, 4));
    // The others are of the second run, which their end leaves without any.
    for (const detector of detectors.slice(64)) detector.close();
    await Promise.all(answered.slice(0, 64));
    await judged(activity.open(), new Int16Array(DETECTOR_FRAME_SAMPLES));
    expect(activity.judged - before).toBe(65);
  });

  test('says nothing after close, and a call that is far behind loses frames instead of piling them up', () => {
    const detector = activity.open();
    const before = dropped;
    const results: number[] = [];
    for (let i = 0; i < 200; i++) {
      detector.detect(new Int16Array(DETECTOR_FRAME_SAMPLES), (probability) => results.push(probability));
    }
    expect(dropped - before).toBe(44);
    detector.close();
    detector.detect(new Int16Array(DETECTOR_FRAME_SAMPLES), (probability) => results.push(probability));
    expect(results).toEqual([]);
  });
});

describe('the turn of a speaking caller', () => {
  test.each([
    ['PCMU', 8_000],
    ['PCMA', 8_000],
    ['G722', 8_000],
    ['L16', 16_000],
    ['OPUS', 16_000],
    ['OPUS', 48_000],
  ])('is found once and whole in %s at %i Hz', async (encoding, announcedHz) => {
    const coders = await openCoders(encoding, announcedHz);
    const { sampleRateHz } = coders.decoder;
    const line = throughLine(coders, new Resampler(8_000, coders.encoder.sampleRateHz).process(speech));
    const utterances: Utterance[] = [];
    const turns = new TurnDetector(
      { ...DEFAULT_VOICE_OPTIONS, endpointing: { minMs: 400, maxMs: 1_500 }, clock: systemClock },
      {
        speech: () => {},
        paused: () => {},
        ended: ({ settled }) => void settled.then((utterance) => utterance && utterances.push(utterance)),
      },
    );
    const detector = activity.open();
    const frames = Math.floor(line.length / ((sampleRateHz * DETECTOR_FRAME_MS) / 1000));
    await new Promise<void>((resolve) => {
      let seen = 0;
      const audio = new CallerAudio(sampleRateHz, detector, {
        onFrame(frame) {
          turns.push(frame);
          if (++seen === frames) resolve();
        },
      });
      feedSlowly(line, sampleRateHz / 50, (piece) => audio.push(piece, { dueAtMs: 0, cameAtMs: 0 }));
    });
    expect(utterances).toHaveLength(1);
    const [utterance] = utterances;
    expect(utterance?.durationMs).toBeGreaterThan(2_000);
    expect(utterance?.durationMs).toBeLessThan(3_000);
    expect(utterance?.samples.length).toBe(((utterance?.durationMs ?? 0) * sampleRateHz) / 1000);
  });
});

/** The probabilities of all whole frames, fed no faster than they are judged. */
/** As they come one by one. */
async function judged(detector: SpeechDetector, samples: Int16Array, spare = false): Promise<number[]> {
  const probabilities: number[] = [];
  for (const frame of framesOf(samples)) probabilities.push(await probabilityOf(detector, frame, spare));
  detector.close();
  return probabilities;
}

function framesOf(samples: Int16Array): Int16Array[] {
  return Array.from({ length: Math.floor(samples.length / DETECTOR_FRAME_SAMPLES) }, (_, i) =>
    samples.slice(i * DETECTOR_FRAME_SAMPLES, (i + 1) * DETECTOR_FRAME_SAMPLES),
  );
}

function probabilityOf(detector: SpeechDetector, frame: Int16Array, spare = false): Promise<number> {
  return new Promise((resolve) => detector.detect(frame, resolve, spare));
}

/** The numbers of frames that come at once, in the order in which they are answered. */
function answers(
  detector: SpeechDetector,
  frames: number,
  breaksOver: (frame: number) => boolean = () => false,
): Promise<number[]> {
  const answered: number[] = [];
  const noise = hiss(DETECTOR_FRAME_SAMPLES);
  return new Promise((resolve) => {
    for (let frame = 0; frame < frames; frame++) {
      detector.detect(noise, () => {
        if (answered.push(frame) === frames) resolve(answered);
        if (breaksOver(frame)) throw new Error('its turns are broken');
      });
    }
  });
}

/** Gives the detector its turns in between, so that its bounded queue holds. */
function feedSlowly(samples: Int16Array, size: number, push: (piece: Int16Array) => void): void {
  let at = 0;
  const next = () => {
    if (at >= samples.length) return;
    push(samples.subarray(at, at + size));
    at += size;
    setTimeout(next, 0);
  };
  next();
}

/** A line's noise that can be heard: about −47 dB of full scale. */
function hiss(length: number): Int16Array {
  let seed = 1;
  return Int16Array.from({ length }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return (seed / 2_147_483_647 - 0.5) * 500;
  });
}

function padded(samples: Int16Array): Int16Array {
  const whole = new Int16Array(samples.length + 24_000);
  whole.set(samples, 8_000);
  return whole;
}

function samplesOf(bytes: Buffer): Int16Array {
  return Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(i * 2));
}
