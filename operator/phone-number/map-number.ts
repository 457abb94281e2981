import type { PhoneNumber } from '#crds/phone-number/phone-number.ts';
import { projectionKeys } from '#crds/projection/keys.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { type Projector, RedisUnavailable, StaleFence } from '#operator/projection/projector.ts';
import { verdict } from '#operator/world/verdict.ts';
import type { CarrierState } from './carrier-state.ts';
import { routeOf } from './decide-phone-number.ts';
import type { ServingTenant } from './phone-number-dependencies.ts';

export interface Mapping {
  readonly verdict: Verdict;
  readonly requeueAfterMs: number;
}

const REDIS_RETRY_MS = 15_000;

/** Writes where the number's calls go, or takes it away where they go nowhere. */
export async function mapNumber(
  phoneNumber: PhoneNumber,
  serving: ServingTenant,
  state: CarrierState,
  projector: Projector,
): Promise<Mapping> {
  if (state.number === undefined) {
    const waiting = verdict('Routed', 'False', 'WaitingForNumber', 'The number is not ours yet.');
    return { verdict: waiting, requeueAfterMs: state.requeueAfterMs };
  }
  const owned = { number: state.number, providerNumberID: state.providerNumberID };
  const route = routeOf(phoneNumber, owned, { id: serving.id, spec: serving.tenant.spec });
  const key = projectionKeys.did(state.number);
  try {
    if (route.record === undefined) await projector.remove(key);
    else await projector.put(key, route.record);
    return { verdict: route.verdict, requeueAfterMs: state.requeueAfterMs };
  } catch (error) {
    if (!(error instanceof RedisUnavailable || error instanceof StaleFence)) throw error;
    return {
      verdict: verdict('Routed', 'False', 'RedisUnavailable', error.message),
      requeueAfterMs: REDIS_RETRY_MS,
    };
  }
}
