import { isTrue } from '#operator/engine/conditions.ts';
import type { RawVoiceRuntime } from './raw-objects.ts';

/** What a runtime needs to be of use to its tenants. A stuck rollout or a missing engine of several does not end that. */
const NEEDED = ['Available', 'TelnyxConfigured'] as const;

/** Whether calls that reach the carrier are answered by this runtime. */
export function takesCalls(runtime: RawVoiceRuntime | undefined): boolean {
  return NEEDED.every((type) => isTrue(runtime?.status?.conditions, type));
}

/** Why it does not take calls, in the words of its own status. */
export function whyNoCalls(runtime: RawVoiceRuntime): string {
  const conditions = runtime.status?.conditions ?? [];
  const failing = ['Ready', ...NEEDED]
    .map((type) => conditions.find((condition) => condition.type === type))
    .find((condition) => condition !== undefined && condition.status !== 'True');
  return failing?.message ?? 'It has not been looked at yet.';
}
