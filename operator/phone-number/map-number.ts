import type { PhoneNumber } from '#crds/phone-number/phone-number.ts';
import { didRecordSchema } from '#crds/projection/did-record.ts';
import { projectionKeys } from '#crds/projection/keys.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { RedisUnavailable, StaleFence } from '#operator/projection/projector.ts';
import { verdict } from '#operator/world/verdict.ts';
import type { CarrierState } from './carrier-state.ts';
import { routeOf } from './decide-phone-number.ts';
import type { PhoneNumberDependencies, ServingTenant } from './phone-number-dependencies.ts';

export interface Mapping {
  readonly verdict: Verdict;
  readonly requeueAfterMs: number;
}

const REDIS_RETRY_MS = 15_000;

/**
 * Writes where the number's calls go, or takes it away where they go nowhere, and where the number is
 * another's by now.
 */
export async function mapNumber(
  phoneNumber: PhoneNumber,
  serving: ServingTenant,
  state: CarrierState,
  dependencies: Pick<PhoneNumberDependencies, 'world' | 'projector'>,
): Promise<Mapping> {
  const { projector } = dependencies;
  if (state.number === undefined) {
    const waiting = verdict('Routed', 'False', 'WaitingForNumber', 'The number is not ours yet.');
    return attempt(state, async () => {
      if (state.purchased.reason === 'NumberClaimed') await unmap(phoneNumber, serving, dependencies);
      return waiting;
    });
  }
  const owned = { number: state.number, providerNumberID: state.providerNumberID };
  const route = routeOf(phoneNumber, owned, { id: serving.id, spec: serving.tenant.spec });
  const key = projectionKeys.did(state.number);
  return attempt(state, async () => {
    if (route.record === undefined) await projector.remove(key);
    else await projector.put(key, route.record);
    return route.verdict;
  });
}

/** The number that this PhoneNumber had leads to its tenant no more; where whoever has it now let it lead, it stays. */
async function unmap(
  { status, metadata }: PhoneNumber,
  serving: ServingTenant,
  { world, projector }: Pick<PhoneNumberDependencies, 'world' | 'projector'>,
): Promise<void> {
  if (status?.number === undefined) return;
  const others = world.numbersByNumber.keys(status.number).filter((key) => key !== keyOf(metadata));
  if (others.length > 0) return;
  const key = projectionKeys.did(status.number);
  // Before it is read: what another writes from now on is newer.
  const mark = projector.mark();
  const [text] = await projector.readValues([key]);
  if (text !== undefined && leadsTo(text, serving.id)) await projector.remove(key, mark);
}

function leadsTo(text: string, tenantID: string): boolean {
  try {
    const record = didRecordSchema.safeParse(JSON.parse(text));
    return record.success && record.data.tenantID === tenantID;
  } catch (error) {
    // Somebody wrote it by hand: the full pass takes it away.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

async function attempt(
  state: Pick<CarrierState, 'requeueAfterMs'>,
  write: () => Promise<Verdict>,
): Promise<Mapping> {
  try {
    return { verdict: await write(), requeueAfterMs: state.requeueAfterMs };
  } catch (error) {
    if (!(error instanceof RedisUnavailable || error instanceof StaleFence)) throw error;
    return {
      verdict: verdict('Routed', 'False', 'RedisUnavailable', error.message),
      requeueAfterMs: REDIS_RETRY_MS,
    };
  }
}
