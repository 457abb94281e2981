import type { PhoneNumber } from '#crds/phone-number/phone-number.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import { CarrierError, type NumberCarrier } from '#operator/carrier/number-carrier.ts';
import { isTrue, type Verdict } from '#operator/engine/conditions.ts';
import { verdict } from '#operator/world/verdict.ts';
import { acquireNumber } from './acquire-number.ts';
import { CARRIER_CHECK_MS } from './carrier-checks.ts';
import type { CarrierState } from './carrier-state.ts';
import type { Claimant } from './claims.ts';
import type { PhoneNumberDependencies, ServingTenant } from './phone-number-dependencies.ts';

const CARRIER_RETRY_MS = 15_000;

/** Buys or adopts the number and sends its calls to the runtime's application. */
export async function ensureAtCarrier(
  phoneNumber: PhoneNumber,
  serving: ServingTenant,
  dependencies: PhoneNumberDependencies,
): Promise<CarrierState> {
  const { world, carriers, checks } = dependencies;
  const key = keyOf(phoneNumber.metadata);
  const runtime = world.runtimes.get(serving.runtimeKey);
  const connectionID = runtime?.status?.connectionID;
  const fingerprint = `${phoneNumber.metadata.generation} ${connectionID}`;
  const dueInMs = checks.dueInMs(key, fingerprint, isSettled(phoneNumber));
  if (dueInMs > 0) return settled(phoneNumber, dueInMs);
  const held = checks.held(key, fingerprint);
  if (held !== undefined) return held;

  if (runtime === undefined) {
    return unavailable(phoneNumber, `There is no VoiceRuntime ${serving.runtimeKey}, so no carrier account.`);
  }
  const found = await carriers.find(runtime);
  if (found.kind !== 'Found') return unavailable(phoneNumber, found.message);
  try {
    const state = await askCarrier(phoneNumber, serving, { ...dependencies, connectionID, ...found });
    if (state.assigned.status === 'True') checks.done(key, fingerprint);
    else checks.hold(key, fingerprint, state);
    return state;
  } catch (error) {
    if (!(error instanceof CarrierError)) throw error;
    const wasAssigned = error.kind === 'Unavailable' && checks.wasDone(key, fingerprint);
    const state = unavailable(phoneNumber, error.message, {
      retryAfterMs: error.retryAfterMs,
      wasAssigned,
    });
    checks.hold(key, fingerprint, state);
    return state;
  }
}

/** The PhoneNumber as claims and the carrier know it. */
export function claimantOf(
  installationID: string,
  phoneNumber: { readonly metadata: { readonly name: string; readonly namespace?: string | undefined } },
  tenantID: string,
): Claimant {
  const { name, namespace = '' } = phoneNumber.metadata;
  return { reference: `${installationID}/${namespace}/${name}`, namespace, name, tenantID };
}

interface CarrierContext extends PhoneNumberDependencies {
  readonly carrier: NumberCarrier;
  readonly connectionID: string | undefined;
}

async function askCarrier(
  phoneNumber: PhoneNumber,
  serving: ServingTenant,
  context: CarrierContext,
): Promise<CarrierState> {
  const { carrier, connectionID, world, claims, clock, events } = context;
  const claimant = claimantOf(world.installationID, phoneNumber, serving.id);
  const acquisition = await acquireNumber({
    spec: phoneNumber.spec,
    known: phoneNumber.status?.number,
    claimant,
    installationID: world.installationID,
    connectionID,
    carrier,
    claims,
    clock,
  });
  const orderID = phoneNumber.status?.orderID;
  if (acquisition.kind === 'NotYet') {
    const { reason, message, requeueAfterMs } = acquisition;
    if (reason !== 'Ordering') events.record(phoneNumber, { type: 'Warning', reason, message });
    return {
      purchased: verdict('Purchased', 'False', reason, message),
      assigned: waitingForNumber(),
      orderID: acquisition.orderID ?? orderID,
      requeueAfterMs,
    };
  }
  if (acquisition.kind === 'Lost') {
    const { message, requeueAfterMs } = acquisition;
    events.record(phoneNumber, { type: 'Warning', reason: 'NumberLost', message });
    return {
      purchased: verdict('Purchased', 'False', 'NumberLost', message),
      assigned: waitingForNumber(),
      number: phoneNumber.status?.number,
      providerNumberID: phoneNumber.status?.providerNumberID,
      orderID,
      requeueAfterMs,
    };
  }
  const { owned } = acquisition;
  const base = {
    purchased: verdict('Purchased', 'True', 'Owned', `${owned.number} is ours.`),
    number: owned.number,
    providerNumberID: owned.id,
    orderID,
    requeueAfterMs: CARRIER_CHECK_MS,
  };
  if (connectionID === undefined) {
    const message = `The VoiceRuntime ${serving.runtimeKey} has no Call Control application yet.`;
    return { ...base, assigned: verdict('Assigned', 'False', 'WaitingForRuntime', message) };
  }
  if (owned.connectionID !== connectionID || owned.reference !== claimant.reference) {
    await carrier.assign(owned.id, { connectionID, reference: claimant.reference });
    const message = `Calls of ${owned.number} go to the application ${connectionID}.`;
    events.record(phoneNumber, { type: 'Normal', reason: 'Assigned', message });
  }
  const message = `The carrier sends its calls to the application ${connectionID}.`;
  return { ...base, assigned: verdict('Assigned', 'True', 'Assigned', message) };
}

function isSettled(phoneNumber: PhoneNumber): boolean {
  const { status, metadata } = phoneNumber;
  return (
    status?.number !== undefined &&
    status.observedGeneration === metadata.generation &&
    isTrue(status.conditions, 'Purchased') &&
    isTrue(status.conditions, 'Assigned')
  );
}

function settled(phoneNumber: PhoneNumber, dueInMs: number): CarrierState {
  const { status } = phoneNumber;
  const kept = (type: 'Purchased' | 'Assigned'): Verdict => {
    const condition = status?.conditions?.find((other) => other.type === type);
    if (condition === undefined) throw new Error(`a settled PhoneNumber has no condition ${type}`);
    const { reason, message } = condition;
    return { type, status: condition.status, reason, message };
  };
  return {
    purchased: kept('Purchased'),
    assigned: kept('Assigned'),
    number: status?.number,
    providerNumberID: status?.providerNumberID,
    orderID: status?.orderID,
    requeueAfterMs: dueInMs,
  };
}

/** What is known is kept: a carrier that is away takes no number from us. */
function unavailable(
  phoneNumber: PhoneNumber,
  message: string,
  {
    retryAfterMs = 0,
    wasAssigned = false,
  }: { retryAfterMs?: number | undefined; wasAssigned?: boolean } = {},
): CarrierState {
  const { status } = phoneNumber;
  const isOwned = status?.number !== undefined;
  const meanwhile = wasAssigned ? ' It is tried again; until then this stays as it was.' : '';
  const assigned = verdict(
    'Assigned',
    wasAssigned ? 'True' : 'False',
    'CarrierUnavailable',
    `${message}${meanwhile}`,
  );
  return {
    purchased: isOwned
      ? verdict('Purchased', 'True', 'Owned', `${status.number} is ours.`)
      : verdict('Purchased', 'False', 'CarrierUnavailable', message),
    assigned: isOwned ? assigned : waitingForNumber(),
    number: status?.number,
    providerNumberID: status?.providerNumberID,
    orderID: status?.orderID,
    requeueAfterMs: Math.max(CARRIER_RETRY_MS, retryAfterMs),
  };
}

function waitingForNumber(): Verdict {
  return verdict('Assigned', 'False', 'WaitingForNumber', 'The number is not ours yet.');
}
