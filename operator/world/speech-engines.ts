import { enginesSchema } from '#crds/voice-runtime/engine.ts';
import type { RawVoiceRuntime } from './raw-objects.ts';

const speech = enginesSchema.pick({ tts: true });

/** The names of a runtime's speech engines in their order; undefined where there is no such runtime, or no reading it. */
export function speechEngineNames(runtime: RawVoiceRuntime | undefined): readonly string[] | undefined {
  const engines = speech.safeParse(runtime?.spec?.['engines']).data?.tts;
  return engines && [engines, ...engines.fallbacks].map(({ name }) => name);
}
