import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { conversationStateSchema, newConversation } from '#runtime/call/conversation-state.ts';
import { type SubjectSetUp, subjectInTest } from './fakes/talk-in-test.ts';
import { leadOf } from './form.ts';
import { LANGUAGES } from './language.ts';
import { nextStep, openingStep } from './step.ts';
import type { Heard, Step } from './talk.ts';

/** As the session: so many silences in a row end a call. */
const MAX_SILENCES = 3;
/** Above all that the fields, offers, asides and messages of the largest form can take. */
const MOST_STEPS = 600;

const RUNS = 300;

const words = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 60, unit: 'grapheme' }) },
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'yes',
      'no',
      "no, it's 212 555 0143",
      'my name is Jane Doe',
      'two one two',
      '212 555 0142',
      'this number',
      'jane dot doe at example dot com',
      'tomorrow at three',
      'the fifth',
      'half past two',
      'sales',
      'where can I park?',
      'do you sell bicycles?',
      'pardon?',
      'hold on',
      'are you a robot',
      'operator',
      'there is a gas leak',
      'actually my name is Smith',
      'wait, the number was wrong',
      'the date was wrong',
      "that's all",
      'please call me back',
      '',
    ),
  },
);

const heard: fc.Arbitrary<Heard> = fc.oneof(
  { weight: 8, arbitrary: words.map((text) => ({ kind: 'Words' as const, text })) },
  {
    weight: 2,
    arbitrary: fc
      .oneof(fc.constantFrom('0', '1', '2', '#', '*', '2125550142#'), fc.stringMatching(/^[0-9*#]{1,12}$/))
      .map((digits) => ({ kind: 'Digits' as const, digits })),
  },
  fc.constant({ kind: 'Unclear' as const }),
  fc.constant({ kind: 'Silence' as const }),
);

const field = fc
  .record({
    type: fc.constantFrom('Name', 'Phone', 'Email', 'Date', 'Time', 'Choice', 'Text'),
    required: fc.boolean(),
  })
  .map(({ type, required }) => ({
    label: type,
    type,
    required,
    prompt: `${type}?`,
    ...(type === 'Choice' ? { choices: ['Sales', 'Support'] } : {}),
  }));

const setUp: fc.Arbitrary<SubjectSetUp> = fc
  .record({
    fields: fc.array(field, { maxLength: 12 }),
    action: fc.constantFrom('Hangup', 'Transfer', 'TakeMessage'),
    language: fc.constantFrom(...LANGUAGES),
    hasDesk: fc.boolean(),
    callerNumber: fc.constantFrom('+12125550142', 'anonymous', 'sip:x@y.example'),
  })
  .map(({ fields, action, language, hasDesk, callerNumber }) => ({
    callerNumber,
    profile: {
      language,
      knowledge: [{ title: 'Parking', text: 'Parking is free.' }],
      transferTargets: hasDesk ? [{ name: 'desk', number: '+13125550177' }] : [],
    },
    workflow: {
      name: 'w',
      fields: fields.map((one, index) => ({ ...one, name: `f${index}` })),
      onComplete: { action, ...(action === 'Transfer' ? { transferTarget: 'desk' } : {}) },
    },
  }));

/** What a person does with a call that was handed over: gives it back. */
function afterTransfer(step: Step, subject: ReturnType<typeof subjectInTest>): Step {
  return step.effect.kind === 'Transfer' ? openingStep(step.state, subject, 'FailedTransfer') : step;
}

test('whatever is heard, over and over, the conversation ends', () => {
  fc.assert(
    fc.property(setUp, fc.array(heard, { minLength: 1, maxLength: 30 }), (given, hearings) => {
      const subject = subjectInTest(given);
      let step = afterTransfer(openingStep(newConversation('w'), subject), subject);
      let silences = 0;
      let steps = 0;
      for (; step.effect.kind === 'Listen' && silences < MAX_SILENCES && steps < MOST_STEPS; steps++) {
        const next = hearings[steps % hearings.length] ?? { kind: 'Silence' };
        silences = next.kind === 'Silence' ? silences + 1 : 0;
        step = afterTransfer(nextStep(step.state, subject, next), subject);
      }
      expect(steps).toBeLessThan(MOST_STEPS);
    }),
    { numRuns: RUNS },
  );
});

test('nothing that was collected is lost without being replaced, and no attempts are without end', () => {
  fc.assert(
    fc.property(setUp, fc.array(heard, { maxLength: 60 }), (given, hearings) => {
      const subject = subjectInTest(given);
      let step = openingStep(newConversation('w'), subject);
      for (const next of hearings) {
        if (step.effect.kind === 'End') return;
        const before = step.state.collected.map(({ name }) => name);
        step = afterTransfer(nextStep(step.state, subject, next), subject);
        expect(step.state.collected.map(({ name }) => name)).toEqual(expect.arrayContaining(before));
        expect(new Set(step.state.collected.map(({ name }) => name)).size).toBe(step.state.collected.length);
        expect(step.state.attempts).toBeLessThanOrEqual(60);
        const { fields } = leadOf(step.state, subject.workflow);
        expect(fields.every(({ value, spoken }) => value.length <= 4_096 && spoken.length <= 4_096)).toBe(
          true,
        );
        const { text, protectedCharacters } = step.speech;
        expect(protectedCharacters).toBeLessThanOrEqual(text.length);
        expect(text).not.toMatch(/undefined|\{\w+\}/);
      }
    }),
    { numRuns: RUNS },
  );
});

test('a state survives JSON, and the conversation goes on identically from it', () => {
  fc.assert(
    fc.property(setUp, fc.array(heard, { minLength: 1, maxLength: 40 }), (given, hearings) => {
      const subject = subjectInTest(given);
      let step = openingStep(newConversation('w'), subject);
      for (const next of hearings) {
        const kept = conversationStateSchema.parse(JSON.parse(JSON.stringify(step.state)));
        expect(kept).toEqual(step.state);
        step = nextStep(step.state, subject, next);
        expect(nextStep(kept, subject, next)).toEqual(step);
      }
    }),
    { numRuns: RUNS },
  );
});
