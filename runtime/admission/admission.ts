import type { DidRecord } from '#crds/projection/did-record.ts';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Advanced, CallAdvancer } from '#runtime/call/advance.ts';
import type { CallIdentity } from '#runtime/call/call-event.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import type { StoredCall, Treatment } from '#runtime/call/call-record.ts';
import type { AdmissionLimits } from '#runtime/store/commit-script.ts';
import { type CallRef, storeKeys } from '#runtime/store/store-keys.ts';
import type { AwayStore } from './away-store.ts';
import type { PodSlots } from './pod-slots.ts';
import { MAX_TREATED, REJECT_CAUSE, type Refusal, refusalOf, treatmentOf } from './refusal.ts';
import type { Routing } from './routing.ts';

export interface IncomingCall {
  /** The webhook's id. */
  readonly eventID: string;
  readonly carrierCallID: string;
  readonly from: string;
  readonly to: string;
  readonly occurredAtMs: number;
}

export type Admitted = {
  /** The calls whose transfer this one turned out to be a loop of; each has a command stored. */
  readonly looped?: readonly StoredCall[];
} /** The call is to be answered; its first command is stored. */ & (
  | { readonly outcome: 'Admitted'; readonly call: StoredCall }
  /** The call is to be rejected, or answered with a message; that command is stored. */
  | { readonly outcome: Refusal; readonly call: StoredCall | undefined }
  /** This or another delivery of it was taken before, or it is over already. */
  | { readonly outcome: 'Known'; readonly call: StoredCall | undefined }
  /** The number leads to nobody, so there is no place to store anything. */
  | { readonly outcome: 'UnknownNumber' | 'OtherRuntime'; readonly call: undefined }
);

export interface AdmissionOptions {
  readonly runtime: string;
  readonly maxDurationMs: number;
  readonly routing: Routing;
  readonly slots: PodSlots;
  readonly store: AwayStore;
  /** Whether Redis is away, for a key. */
  readonly away: (key: string) => boolean;
  readonly advancer: CallAdvancer;
  readonly clock: Clock;
}

/**
 * Decides on call.initiated, in two scripts because two slots of Redis are touched: first a slot on
 * a named pod, then the tenant's shard with its limits. A refusal gives the slot back. Stores its
 * decision before it returns; throws what Redis throws, and may be asked again.
 */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  async admit(incoming: IncomingCall): Promise<Admitted> {
    const { routing, runtime, store, slots, maxDurationMs, away } = this.#options;
    const did = await routing.numberOf(incoming.to);
    const route = did ?? (await routing.removedNumberOf(incoming.to));
    if (!route) return { outcome: 'UnknownNumber', call: undefined };
    const identity = identityOf(incoming, { ...route, runtime }, maxDurationMs);
    const isAway = away(storeKeys.call(identity));
    if (isAway) store.begin(identity);
    const [{ call: known }, loops, profile] = await Promise.all([
      // A slot must not be reserved again for a call that is known: nobody would give it back.
      store.load(identity),
      // Without Redis nobody knows; such a call is bounded by slots and by the ringing.
      isAway ? [] : store.diallingTo(route.tenantID, incoming.from),
      routing.tenantOf(route.tenantID),
    ]);
    if (known) return { outcome: 'Known', call: known, looped: await this.#tellLoop(known) };
    const moving = did?.runtime !== runtime;
    if (!profile && moving) return { outcome: did ? 'OtherRuntime' : 'UnknownNumber', call: undefined };
    if (!profile) return this.#reject(incoming, identity, 'NotServed');
    if (loops.length > 0) return this.#refuseLoop(incoming, identity, loops);
    const refusal = refusalOf(profile, incoming.from) ?? (moving ? 'NumberMoving' : undefined);
    if (refusal) return this.#refuse(incoming, { identity, profile, refusal });
    const { outcome, pod } = await slots.reserve(identity, { fair: hasNeighbours(profile) });
    if (outcome !== 'Reserved') return this.#refuse(incoming, { identity, profile, refusal: outcome });
    return this.#take(incoming, { identity, pod: pod.pod, profile });
  }

  async #take(
    incoming: IncomingCall,
    offer: { identity: CallIdentity; pod: string; profile: TenantProfile },
  ): Promise<Admitted> {
    const { advancer, slots, clock } = this.#options;
    const { identity, pod, profile } = offer;
    const { recording } = profile;
    const admitted = advancer.advance({
      ref: identity,
      eventID: incoming.eventID,
      event: {
        kind: 'admitted',
        atMs: clock.now(),
        identity,
        pod,
        occurredAtMs: incoming.occurredAtMs,
        ...(recording.enabled ? { recording: { retentionDays: recording.retentionDays } } : {}),
      },
      limits: limitsOf(profile),
    });
    const { outcome, call } = await admitted.catch(async (error: unknown) => {
      // The webhook comes again, and may be given a slot on another pod; where it was stored after all, the
      // call reserves this one anew for its stream.
      await slots.release(pod, identity);
      throw error;
    });
    if (outcome === 'Stored' && call) return { outcome: 'Admitted', call };
    // Another delivery was faster: its slot may be the same one, and is its call's to keep.
    if (call?.record.pod !== pod || call.record.state === 'settled') await slots.release(pod, identity);
    if (outcome === 'Stored' || outcome === 'Duplicate' || outcome === 'Ignored') {
      return { outcome: 'Known', call };
    }
    return this.#refuse(incoming, { identity, profile, refusal: outcome });
  }

  /**
   * The tenant is just calling the number that this call comes from: it forwards to us. That is stored
   * with this call before the transfer is ended by it, which does away with what it is known by.
   */
  async #refuseLoop(
    incoming: IncomingCall,
    identity: CallIdentity,
    [transfer, ...others]: readonly CallRef[],
  ): Promise<Admitted> {
    // Of several it is not known which one; busy at the end of the loop ends the right one, too.
    const loopOf = others.length === 0 ? transfer?.callID : undefined;
    const { outcome, call } = await this.#store(incoming, { identity, refusal: 'ForwardingLoop', loopOf });
    const looped = call ? await this.#tellLoop(call) : [];
    return { outcome: outcome === 'Stored' ? 'ForwardingLoop' : 'Known', call, looped };
  }

  /** Ends the transfer that a call came back from; each further delivery of that call does it where the first could not. */
  async #tellLoop({ record }: StoredCall): Promise<readonly StoredCall[]> {
    const { callID, tenantID, loopOf, endingAtMs: seenAtMs } = record;
    if (loopOf === undefined || seenAtMs === undefined) return [];
    const { advancer, clock } = this.#options;
    const { outcome, call } = await advancer.advance({
      ref: { tenantID, callID: loopOf },
      eventID: `looped/${callID}`,
      event: { kind: 'looped', atMs: clock.now(), seenAtMs },
    });
    return outcome === 'Stored' && call ? [call] : [];
  }

  /** With a message where the tenant wants one, as long as its month and the number of messages allow. */
  async #refuse(
    incoming: IncomingCall,
    { identity, profile, refusal }: { identity: CallIdentity; profile: TenantProfile; refusal: Refusal },
  ): Promise<Admitted> {
    const treatment = treatmentOf(refusal, profile);
    if (!treatment) return this.#reject(incoming, identity, refusal);
    const limits = { ...limitsOf(profile), concurrentCalls: MAX_TREATED };
    const { outcome, call } = await this.#store(incoming, { identity, refusal, treatment, limits });
    if (outcome === 'Stored') return { outcome: refusal, call };
    if (outcome === 'Duplicate' || outcome === 'Ignored') return { outcome: 'Known', call };
    return this.#reject(incoming, identity, outcome === 'ConcurrentCalls' ? refusal : outcome);
  }

  async #reject(incoming: IncomingCall, identity: CallIdentity, refusal: Refusal): Promise<Admitted> {
    const { outcome, call } = await this.#store(incoming, { identity, refusal });
    return { outcome: outcome === 'Stored' ? refusal : 'Known', call };
  }

  #store(
    { eventID, occurredAtMs }: IncomingCall,
    refused: {
      identity: CallIdentity;
      refusal: Refusal;
      treatment?: Treatment;
      limits?: AdmissionLimits;
      loopOf?: string | undefined;
    },
  ): Promise<Advanced> {
    const { advancer, clock } = this.#options;
    const { identity, refusal, treatment, limits, loopOf } = refused;
    return advancer.advance({
      ref: identity,
      eventID,
      event: {
        kind: 'refused',
        atMs: clock.now(),
        identity,
        cause: REJECT_CAUSE[refusal],
        occurredAtMs,
        ...(treatment ? { treatment } : {}),
        ...(loopOf === undefined ? {} : { loopOf }),
      },
      ...(limits ? { limits } : {}),
    });
  }
}

export function identityOf(
  call: Pick<IncomingCall, 'carrierCallID' | 'from' | 'to'>,
  did: Pick<DidRecord, 'tenantID' | 'runtime' | 'workflow'>,
  maxDurationMs: number,
): CallIdentity {
  return {
    callID: callIDOf(call.carrierCallID),
    carrierCallID: call.carrierCallID,
    tenantID: did.tenantID,
    runtime: did.runtime,
    workflow: did.workflow,
    from: call.from,
    to: call.to,
    maxDurationMs,
  };
}

/** On a site of one's own there is nobody to keep room for: each call may have the last slot. */
function hasNeighbours({ plan }: TenantProfile): boolean {
  return plan !== 'OnPrem';
}

function limitsOf(profile: TenantProfile): AdmissionLimits {
  const { concurrentCalls, callsPerMonth, minutesPerMonth } = profile.limits;
  return {
    concurrentCalls: concurrentCalls ?? undefined,
    callsPerMonth: callsPerMonth ?? undefined,
    minutesPerMonth: minutesPerMonth ?? undefined,
  };
}
