import type { Tenant } from '#crds/tenant/tenant.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { CarrierDirectory } from '#operator/carrier/carrier-directory.ts';
import type { EventRecorder } from '#operator/engine/event-recorder.ts';
import type { Projector } from '#operator/projection/projector.ts';
import type { World } from '#operator/world/world.ts';
import type { CarrierChecks } from './carrier-checks.ts';
import type { Claims } from './claims.ts';

/** What a PhoneNumber's reconcile and deletion work with. */
export interface PhoneNumberDependencies {
  readonly world: World;
  readonly client: KubeClient;
  readonly projector: Projector;
  readonly carriers: CarrierDirectory;
  readonly claims: Claims;
  readonly checks: CarrierChecks;
  /** Keys of the PhoneNumbers that got a place within their tenant's limit in this process. */
  readonly granted: Set<string>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** The tenant of a PhoneNumber: one that is served and not going away. */
export interface ServingTenant {
  readonly id: string;
  readonly tenant: Tenant;
  readonly runtimeKey: string;
}
