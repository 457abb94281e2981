import { z } from 'zod';
import { fliteVoices } from '#hack/engines/flite.ts';

const words = z.array(z.string().min(1).max(40)).max(20);

/** What a scripted caller does. Times in milliseconds. */
export const callerScriptSchema = z.strictObject({
  kind: z.literal('script'),
  voice: z.enum(fliteVoices).default('kal16'),
  /** Answers, spoken or by keys, in the order in which they are expected; each is given when one of its words is heard. */
  steps: z
    .array(
      z.union([
        z.strictObject({ expect: words.min(1), say: z.string().min(1).max(500) }),
        z.strictObject({ expect: words.min(1), press: z.string().regex(/^[0-9*#A-D]{1,40}$/) }),
      ]),
    )
    .min(1)
    .max(20),
  /** Once all steps are said, one of these words ends the call. */
  closing: words.default(['goodbye', 'bye', 'day']),
  /** Silence after which the agent has finished. */
  endOfSpeechMs: z.number().int().min(100).max(5_000).default(700),
  /** From understanding to speaking. */
  thinkMs: z.number().int().min(0).max(5_000).default(300),
  /** After words that fit no step: how long to wait for more before giving the next answer. */
  patienceMs: z.number().int().min(0).max(30_000).default(2_500),
  /** Nothing heard for this long: hangs up. */
  silenceMs: z.number().int().min(1_000).max(120_000).default(20_000),
  /** The whole call is not longer than this. */
  maxMs: z.number().int().min(1_000).max(600_000).default(120_000),
});

export type CallerScript = z.output<typeof callerScriptSchema>;
