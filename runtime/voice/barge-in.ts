import type { TenantProfile } from '#crds/projection/tenant-profile.ts';

export type Interruptions = TenantProfile['assistant']['interruptions'];

/** Interruption strategy: the caller takes the floor by speaking for the tenant's minimum. */
export function takesTheFloor(speechMs: number, { enabled, minSpeechSeconds }: Interruptions): boolean {
  return enabled && speechMs >= Number(minSpeechSeconds) * 1000;
}
