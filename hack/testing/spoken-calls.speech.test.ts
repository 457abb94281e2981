import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type FliteVoice, synthesise } from '#hack/engines/flite.ts';
import { type Grammar, wholeSentences } from '#hack/engines/grammar.ts';
import { JobPool } from '#hack/engines/job-pool.ts';
import { Pocketsphinx } from '#hack/engines/pocketsphinx.ts';
import type { Audio } from '#hack/engines/wav.ts';
import { profileInTest } from '#runtime/workflow/fakes/profile-in-test.ts';
import { holdSpokenCall, type SpokenCall } from './spoken-call.ts';
import { wordErrorRate, wordsOf } from './word-error-rate.ts';

const AGENT_VOICE = 'kal16';
const CALLER_VOICE = 'rms';
const CALLER_SAYS = [
  'I would like to book an appointment for tomorrow morning',
  'Please call me back when there is a better time',
];
const GREETING = 'Hello and thank you for calling.';
const QUESTIONS = ['How can we help you today?', 'Which day is the best for you?'];
const CLOSING = 'Thank you. We will call you back soon. Goodbye.';

const profile = profileInTest({
  assistant: { greeting: GREETING, disclosure: { enabled: false }, voice: { name: AGENT_VOICE } },
  workflows: [
    {
      name: 'interview',
      fields: QUESTIONS.map((prompt, index) => ({ name: `answer-${index}`, label: 'Answer', prompt })),
      onComplete: { say: CLOSING },
    },
  ],
});

/**
 * PocketSphinx has a wide-band model, and understands a narrow-band line only where it need not doubt which sentences there
 * are: these, and as many others that it could take them for.
 */
const OTHER_SENTENCES = [
  'no I do not know',
  'I would like to cancel my order',
  'please send me the bill',
  'Wednesday in the morning would be better',
  'please call me when there is another day',
  'the answer is on the first page',
  'how many people are coming',
  'which way is the best for you',
  'what is the number of the house',
  'my car does not start this morning',
  'one moment please',
];
const GRAMMAR = wholeSentences([
  ...CALLER_SAYS,
  GREETING,
  ...QUESTIONS,
  ...CLOSING.split('. '),
  ...OTHER_SENTENCES,
]);

const LINES = [
  { codec: 'L16', sampleRate: 16_000, grammar: undefined, settings: {} },
  { codec: 'PCMU', sampleRate: 8_000, grammar: GRAMMAR, settings: {} },
  { codec: 'PCMA', sampleRate: 8_000, grammar: GRAMMAR, settings: { legCodec: 'PCMA' } },
] as const;

/** A recogniser that loses more than that without a line says nothing of the line. */
const WORST_CLEAN = 0.25;
/** What the cuts between turns may cost besides: one word of all that a side said. */
const MORE_WORDS_LOST = 1;

/** Recognition takes as long as there is to hear, and longer beside other tests. */
vi.setConfig({ testTimeout: 60_000 });

const programs = new JobPool(2, 100);
const calls = new Map<string, SpokenCall>();

beforeAll(async () => {
  await Promise.all(
    LINES.map(async ({ codec, sampleRate, ...line }) => {
      const stream = { codec, sampleRate, targetLegs: 'opposite' } as const;
      const said = { callerSays: CALLER_SAYS, callerVoice: CALLER_VOICE } as const;
      calls.set(codec, await holdSpokenCall({ profile, workflow: 'interview', ...said, ...line, stream }));
    }),
  );
});

describe.each(LINES)('over $codec', ({ codec, grammar }) => {
  test('the agent understands as much as without a line', async () => {
    const understood = calls.get(codec)?.understood ?? [];
    expect(understood).toHaveLength(CALLER_SAYS.length);
    const clean = await recognised(await spoken(CALLER_SAYS, CALLER_VOICE), grammar);
    expectAsGood(CALLER_SAYS, { clean, overLine: understood });
  });

  test('the caller understands as much as without a line', async () => {
    const { agentSaid = [], heard = [] } = calls.get(codec) ?? {};
    // Between them it may have said that it takes a moment.
    for (const sentence of [GREETING, ...QUESTIONS, CLOSING]) expect(agentSaid.join(' ')).toContain(sentence);
    const clean = await recognised(await spoken(agentSaid, AGENT_VOICE), grammar);
    expectAsGood(agentSaid, { clean, overLine: await recognised(heard, grammar) });
  });
});

function expectAsGood(
  said: readonly string[],
  heard: { readonly clean: readonly string[]; readonly overLine: readonly string[] },
): void {
  const lost = (words: readonly string[]) => wordErrorRate(said.join(' '), words.join(' '));
  const aWord = 1 / said.flatMap(wordsOf).length;
  expect(lost(heard.clean)).toBeLessThanOrEqual(WORST_CLEAN);
  expect(lost(heard.overLine)).toBeLessThanOrEqual(lost(heard.clean) + MORE_WORDS_LOST * aWord);
}

function spoken(texts: readonly string[], voice: FliteVoice): Promise<Audio[]> {
  return Promise.all(texts.map((text) => programs.run(() => synthesise(text, { voice }))));
}

function recognised(pieces: readonly Audio[], grammar: Grammar | undefined): Promise<string[]> {
  const recogniser = new Pocketsphinx({ path: process.env['PATH'] ?? '' });
  return Promise.all(
    pieces.map((audio) => programs.run(() => recogniser.recognise(audio, undefined, grammar))),
  );
}
