import { array, assert, constant, int16Array, integer, oneof, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { SentAudio } from './sent-audio.ts';

const SAMPLES_PER_MS = 8;
const KEPT_SAMPLES = 16_000;

/** What was sent, as one long line from time 0 on. */
class Line {
  readonly #samples: number[] = [];

  sent(samples: Int16Array, atMs: number): void {
    while (this.#samples.length < atMs * SAMPLES_PER_MS) this.#samples.push(0);
    this.#samples.push(...samples);
  }

  cleared(nowMs: number): void {
    this.#samples.length = Math.min(this.#samples.length, nowMs * SAMPLES_PER_MS);
  }

  read(untilMs: number, length: number): number[] {
    const begin = untilMs * SAMPLES_PER_MS - length;
    const oldest = Math.max(0, this.#samples.length - KEPT_SAMPLES);
    return Array.from({ length }, (_, i) => (begin + i < oldest ? 0 : (this.#samples[begin + i] ?? 0)));
  }
}

const ms = integer({ min: 0, max: 1_500 });
const steps = array(
  oneof(
    record({
      step: constant('sent' as const),
      waitMs: ms,
      samples: int16Array({ minLength: 1, maxLength: 4_000 }),
    }),
    record({ step: constant('cleared' as const), waitMs: ms }),
    record({ step: constant('read' as const), waitMs: ms, length: integer({ min: 1, max: 9_000 }) }),
  ),
  { maxLength: 12 },
);

test('reads back the two seconds that were sent last, and silence around them', () => {
  assert(
    property(steps, (taken) => {
      const [audio, line] = [new SentAudio(8_000), new Line()];
      let nowMs = 0;
      for (const each of taken) {
        nowMs += each.waitMs;
        if (each.step === 'read') {
          const into = new Int16Array(each.length).fill(1);
          audio.read(nowMs, into);
          expect([...into]).toEqual(line.read(nowMs, each.length));
        } else if (each.step === 'cleared') for (const one of [audio, line]) one.cleared(nowMs);
        else for (const one of [audio, line]) one.sent(each.samples, nowMs);
      }
    }),
  );
});
