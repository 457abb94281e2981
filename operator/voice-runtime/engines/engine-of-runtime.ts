import type { EngineKind } from '#crds/voice-runtime/engine-key.ts';
import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import type { ClaimObject } from './engine-plan.ts';
import type { EngineDeployment, EngineRecipe } from './engine-recipe.ts';

/** All that the objects of one engine are made from. */
export interface EngineOfRuntime {
  readonly runtime: VoiceRuntime;
  readonly kind: EngineKind;
  /** The engine's name in the spec. */
  readonly name: string;
  /** The name of its Deployment, Service and volume. */
  readonly childName: string;
  readonly deployment: EngineDeployment;
  readonly recipe: EngineRecipe;
  /** Its volume, where that was made already. */
  readonly claim: ClaimObject | undefined;
}
