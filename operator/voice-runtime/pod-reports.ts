import { PROJECTED_FIELDS, podKeys } from '#crds/projection/keys.ts';
import { HEARTBEAT_STALE_MS, type PodHeartbeat, podHeartbeatSchema } from '#crds/projection/pod-heartbeat.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { RedisUnavailable } from '#operator/projection/projector.ts';

/** More pods than any runtime may have. */
const MAX_PODS = 1_000;

/**
 * What the pods of a runtime (`namespace/name`) said within the last heartbeats. A report that
 * cannot be read is left out. Throws RedisUnavailable.
 */
export async function readPodReports(
  redis: Redis,
  runtime: string,
  nowMs: number,
): Promise<readonly PodHeartbeat[]> {
  try {
    const since = nowMs - HEARTBEAT_STALE_MS;
    const pods = await redis.zrange(
      podKeys.runtimePods(runtime),
      since,
      '+inf',
      'BYSCORE',
      'LIMIT',
      0,
      MAX_PODS,
    );
    const texts = await Promise.all(
      pods.map((pod) => redis.hget(podKeys.pod(runtime, pod), PROJECTED_FIELDS.value)),
    );
    return texts.flatMap((text) => {
      const report = podHeartbeatSchema.safeParse(parseJSON(text));
      return report.success ? [report.data] : [];
    });
  } catch (error) {
    throw new RedisUnavailable(error);
  }
}

function parseJSON(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
