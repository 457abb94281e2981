import { expect, test } from 'vitest';
import { playScenario } from './scenarios/play-scenario.ts';
import { scenarioSchema } from './scenarios/scenario.ts';

const call = { title: 'The model takes its time', model: [['Nice to meet you.']], llm: ['hangs'] };

test('a caller who waits for an answer hears within two seconds that it is on its way, and later again', async () => {
  const scenario = scenarioSchema.parse({
    ...call,
    call: [{ say: 'alice' }, { silence: 9_000 }],
    endsAfterMs: 16_000,
  });
  const { text: transcript } = (await playScenario(scenario)).transcript;
  const [, spoke = Number.NaN] = /–([\d.]+) +Caller: alice/.exec(transcript)?.map(Number) ?? [];
  const [, filler = Number.NaN] =
    /([\d.]+)–[\d.]+ +Agent: One moment please\./.exec(transcript)?.map(Number) ?? [];
  expect(filler - spoke).toBeLessThan(2);
  expect(transcript).toContain('What number can we call you back on?');
});

test('a caller who speaks meanwhile is answered to all of it', async () => {
  const steps = [
    { say: 'my name is alice' },
    { say: 'wait it is alice johnson', after: 3_000 },
    { silence: 12_000 },
  ];
  const scenario = scenarioSchema.parse({ ...call, call: steps, endsAfterMs: 24_000 });
  const { text: transcript } = (await playScenario(scenario)).transcript;
  expect(transcript).toMatch(/Agent: One moment .*\n.*Caller: wait it is alice johnson/);
});
