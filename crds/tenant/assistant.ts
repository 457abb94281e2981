import { z } from 'zod';
import { namedList } from '../schema/lists.ts';
import { withRules } from '../schema/rule.ts';
import { decimal, dnsLabel, text } from '../schema/scalars.ts';

const disclosureSchema = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Whether the disclosure is spoken. Many places require it by law; leave it on unless yours does not.',
      ),
    text: text(300)
      .default('I am an automated assistant.')
      .describe('Spoken after the greeting, before the first question.'),
    recordingText: text(300)
      .default('This call is recorded.')
      .describe('Spoken after `text` where spec.recording.enabled is true.'),
  })
  .prefault({})
  .describe('What the caller is told of whom they speak with.');

const voiceSchema = z
  .object({
    engine: dnsLabel()
      .optional()
      .describe(
        "The name of one of the runtime's speech engines. Absent: its first, and that too where it has none of that name.",
      ),
    name: text(100)
      .optional()
      .describe("The voice, by the engine's own name for it. Absent: the engine's default voice."),
    speed: decimal(
      /^(0\.[5-9][0-9]?|1(\.[0-9]{1,2})?|2(\.0{1,2})?)$/,
      'must be a decimal from "0.5" to "2.0"',
    )
      .default('1.0')
      .describe('How fast it speaks, from "0.5" to "2.0", in quotes.'),
  })
  .prefault({})
  .describe("The voice the caller hears. Absent parts are chosen by the runtime's first speech engine.");

const interruptionsSchema = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether the caller can interrupt the assistant while it speaks.'),
    minSpeechSeconds: decimal(/^([0-2](\.[0-9]{1,2})?)$/, 'must be a decimal from "0" to "2.99"')
      .default('0.3')
      .describe('How long the caller must speak before the assistant falls silent, in quotes.'),
  })
  .prefault({})
  .describe('What happens when the caller speaks while the assistant does.');

const silence = () => decimal(/^([0-2](\.[0-9]{1,2})?)$/, 'must be a decimal from "0" to "2.99"');

const endpointingSchema = withRules(
  z.object({
    minSeconds: silence()
      .default('0.4')
      .describe('The shortest silence that ends a turn, where its words are plainly whole, in quotes.'),
    maxSeconds: silence()
      .default('1.5')
      .describe('The longest one, where more is plainly to come or the caller pauses for long, in quotes.'),
  }),
  [
    {
      cel: '(has(self.maxSeconds) ? double(self.maxSeconds) : 1.5) >= (has(self.minSeconds) ? double(self.minSeconds) : 0.4)',
      message: 'maxSeconds must not be below minSeconds',
      holds: ({ minSeconds, maxSeconds }) => Number(maxSeconds) >= Number(minSeconds),
    },
  ],
);

const wordSchema = z.object({
  word: text(48).describe('The word as it is written. The speech recogniser is told to expect it.'),
  pronunciation: text(64)
    .optional()
    .describe('How to say it, written as it sounds, such as "nwin" for Nguyen.'),
});

export const assistantSchema = z
  .object({
    greeting: text(500)
      .default('Thank you for calling {company}.')
      .describe('The first sentence of every call. {company} stands for spec.displayName.'),
    persona: text(3_000)
      .optional()
      .describe('Who the assistant is and how it speaks, for the language model.'),
    driver: z
      .enum(['LanguageModel', 'StepByStep'])
      .optional()
      .describe(
        'What leads the conversations. LanguageModel: the language model, where the runtime has one. StepByStep: the questions of the workflow, one after another and word for word. Absent: LanguageModel.',
      ),
    disclosure: disclosureSchema,
    voice: voiceSchema,
    model: text(100)
      .optional()
      .describe("The language model, by the engine's name for it. Absent: the engine's own."),
    temperature: decimal(/^([01](\.[0-9]{1,2})?|2(\.0{1,2})?)$/, 'must be a decimal from "0" to "2.0"')
      .default('0.3')
      .describe('How freely the language model words its replies, from "0" to "2.0", in quotes.'),
    interruptions: interruptionsSchema,
    endpointing: endpointingSchema
      .prefault({})
      .describe(
        "How long the assistant waits in silence before it takes a caller's turn for over. Within these bounds it follows the caller's own pauses and words.",
      ),
    vocabulary: namedList(wordSchema, { keys: ['word'], max: 60 })
      .default([])
      .describe('Names and words of the trade that a general recogniser or voice would get wrong.'),
  })
  .prefault({})
  .describe(
    'How the assistant speaks and behaves on every call, whichever workflow answers it. Every part has a default that works.',
  );
