import { z } from 'zod';
import { partsOf } from '#hack/caller/scenario-caller.ts';
import type { scenarioScriptSchema } from '#hack/caller/scenario-script.ts';
import type { ordersSchema } from '#hack/engines/orders.ts';
import type { Scenario } from '#runtime/voice/scenarios/scenario.ts';

/** What a scenario asks of the caller at the carrier's stand-in, and of the engines. */
export interface PlayableCall {
  readonly caller: z.input<typeof scenarioScriptSchema>;
  readonly engines: z.input<typeof ordersSchema>;
  /** What is not as the scenario has it, a sentence each. */
  readonly differences: readonly string[];
}

export function playableCall(scenario: Scenario): PlayableCall {
  const { call, echo, endsAfterMs, stt, llm, tts, model } = scenario;
  const sentences = call.flatMap((step) =>
    'say' in step ? partsOf(step.say).filter((part) => typeof part === 'string') : [],
  );
  return {
    caller: { kind: 'scenario', steps: call, endsAfterMs, ...(echo ? { echo } : {}) },
    engines: { stt, llm, tts, sentences, ...(model ? { model } : {}) },
    differences: differencesOf(scenario),
  };
}

const languageSchema = z.object({ language: z.string().default('en') });

function differencesOf({ tenant, tools, call }: Scenario): string[] {
  const { language } = languageSchema.parse(tenant);
  return [
    ...(tools.length > 0
      ? [
          "The tenant's own tools fail: the runtime calls public addresses alone, where nobody answers for them.",
        ]
      : []),
    ...(language.startsWith('en')
      ? []
      : [`The language is ${language} in English sounds: flite has voices of no other language.`]),
    ...(call.some((step) => 'noise' in step)
      ? ['Whether a noise is taken for speech is for the real detector to say, which seldom does.']
      : []),
  ];
}
