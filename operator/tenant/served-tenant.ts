import type { Tenant } from '#crds/tenant/tenant.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import type { RawVoiceRuntime } from '#operator/world/raw-objects.ts';
import { servedVerdict } from '#operator/world/served.ts';
import { speechEngineNames } from '#operator/world/speech-engines.ts';
import { verdict } from '#operator/world/verdict.ts';

/** Whether all that a Tenant's spec says is acted on, by this release and by the runtime that it names. */
export function servedTenant({ spec }: Tenant, key: string, runtime: RawVoiceRuntime | undefined): Verdict {
  const served = servedVerdict('Tenant', spec);
  const { engine } = spec.assistant.voice;
  const names = speechEngineNames(runtime);
  // That the runtime is missing is another condition's to say.
  if (served.status !== 'True' || engine === undefined || names === undefined) return served;
  if (names.includes(engine)) return served;
  const message =
    `spec.assistant.voice.engine: the VoiceRuntime ${key} has no speech engine "${engine}", but ${names.join(', ')}. ` +
    `${names[0]} speaks, with its own voice.`;
  return verdict('Served', 'False', 'EngineNotFound', message);
}
