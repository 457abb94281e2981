import { Counter, type Registry } from 'prom-client';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { CarrierDirectory } from './carrier/carrier-directory.ts';
import type { NumberCarrier } from './carrier/number-carrier.ts';
import { Controller, type ControllerOptions } from './engine/controller.ts';
import { EventRecorder } from './engine/event-recorder.ts';
import { LeaseElector } from './engine/lease-elector.ts';
import type { EngineMetrics } from './engine/metrics.ts';
import { FIELD_MANAGER } from './installation/names.ts';
import { CarrierChecks } from './phone-number/carrier-checks.ts';
import { Claims } from './phone-number/claims.ts';
import { reconcilePhoneNumber } from './phone-number/reconcile-phone-number.ts';
import { FullPass } from './projection/full-pass.ts';
import { projectionOf } from './projection/projection-of.ts';
import { Projector } from './projection/projector.ts';
import { routeChanges } from './route-changes.ts';
import { reconcileSharedSecret } from './tenant/reconcile-shared-secret.ts';
import { reconcileTenant } from './tenant/reconcile-tenant.ts';
import { createManaged } from './voice-runtime/create-managed.ts';
import { Applications } from './voice-runtime/ensure-application.ts';
import type { RuntimeSettings } from './voice-runtime/pod-template.ts';
import { reconcileVoiceRuntime } from './voice-runtime/reconcile-voice-runtime.ts';
import { StatusPace } from './voice-runtime/status-pace.ts';
import { World } from './world/world.ts';

export interface OperatorParts {
  readonly client: KubeClient;
  readonly redis: Redis;
  readonly log: Logger;
  readonly registry: Registry;
  readonly metrics: EngineMetrics;
  readonly clock: Clock;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** Different for every process. */
  readonly identity: string;
  readonly installationID: string;
  /** See `ensureMasterKey`. */
  readonly masterKey: Uint8Array;
  /** After how many days generated secrets are rotated. */
  readonly rotationDays: number;
  /** What all Managed VoiceRuntimes' pods are given. */
  readonly runtimeSettings: RuntimeSettings;
  readonly makeCarrier: (apiKey: string) => NumberCarrier;
}

export interface Operator {
  /** In the order in which they start. */
  readonly services: readonly Service[];
  /** Why it does not serve yet; empty also for one that waits for another's lease. */
  notReady(): readonly string[];
}

/** How many objects of each kind are worked on at once: their requests are what bounds the load. */
const WORKERS = { tenant: 16, phoneNumber: 8, voiceRuntime: 4 };

/** Puts the parts together; nothing runs until the services are started. */
export function createOperator(parts: OperatorParts): Operator {
  const { client, redis, log, metrics, clock, namespace, installationID } = parts;
  const elector = new LeaseElector({
    client,
    namespace,
    name: FIELD_MANAGER,
    identity: parts.identity,
    clock,
    log,
    onChange: (isLeader) => metrics.leading(FIELD_MANAGER, isLeader),
  });
  const world = new World({
    client,
    namespace,
    installationID,
    log,
    onList: (kind, reason) => metrics.listed(kind, reason),
  });
  const projector = new Projector({ redis, term: () => elector.term });
  const events = new EventRecorder({ client, component: FIELD_MANAGER, clock, log, metrics });
  const carriers = new CarrierDirectory({ client, makeCarrier: parts.makeCarrier, clock });
  const claims = new Claims({
    client,
    namespace,
    ownerExists: async (claim) => (await client.get(PHONE_NUMBER, claim)) !== undefined,
  });
  const shared = { world, client, projector, events, clock };

  // The projection has to know the term that Redis remembers before anything is written to it.
  const fullPass = createFullPass(parts, { elector, projector, world });
  const managed = createManaged(
    {
      ...parts,
      events,
      settings: parts.runtimeSettings,
      onList: (kind, reason) => metrics.listed(kind, reason),
    },
    {
      runtime: (key) => runtimeController.enqueue(key),
      runtimesIn: (namespace) => {
        const here = world.runtimes.list().filter(({ metadata }) => metadata.namespace === namespace);
        for (const { metadata } of here) runtimeController.enqueue(keyOf(metadata));
      },
    },
  );
  const informers = [...world.informers, ...managed.informers];
  const controller = (name: string, workers: number, reconcile: ControllerOptions['reconcile']): Controller =>
    new Controller({
      name,
      workers,
      reconcile,
      clock,
      log,
      metrics,
      synced: informers.map(({ synced }) => synced),
      elected: fullPass.opened,
      mayAct: () => elector.isHeld,
    });

  const tenantDependencies = {
    ...shared,
    redis,
    masterKey: parts.masterKey,
    rotationDays: parts.rotationDays,
  };
  const tenantController = controller('tenant', WORKERS.tenant, (key, context) =>
    reconcileTenant(key, tenantDependencies, context),
  );
  const secretController = controller('shared-secret', 1, (key) => reconcileSharedSecret(key, shared));
  const memory = { checks: new CarrierChecks(clock), granted: new Set<string>() };
  const numberDependencies = { ...shared, carriers, claims, ...memory };
  const numberController = controller('phone-number', WORKERS.phoneNumber, (key, context) =>
    reconcilePhoneNumber(key, numberDependencies, context),
  );
  const applications = new Applications({ carriers, events, clock });
  const runtimeDependencies = {
    ...managed.dependencies,
    world,
    redis,
    applications,
    pace: new StatusPace(clock),
    clock,
  };
  const runtimeController = controller('voice-runtime', WORKERS.voiceRuntime, (key, context) =>
    reconcileVoiceRuntime(key, runtimeDependencies, context),
  );
  routeChanges(world, {
    tenant: (key, { delayMs = 0, priority } = {}) => tenantController.enqueueAfter(key, delayMs, priority),
    phoneNumber: (key, { delayMs = 0, priority } = {}) =>
      numberController.enqueueAfter(key, delayMs, priority),
    sharedSecret: (key) => secretController.enqueue(key),
    runtime: (key) => runtimeController.enqueue(key),
  });

  const controllers = [tenantController, numberController, runtimeController, secretController];
  return {
    services: [elector, ...informers, events, managed.service, ...controllers, fullPass],
    notReady: () => [
      ...informers.filter((one) => !one.hasSynced).map((one) => `${one.name} has not listed its kind yet`),
      ...controllers
        .filter((one) => elector.isHeld && !one.running)
        .map((one) => `${one.name} does not run yet`),
    ],
  };
}

function createFullPass(
  { log, clock, registry }: OperatorParts,
  { elector, projector, world }: { elector: LeaseElector; projector: Projector; world: World },
): FullPass {
  const drift = new Counter({
    name: 'veralux_projection_drift_total',
    help: 'Keys of the projection that a full pass found wrong and put right.',
    labelNames: ['kind'] as const,
    registers: [registry],
  });
  return new FullPass({
    projector,
    source: () => projectionOf(world),
    prefixes: ['did:', 'tenant:'],
    synced: world.synced,
    elected: elector.elected,
    raiseTermAbove: (term) => elector.raiseTermAbove(term),
    mayAct: () => elector.isHeld,
    clock,
    log,
    onDrift: (kind, count) => drift.inc({ kind }, count),
  });
}
