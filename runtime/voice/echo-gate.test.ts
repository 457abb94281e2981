import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MU_LAW } from '#runtime/media/g711.ts';
import { SentAudio } from '#runtime/media/sent-audio.ts';
import { EchoGate } from './echo-gate.ts';
import { AUDIBLE_LEVEL, isAudible } from './loudness.ts';
import { DETECTOR_FRAME_MS, DETECTOR_FRAME_SAMPLES } from './speech-detector.ts';

const FIXTURE = new URL('fixtures/my-name-is-alice-johnson-8khz.wav', import.meta.url);
const WAV_HEADER_BYTES = 44;
const speech = samplesOf(readFileSync(FIXTURE).subarray(WAV_HEADER_BYTES));
/** Somebody else, with the same voice and other sounds. */
const other = speech.toReversed();
const START_MS = 10_000;

/** The share of the audible frames of a line that are taken for an echo of `speech`, which is played from the start on. */
function echoShare(line: Int16Array, jitterMs = 0): number {
  const sent = new SentAudio(8_000);
  const gate = new EchoGate(sent);
  let [audible, echoes] = [0, 0];
  for (let at = 0; at + DETECTOR_FRAME_SAMPLES <= line.length; at += DETECTOR_FRAME_SAMPLES) {
    // The playout is ahead of what is heard.
    for (let piece = at; piece < at + DETECTOR_FRAME_SAMPLES; piece += 128) {
      if (piece < speech.length) sent.sent(speech.subarray(piece, piece + 128), START_MS + piece / 8);
    }
    const frame = line.subarray(at, at + DETECTOR_FRAME_SAMPLES);
    const isSpeech = isAudible(frame, AUDIBLE_LEVEL);
    const cameAtMs = START_MS + at / 8 + DETECTOR_FRAME_MS + jitterMs * ((at / DETECTOR_FRAME_SAMPLES) % 2);
    if (gate.isEcho(frame, cameAtMs, isSpeech)) echoes++;
    if (isSpeech) audible++;
  }
  return echoes / audible;
}

/** Later, softer, and through the carrier's codec. */
function echoOf(samples: Int16Array, delayMs: number, level: number): Int16Array {
  const echo = new Int16Array(samples.length + delayMs * 8);
  samples.forEach((sample, i) => {
    echo[i + delayMs * 8] = sample * 10 ** (level / 20);
  });
  return coded(echo);
}

function coded(samples: Int16Array): Int16Array {
  return samples.map((sample) => MU_LAW.toLinear[MU_LAW.toCode[sample + 32_768] ?? 0] ?? 0);
}

function mixed(...lines: readonly Int16Array[]): Int16Array {
  const length = Math.max(...lines.map((line) => line.length));
  return Int16Array.from({ length }, (_, i) => lines.reduce((sum, line) => sum + (line[i] ?? 0), 0));
}

describe('an echo of the agent', () => {
  test.each([
    ['at -20 dB after 150 ms', echoOf(speech, 150, -20)],
    ['louder and late', echoOf(speech, 600, -6)],
    ['at once', echoOf(speech, 0, -12)],
    [
      'from a room with walls',
      mixed(echoOf(speech, 150, -16), echoOf(speech, 153, -24), echoOf(speech, 161, -28)),
    ],
  ])('%s is no speech', (_, line) => {
    expect(echoShare(line)).toBeGreaterThan(0.9);
  });

  test('is found where frames come unevenly', () => {
    expect(echoShare(echoOf(speech, 150, -20), 20)).toBeGreaterThan(0.9);
  });
});

describe('a caller', () => {
  test.each([
    ['alone', other],
    ['beside the echo', mixed(other, echoOf(speech, 150, -20))],
    [
      'who speaks softly beside it',
      mixed(coded(other.map((sample) => sample / 4)), echoOf(speech, 150, -26)),
    ],
  ])('%s is heard', (_, line) => {
    expect(echoShare(line)).toBeLessThan(0.1);
  });

  test('is heard where nothing was sent', () => {
    const gate = new EchoGate(new SentAudio(8_000));
    expect(gate.isEcho(speech.subarray(4_000, 4_256), START_MS, true)).toBe(false);
  });
});

function samplesOf(bytes: Buffer): Int16Array {
  return Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(i * 2));
}
