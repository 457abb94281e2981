import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import type { EventRecorder } from '#operator/engine/event-recorder.ts';
import type { RetryPace } from '#operator/engine/retry-pace.ts';
import type { Projector } from '#operator/projection/projector.ts';
import type { RotationPace } from '#operator/tenant/rotation-pace.ts';
import type { World } from '#operator/world/world.ts';

/** What a Tenant's reconcile and deletion work with. */
export interface TenantDependencies {
  readonly world: World;
  readonly client: KubeClient;
  readonly projector: Projector;
  /** Where the runtime keeps count of live calls. */
  readonly redis: Pick<Redis, 'zcount'>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  /** When to ask again for what was refused. */
  readonly retries: RetryPace;
  /** From which generated secrets are derived. */
  readonly masterKey: Uint8Array;
  readonly rotationDays: number;
  /** Of rotations by age. */
  readonly pace: RotationPace;
}
