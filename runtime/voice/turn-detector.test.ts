import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';
import { TurnDetector, type Utterance } from './turn-detector.ts';
import { DEFAULT_VOICE_OPTIONS } from './voice-options.ts';

interface Frames {
  readonly count: number;
  readonly probability: number;
  readonly level?: number;
}

const SPEECH = { probability: 1, level: 5_000 };
const SILENCE = { probability: 0 };
const BEFORE = { count: 30, ...SILENCE };

/** The turns that are over once all frames were heard, of a caller of whom nothing is known. */
async function turnsIn(...heard: readonly Frames[]): Promise<Utterance[]> {
  const clock = new FakeClock(0);
  const ended: Utterance[] = [];
  const detector = new TurnDetector(
    { ...DEFAULT_VOICE_OPTIONS, clock, endpointing: { minMs: 400, maxMs: 1_500 } },
    {
      speech: () => {},
      paused: (pause) => void pause.settled.then((turn) => turn && ended.push(turn)),
      ended: () => {},
    },
  );
  for (const { count, probability, level = 0 } of heard) {
    for (let frame = 0; frame < count; frame++) {
      await clock.advance(DETECTOR_FRAME_MS);
      detector.push({
        samples: new Int16Array(256),
        narrow: new Int16Array(256).fill(level),
        probability,
        arrival: { dueAtMs: 0, cameAtMs: 0 },
      });
    }
  }
  return ended;
}

test('a turn lasts from its first to its last speech, whatever audio from before it is kept', async () => {
  const ended = await turnsIn(BEFORE, { count: 30, ...SPEECH }, { count: 40, ...SILENCE });
  expect(ended).toMatchObject([{ startedAtMs: 30 * DETECTOR_FRAME_MS, endedAtMs: 60 * DETECTOR_FRAME_MS }]);
});

/** A frame less than the silence that ends a turn. */
const ALMOST_OVER = { count: 39, ...SILENCE };

test.each([
  ['goes on with a word that is not sure to be one yet', 5, { count: 30, ...SPEECH }, 0],
  ['is over in noise that is no word', 10, { count: 0, ...SILENCE }, 1],
])('a turn whose silence is almost over %s', async (_, count, then, turns) => {
  const sound = { count, probability: 0.2, level: 2_000 };
  expect(await turnsIn(BEFORE, { count: 30, ...SPEECH }, ALMOST_OVER, sound, then)).toHaveLength(turns);
});
