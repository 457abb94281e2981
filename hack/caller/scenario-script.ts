import { z } from 'zod';
import { fliteVoices } from '#hack/engines/flite.ts';
import { scenarioSchema } from '#runtime/voice/scenarios/scenario.ts';

const { call, echo, endsAfterMs } = scenarioSchema.shape;

/** A caller who does what a scenario of runtime/voice says, step by step. */
export const scenarioScriptSchema = z.strictObject({
  kind: z.literal('scenario'),
  voice: z.enum(fliteVoices).default('kal16'),
  steps: call.max(50),
  /** The agent's own words come back on the caller's line. */
  echo,
  /** Whoever is still on the line then hangs up. */
  endsAfterMs,
});

export type ScenarioScript = z.output<typeof scenarioScriptSchema>;
