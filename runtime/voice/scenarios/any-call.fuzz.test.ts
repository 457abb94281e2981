import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectHeldCall } from './held-call.ts';
import { type PlayedCall, playScenario } from './play-scenario.ts';
import { type Scenario, scenarioSchema } from './scenario.ts';

const WORDS = [
  'my name is alice johnson',
  'two one two [700] five five five zero one four two',
  'yes',
  'no that is wrong',
  'can i speak to a person',
  'uh-huh',
  'please call me about the roof',
  'actually my name is alice jackson',
];

const when = fc.oneof(
  fc.constant({}),
  fc.record({ into: fc.integer({ min: 0, max: 4_000 }) }),
  fc.record({ after: fc.integer({ min: 0, max: 3_000 }) }),
);
const step = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ say: fc.constantFrom(...WORDS) }) },
      { weight: 2, arbitrary: fc.record({ noise: fc.integer({ min: 40, max: 1_500 }) }) },
      { weight: 2, arbitrary: fc.record({ press: fc.constantFrom('0', '1', '#', '2125550142#') }) },
      { weight: 1, arbitrary: fc.record({ pod: fc.constantFrom('dies', 'gives') }) },
      { weight: 1, arbitrary: fc.constant({ hangUp: true }) },
    ),
    when,
  )
  .map(([what, at]) => ({ ...what, ...at }));
const behaviours = fc.array(
  fc.constantFrom('works', 'works', 'works', 'fails', 'hangs', 'breaks', 'stalls'),
  {
    minLength: 1,
    maxLength: 6,
  },
);
const part = fc.oneof(
  fc.constantFrom('Thank you. What else can we do for you?', 'One, two, three'),
  fc.constant({ tool: 'save_answer', args: { field: 'name', value: 'alice' } }),
  fc.constant({ tool: 'take_message' }),
  fc.constant({ tool: 'finish' }),
);
const anyScenario = fc
  .record(
    {
      title: fc.constant('Anybody calls'),
      call: fc.array(step, { maxLength: 8 }),
      stt: behaviours,
      llm: behaviours,
      tts: behaviours,
      model: fc.array(fc.array(part, { maxLength: 3 }), { maxLength: 5 }),
      transfer: fc.constantFrom('answered', 'unanswered', 'refused'),
      endsAfterMs: fc.constant(60_000),
    },
    { requiredKeys: ['title', 'call', 'endsAfterMs'] },
  )
  .map(
    (scenario): Scenario =>
      scenarioSchema.parse({
        ...scenario,
        tenant: { transferTargets: [{ name: 'office', number: '+12125550177' }] },
      }),
  );

test('whoever calls, and whatever fails, nobody is talked over, no word is made up, and nothing is left behind', async () => {
  await fc.assert(
    fc.asyncProperty(anyScenario, async (scenario) => {
      const call = await playScenario(scenario);
      expectHeldCall(call);
      expectNobodyTalkedOver(call);
    }),
    { numRuns: 40 },
  );
}, 120_000);

/** Both speak for no longer than it takes to notice, but where the agent's words have to be heard. */
function expectNobodyTalkedOver({ transcript, line }: PlayedCall): void {
  for (const { endedAtMs, ms } of line.overlaps) {
    if (ms <= NOTICED_AFTER_MS) continue;
    const said = transcript.turns.filter(
      (turn) => turn.speaker === 'Agent' && turn.startedAtMs <= endedAtMs && turn.endedAtMs >= endedAtMs - ms,
    );
    const isHeard = said.length === 0 || said.some(({ text }) => mustBeHeard(text));
    expect(isHeard, JSON.stringify(said)).toBe(true);
  }
}

/** The tenant's minimum of 0.3 s, in words with gaps between them. */
const NOTICED_AFTER_MS = 600;
/** Whole or, where the voice failed, as far as it came; of less than a word nothing is told. */
const MUST_BE_HEARD = [
  'Thank you for calling Acme. I am an automated assistant.',
  'Thank you. We will call you back soon. Goodbye.',
  'Thank you, I have taken down your message. Somebody will get back to you. Goodbye.',
  'One moment please, I am connecting you.',
  'I cannot hear you. Please call again. Goodbye.',
  'Sorry, something went wrong on our side. Please call again later. Goodbye.',
];

function mustBeHeard(text: string): boolean {
  return MUST_BE_HEARD.some((sentence) => text.includes(sentence) || sentence.startsWith(text));
}
