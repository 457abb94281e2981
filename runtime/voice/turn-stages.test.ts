import { expect, test } from 'vitest';
import { turnStages } from './turn-stages.ts';

test.each([
  [
    'one after another',
    { endedAtMs: 700, recognisedAtMs: 950, textAtMs: 1_250, soundAtMs: 1_450, startedAtMs: 1_455 },
    { endpointingMs: 700, sttMs: 250, llmMs: 300, ttsMs: 200, ownMs: 5 },
  ],
  [
    'with all engines done before it was certain that the caller had finished',
    { endedAtMs: 700, recognisedAtMs: 300, textAtMs: 400, soundAtMs: 500, startedAtMs: 702 },
    { endpointingMs: 700, sttMs: 0, llmMs: 0, ttsMs: 0, ownMs: 2 },
  ],
  [
    'with the words recognised before, and the rest after',
    { endedAtMs: 500, recognisedAtMs: 450, textAtMs: 750, soundAtMs: 950, startedAtMs: 951 },
    { endpointingMs: 500, sttMs: 0, llmMs: 250, ttsMs: 200, ownMs: 1 },
  ],
])('the time before an answer is split up %s', (_, times, stages) => {
  const { startedAtMs, ...at } = times;
  expect(turnStages(at, at, { spokeUntilMs: 0, startedAtMs })).toEqual(stages);
});
