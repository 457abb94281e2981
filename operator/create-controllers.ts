import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import type { Informer } from '#lib/kube/informer.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';
import type { WriteFence } from '#lib/kube/write-fence.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import { CarrierDirectory } from './carrier/carrier-directory.ts';
import { Controller, type Reconcile } from './engine/controller.ts';
import type { EventRecorder } from './engine/event-recorder.ts';
import { explainingFailures } from './engine/explain-failures.ts';
import { pausable, type WithConditions } from './engine/pausable.ts';
import { RetryPace } from './engine/retry-pace.ts';
import { ANNOTATIONS, FIELD_MANAGER } from './installation/names.ts';
import type { OperatorParts } from './operator-parts.ts';
import { CarrierChecks } from './phone-number/carrier-checks.ts';
import { Claims } from './phone-number/claims.ts';
import { reconcilePhoneNumber } from './phone-number/reconcile-phone-number.ts';
import type { Projector } from './projection/projector.ts';
import type { Enqueue } from './route-changes.ts';
import { reconcileSharedSecret } from './tenant/reconcile-shared-secret.ts';
import { reconcileTenant } from './tenant/reconcile-tenant.ts';
import type { RotationPace } from './tenant/rotation-pace.ts';
import { ApplicationClaims } from './voice-runtime/application-claims.ts';
import { createManaged, type Managed } from './voice-runtime/create-managed.ts';
import { Applications } from './voice-runtime/ensure-application.ts';
import { PodReports } from './voice-runtime/pod-reports.ts';
import { reconcileVoiceRuntime } from './voice-runtime/reconcile-voice-runtime.ts';
import { StatusPace } from './voice-runtime/status-pace.ts';
import { clusterError } from './world/cluster-error.ts';
import type { World } from './world/world.ts';

/** What the controllers stand on. */
export interface Ground {
  readonly parts: OperatorParts;
  readonly world: World;
  readonly projector: Projector;
  readonly events: EventRecorder;
  /** Resolves when this process may write. */
  readonly elected: Promise<unknown>;
  readonly mayAct: () => boolean;
  readonly rotationPace: RotationPace;
  /** Of writes to the carrier; `parts.client` has it already. */
  readonly fence: WriteFence;
}

export interface Controllers {
  readonly all: readonly Controller[];
  /** Every cache that they read. */
  readonly informers: readonly (Service & { readonly hasSynced: boolean })[];
  /** Started with the caches; nothing waits for it. */
  readonly service: Service;
  readonly enqueue: Enqueue;
}

/**
 * How many objects of each kind are worked on at once: their requests are what bounds the load. With 16
 * tenants an API server on 2 cores has nothing to do for a tenth of the time, with 32 for none.
 */
const WORKERS = { tenant: 32, phoneNumber: 8, voiceRuntime: 4, sharedSecret: 1 };

/** One controller a kind, each with what it works with. */
export function createControllers(ground: Ground): Controllers {
  const { parts, world, events } = ground;
  const managed = createManaged(
    {
      ...parts,
      events,
      settings: parts.runtimeSettings,
      onList: (kind, reason) => parts.metrics.listed(kind, reason),
      onVerified: (kind, missed) => parts.metrics.verified(kind, missed),
    },
    {
      runtime: (key) => runtime.enqueue(key),
      runtimesIn: (namespace) => {
        const here = world.runtimes.list().filter(({ metadata }) => metadata.namespace === namespace);
        for (const { metadata } of here) runtime.enqueue(keyOf(metadata));
      },
    },
  );
  const informers = [...world.informers, ...managed.informers];
  const controller = (name: string, workers: number, reconcile: Reconcile): Controller => {
    const { clock, log, metrics } = parts;
    const { elected, mayAct } = ground;
    const synced = informers.map((informer) => informer.synced);
    return new Controller({ name, workers, reconcile, clock, log, metrics, synced, elected, mayAct });
  };
  const reconciles = reconcilesOf(ground, managed);
  const tenant = controller('tenant', WORKERS.tenant, reconciles.tenant);
  const phoneNumber = controller('phone-number', WORKERS.phoneNumber, reconciles.phoneNumber);
  const runtime = controller('voice-runtime', WORKERS.voiceRuntime, reconciles.runtime);
  const sharedSecret = controller('shared-secret', WORKERS.sharedSecret, reconciles.sharedSecret);
  return {
    all: [tenant, phoneNumber, runtime, sharedSecret],
    informers,
    service: managed.service,
    enqueue: {
      tenant: (key, { delayMs = 0, priority } = {}) => tenant.enqueueAfter(key, delayMs, priority),
      phoneNumber: (key, { delayMs = 0, priority } = {}) => phoneNumber.enqueueAfter(key, delayMs, priority),
      runtime: (key) => runtime.enqueue(key),
      sharedSecret: (key) => sharedSecret.enqueue(key),
    },
  };
}

function reconcilesOf({ parts, world, projector, events, fence, rotationPace }: Ground, managed: Managed) {
  const { client, redis, clock, masterKey, rotationDays, namespace } = parts;
  const makeCarrier = (apiKey: string) => parts.makeCarrier(apiKey, fence);
  const carriers = new CarrierDirectory({ client, makeCarrier, clock });
  const claims = new Claims({
    client,
    namespace,
    ownerExists: async (claim) => (await client.get(PHONE_NUMBER, claim)) !== undefined,
  });
  const shared = { world, client, projector, events, clock };
  const retries = new RetryPace(clock);
  const tenants = { ...shared, redis, masterKey, rotationDays, retries, pace: rotationPace };
  const memory = { checks: new CarrierChecks(clock), granted: new Set<string>() };
  const numbers = { ...shared, carriers, claims, ...memory };
  const { installationID } = parts;
  const applications = new Applications({
    carriers,
    events,
    clock,
    installationID,
    claims: new ApplicationClaims(world.runtimes),
  });
  const pace = new StatusPace(clock);
  const podReports = new PodReports({ redis, clock, log: parts.log });
  const runtimes = { ...managed.dependencies, world, podReports, applications, pace, clock };
  const unlessPaused = <T extends WithConditions>(
    resource: Resource,
    cache: Informer<T>,
    reconcile: Reconcile,
  ) => {
    const common = { client, cache, resource, fieldManager: FIELD_MANAGER, events, clock };
    const paused = pausable({ ...common, annotation: ANNOTATIONS.paused, reconcile });
    return explainingFailures({ ...common, verdictOf: clusterError, reconcile: paused });
  };
  return {
    tenant: unlessPaused(TENANT, world.tenants, (key, context) => reconcileTenant(key, tenants, context)),
    phoneNumber: unlessPaused(PHONE_NUMBER, world.phoneNumbers, (key, context) =>
      reconcilePhoneNumber(key, numbers, context),
    ),
    runtime: unlessPaused(VOICE_RUNTIME, world.runtimes, (key, context) =>
      reconcileVoiceRuntime(key, runtimes, context),
    ),
    sharedSecret: (key: string) => reconcileSharedSecret(key, shared),
  };
}
