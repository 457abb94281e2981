import type { ObjectMeta } from '#lib/kube/kube-object.ts';
import { type CachedChild, isAltered } from '#operator/engine/child-cache.ts';
import { ANNOTATIONS } from '#operator/installation/names.ts';

/** What a tenant's generated Secret says of itself. It survives a restore that brings no status back. */
export interface MadeSecrets {
  readonly generation: number;
  readonly rotationRequest?: string | undefined;
}

/** What the cache keeps of that; undefined for every other Secret. */
export function noteOnSecrets({ annotations }: ObjectMeta): string | undefined {
  const generation = annotations?.[ANNOTATIONS.secretsGeneration];
  if (generation === undefined) return undefined;
  return JSON.stringify([Number(generation), annotations?.[ANNOTATIONS.rotateSecrets]]);
}

/** Undefined where there is none, where an older release made it, or where somebody has changed it. */
export function madeSecretsOf(child: CachedChild | undefined): MadeSecrets | undefined {
  if (child?.owner === undefined || isAltered(child)) return undefined;
  const [generation, rotationRequest] = JSON.parse(child.owner) as [number, string | null];
  if (!Number.isSafeInteger(generation) || generation < 1) return undefined;
  return rotationRequest === null ? { generation } : { generation, rotationRequest };
}
