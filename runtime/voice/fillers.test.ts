import { expect, test } from 'vitest';
import { phrasesFor } from '#runtime/workflow/phrases/phrases.ts';
import { playScenario } from './scenarios/play-scenario.ts';
import { scenarioSchema } from './scenarios/scenario.ts';

const HEARING_FAILED = phrasesFor('en').hearingFailed;
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

test('a caller who waits to be understood hears so again after four seconds, and then that it failed', async () => {
  const scenario = scenarioSchema.parse({
    title: 'The recogniser hangs for long',
    stt: ['hangs', 'works'],
    engineTimeoutMs: 13_000,
    call: [{ say: 'alice' }, { silence: 16_000 }],
    endsAfterMs: 24_000,
  });
  const { turns } = (await playScenario(scenario)).transcript;
  const said = turns.filter(({ speaker }) => speaker === 'Agent').map(({ text }) => text);
  expect(said.slice(1)).toEqual([
    'One moment please.',
    'Let me check that.',
    'Just a moment.',
    HEARING_FAILED,
  ]);
});

test('a caller who waits for a tool hears something after every four seconds of silence', async () => {
  const tool = { name: 'book', description: 'Books.', url: 'https://booking.example.com', parameters: [] };
  const scenario = scenarioSchema.parse({
    title: 'The tool takes its time',
    tenant: { tools: [tool] },
    tools: [{ answers: 'booked', afterMs: 15_000 }],
    model: [[{ tool: 'book' }], ['You are booked.']],
    call: [{ say: 'book me in' }, { silence: 22_000 }],
    endsAfterMs: 30_000,
  });
  const { transcript, line } = await playScenario(scenario);
  const turn = transcript.turns.find(({ text }) => text.includes('You are booked.'));
  expect(turn?.text).toBe('One moment please. Let me check that. Just a moment. You are booked.');
  const { startedAtMs = 0, endedAtMs = 0 } = turn ?? {};
  for (let atMs = startedAtMs; atMs + 4_600 <= endedAtMs; atMs += 20) {
    expect(line.soundedMs(atMs, atMs + 4_600)).toBeGreaterThan(0);
  }
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
