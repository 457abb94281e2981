import { callKeys } from '#crds/projection/keys.ts';
import { voiceRuntimeSchema } from '#crds/voice-runtime/voice-runtime.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { RedisUnavailable } from '#operator/projection/projector.ts';
import type { RawVoiceRuntime } from '#operator/world/raw-objects.ts';

/** The longest that a call may last by default, and so also of a runtime that is not there any more. */
const DEFAULT_LONGEST_MS = 3_600_000;

/**
 * How many calls of a tenant are in progress, as the runtime's leases in Redis say: those with an agent or a
 * person, and those that hear or leave a message. One whose pod was lost counts until its lease expires.
 * Throws RedisUnavailable.
 */
export async function countLiveCalls(
  redis: Pick<Redis, 'zcount'>,
  tenantID: string,
  nowMs: number,
): Promise<number> {
  try {
    const sets = [callKeys.leases(tenantID), callKeys.treated(tenantID)];
    const counts = await Promise.all(sets.map((key) => redis.zcount(key, nowMs, '+inf')));
    return counts.reduce((sum, count) => sum + count, 0);
  } catch (error) {
    throw new RedisUnavailable(error);
  }
}

/** How long a call of this runtime may still last that is in progress now. */
export function longestCallMs(runtime: RawVoiceRuntime | undefined): number {
  const seconds = voiceRuntimeSchema.shape.spec.shape.maxCallDurationSeconds.safeParse(
    runtime?.spec?.['maxCallDurationSeconds'],
  );
  return seconds.success ? seconds.data * 1_000 : DEFAULT_LONGEST_MS;
}
