import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { EventRecorder } from '#operator/engine/event-recorder.ts';
import type { Projector } from '#operator/projection/projector.ts';
import type { World } from '#operator/world/world.ts';

/** What a Tenant's reconcile and deletion work with. */
export interface TenantDependencies {
  readonly world: World;
  readonly client: KubeClient;
  readonly projector: Projector;
  readonly events: EventRecorder;
  readonly clock: Clock;
}
