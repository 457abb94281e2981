import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import type { EnginePlan } from './engine-plan.ts';

/** What the engines of a Managed VoiceRuntime need in the cluster, and where its pods reach them. */
export function planEngines(runtime: VoiceRuntime): EnginePlan {
  return { children: [], engines: runtime.spec.engines, secretVariables: [] };
}
