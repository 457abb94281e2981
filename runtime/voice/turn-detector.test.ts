import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';
import { TurnDetector, type Utterance } from './turn-detector.ts';
import { DEFAULT_VOICE_OPTIONS } from './voice-options.ts';

test('a turn lasts from its first to its last speech, whatever audio from before it is kept', async () => {
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
  for (let frame = 0; frame < 100; frame++) {
    await clock.advance(DETECTOR_FRAME_MS);
    detector.push({
      samples: new Int16Array(256),
      narrow: new Int16Array(256),
      probability: frame >= 30 && frame < 60 ? 1 : 0,
      arrival: { dueAtMs: 0, cameAtMs: 0 },
    });
  }
  expect(ended).toMatchObject([{ startedAtMs: 30 * DETECTOR_FRAME_MS, endedAtMs: 60 * DETECTOR_FRAME_MS }]);
});
