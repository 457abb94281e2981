import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { MAX_ROWS, Memory, SileroModel } from './silero-model.ts';
import { DETECTOR_FRAME_SAMPLES } from './speech-detector.ts';

const FIXTURE = new URL('fixtures/my-name-is-alice-johnson-8khz.wav', import.meta.url);
const WAV_HEADER_BYTES = 44;
const speech = samplesOf(readFileSync(FIXTURE).subarray(WAV_HEADER_BYTES));
let model: SileroModel;
let reference: InferenceSession;

beforeAll(async () => {
  // Else it reports to its maker.
  vi.stubEnv('ORT_DISABLE_TELEMETRY', '1');
  model = SileroModel.load();
  reference = await InferenceSession.create(
    createRequire(import.meta.url).resolve('@ricky0123/vad-web/dist/silero_vad_v6.onnx'),
    { intraOpNumThreads: 1, interOpNumThreads: 1 },
  );
});

/** What a caller may sound like. */
const CALLERS: readonly [string, Int16Array][] = [
  ['speech', speech],
  ['quiet speech', speech.map((sample) => sample / 30)],
  ['overdriven speech', speech.map((sample) => Math.max(-32_768, Math.min(32_767, sample * 20)))],
  [
    'speech between silences',
    Int16Array.from([...new Int16Array(20_000), ...speech, ...new Int16Array(9_000)]),
  ],
  ['a tone', Int16Array.from({ length: 20_000 }, (_, i) => 9_000 * Math.sin(i * 0.35))],
  ['noise', noise(20_000)],
  ['the loudest that there is', new Int16Array(10_000).fill(-32_768)],
];

describe('the model', () => {
  test.each(CALLERS)('says the same of %s as onnxruntime', async (_, samples) => {
    const expected = await judgedByReference(samples);
    const [judged = []] = judgedTogether([samples]);
    expect(judged).toHaveLength(expected.length);
    expect(largestDifference(judged, expected)).toBeLessThan(1e-4);
  });

  test.each([2, 3, 5, MAX_ROWS])('says the same in a batch of %i', (rows) => {
    const callers = Array.from({ length: rows }, (_, row) => CALLERS[row % CALLERS.length]?.[1] ?? speech);
    const together = judgedTogether(callers);
    for (const [row, samples] of callers.slice(0, CALLERS.length).entries()) {
      const [alone = []] = judgedTogether([samples]);
      const until = together[row]?.length ?? 0;
      expect(until).toBeGreaterThan(30);
      expect(largestDifference(together[row] ?? [], alone.slice(0, until))).toBeLessThan(1e-5);
    }
  });

  test.each([0, MAX_ROWS + 1])('runs on no batch of %i', (rows) => {
    expect(() => model.run(rows)).toThrow(RangeError);
  });
});

function framesOf(samples: Int16Array): Int16Array[] {
  return Array.from({ length: Math.floor(samples.length / DETECTOR_FRAME_SAMPLES) }, (_, n) =>
    samples.subarray(n * DETECTOR_FRAME_SAMPLES, (n + 1) * DETECTOR_FRAME_SAMPLES),
  );
}

/** The probabilities of each caller's frames, as many as the shortest has. */
function judgedTogether(callers: readonly Int16Array[]): number[][] {
  const memories = callers.map(() => new Memory());
  const frames = callers.map(framesOf);
  const shortest = Math.min(...frames.map(({ length }) => length));
  const judged: number[][] = callers.map(() => []);
  for (let n = 0; n < shortest; n++) {
    for (const [row, memory] of memories.entries())
      model.put(row, memory, frames[row]?.[n] ?? new Int16Array());
    model.run(callers.length);
    for (const [row, memory] of memories.entries()) judged[row]?.push(model.take(row, memory));
  }
  return judged;
}

async function judgedByReference(samples: Int16Array): Promise<number[]> {
  const sr = new Tensor('int64', BigInt64Array.of(8_000n), []);
  let context = new Float32Array(32);
  let state = new Tensor('float32', new Float32Array(256), [2, 1, 128]);
  const judged: number[] = [];
  for (const frame of framesOf(samples)) {
    const input = Float32Array.from([...context, ...Float32Array.from(frame, (sample) => sample / 32_768)]);
    context = input.slice(-32);
    const { output, stateN } = await reference.run({
      input: new Tensor('float32', input, [1, 288]),
      state,
      sr,
    });
    state = stateN as typeof state;
    judged.push(Number(output?.data[0]));
  }
  return judged;
}

function largestDifference(some: readonly number[], others: readonly number[]): number {
  return Math.max(...some.map((value, i) => Math.abs(value - (others[i] ?? Number.NaN))));
}

function noise(length: number): Int16Array {
  let seed = 1;
  return Int16Array.from({ length }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return (seed / 2_147_483_647 - 0.5) * 8_000;
  });
}

function samplesOf(bytes: Buffer): Int16Array {
  return Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(i * 2));
}
