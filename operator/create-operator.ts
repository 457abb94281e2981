import { Counter, Gauge } from 'prom-client';
import { PROJECTED_PREFIXES } from '#crds/projection/keys.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import { createControllers } from './create-controllers.ts';
import { EventRecorder } from './engine/event-recorder.ts';
import { LeaseElector } from './engine/lease-elector.ts';
import { FIELD_MANAGER } from './installation/names.ts';
import type { OperatorParts } from './operator-parts.ts';
import { FullPass } from './projection/full-pass.ts';
import { projectionOf } from './projection/projection-of.ts';
import { Projector } from './projection/projector.ts';
import { enqueueWaitingForRedis, routeChanges } from './route-changes.ts';
import { RotationPace } from './tenant/rotation-pace.ts';
import { SecretSchedule } from './tenant/secret-schedule.ts';
import { World } from './world/world.ts';

export interface Operator {
  /** In the order in which they start. */
  readonly services: readonly Service[];
  /** Why it does not serve yet; empty also for one that waits for another's lease. */
  notReady(): readonly string[];
}

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
    ...(parts.leaseSeconds === undefined ? {} : { leaseSeconds: parts.leaseSeconds }),
    onChange: (isLeader) => metrics.leading(FIELD_MANAGER, isLeader),
  });
  const world = new World({
    client,
    namespace,
    installationID,
    log,
    onList: (kind, reason) => metrics.listed(kind, reason),
    onVerified: (kind, missed) => metrics.verified(kind, missed),
  });
  const projector = new Projector({ redis, term: () => elector.term, isOpen: () => fullPass.hasOpened });
  const fenced = client.fencedBy(elector);
  const events = new EventRecorder({ client: fenced, component: FIELD_MANAGER, clock, log, metrics });
  const fullPass: FullPass = createFullPass(parts, {
    elector,
    projector,
    world,
    onRestored: () => enqueueWaitingForRedis(world, controllers.enqueue),
  });
  const { rotationDays } = parts;
  const rotationPace = new RotationPace({ clock, rotationDays, tenants: () => world.tenants.list().length });
  const controllers = createControllers({
    parts: { ...parts, client: fenced },
    world,
    projector,
    events,
    // The projection has to know the term that Redis remembers before anything is written to it.
    elected: fullPass.opened,
    mayAct: () => elector.isHeld,
    fence: elector,
    rotationPace,
  });
  routeChanges(world, controllers.enqueue);
  const schedule = new SecretSchedule({
    world,
    rotationDays,
    pace: rotationPace,
    clock,
    enqueue: (tenant) => controllers.enqueue.tenant(tenant, { priority: 'Low' }),
  });
  const { informers, service } = controllers;
  return {
    services: [elector, ...informers, events, service, ...controllers.all, fullPass, schedule],
    notReady: () => [
      ...informers.filter((one) => !one.hasSynced).map((one) => `${one.name} has not listed its kind yet`),
      ...controllers.all
        .filter((one) => elector.isHeld && !one.running)
        .map((one) => `${one.name} does not run yet`),
      ...(elector.isHeld && !fullPass.hasOpened ? ['Redis has not been compared yet'] : []),
    ],
  };
}

interface Projection {
  readonly elector: LeaseElector;
  readonly projector: Projector;
  readonly world: World;
  readonly onRestored: () => Promise<void>;
}

function createFullPass(
  { log, clock, registry }: OperatorParts,
  { elector, projector, world, onRestored }: Projection,
): FullPass {
  const drift = new Counter({
    name: 'veralux_projection_drift_total',
    help: 'Keys of the projection that a full pass found wrong and put right.',
    labelNames: ['kind'] as const,
    registers: [registry],
  });
  const left = new Gauge({
    name: 'veralux_projection_left_keys',
    help: 'Keys of the projection that have no object any more, and were too many for the last full pass to remove.',
    registers: [registry],
  });
  return new FullPass({
    projector,
    source: projectionOf(world),
    prefixes: PROJECTED_PREFIXES,
    synced: world.synced,
    elected: elector.elected,
    raiseTermAbove: (term) => elector.raiseTermAbove(term),
    mayAct: () => elector.isHeld,
    clock,
    log,
    onDrift: (kind, count) => drift.inc({ kind }, count),
    onLeft: (count) => left.set(count),
    onRestored,
  });
}
