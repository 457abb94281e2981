import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type Admission, identityOf } from '#runtime/admission/admission.ts';
import type { Routing } from '#runtime/admission/routing.ts';
import type { CallAdvancer } from '#runtime/call/advance.ts';
import type { CallEvent, CallIdentity } from '#runtime/call/call-event.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { owesCommand, type StoredCall } from '#runtime/call/call-record.ts';
import { commandIDOf } from '#runtime/call/command-id.ts';
import type { Carrier } from '#runtime/carrier/carrier.ts';
import { type ClientState, decodeClientState } from '#runtime/carrier/client-state.ts';
import { rebuiltFrom } from '#runtime/keep/rebuilt-from.ts';
import { streamGenerationOf } from '#runtime/media-server/media-url.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { type CallRef, storeKeys } from '#runtime/store/store-keys.ts';
import type { CarrierWebhook } from './carrier-webhook.ts';
import { sendBeforeReply } from './send-before-reply.ts';
import { TransferLegs } from './transfer-legs.ts';

/** For so long a call is left to pods that may know more of it. */
const OTHERS_FIRST_MS = 2_000;

export interface WebhookRouterOptions {
  readonly admission: Admission;
  readonly routing: Routing;
  readonly advancer: CallAdvancer;
  readonly carrier: Carrier;
  /** Whether Redis is away, for a key. */
  readonly away: (key: string) => boolean;
  /** Keeps a call in this pod from now on, where Redis is away. */
  readonly takeWithoutRedis: (ref: CallRef) => void;
  readonly runtime: string;
  readonly maxDurationMs: number;
  readonly callTokenSecret: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

export interface Routed {
  /** A word for the metric. */
  readonly outcome: string;
  /** The calls as this delivery stored them, for their next commands to be carried out after the reply. */
  readonly calls: readonly StoredCall[];
}

/**
 * Turns an authentic webhook into a stored transition of its call. Resolves once it is stored, so
 * that the reply may be sent; throws what Redis throws, for the carrier to deliver it again.
 */
export class WebhookRouter {
  readonly #options: WebhookRouterOptions;
  readonly #legs: TransferLegs;

  constructor(options: WebhookRouterOptions) {
    this.#options = options;
    this.#legs = new TransferLegs(options);
  }

  async route(webhook: CarrierWebhook): Promise<Routed> {
    const { carrierCallID } = webhook;
    if (webhook.event === 'call.recording.saved') return this.#noteRecording(webhook);
    if (webhook.event === 'other' || carrierCallID === undefined) return { outcome: 'Other', calls: [] };
    if (webhook.applicationID !== undefined) this.#options.carrier.noteApplication(webhook.applicationID);
    const state = decodeClientState(webhook.clientState, this.#options.callTokenSecret);
    if (state?.leg) {
      const call = await this.#legs.take(webhook, carrierCallID, state);
      return { outcome: 'Leg', calls: call ? [call] : [] };
    }
    // Somebody else's, under our application: never admitted, never metered.
    if (webhook.outgoing) return { outcome: 'Outgoing', calls: [] };
    if (webhook.event === 'call.initiated') return this.#admit(webhook, carrierCallID);
    return this.#advance(webhook, carrierCallID, state);
  }

  async #admit(webhook: CarrierWebhook, carrierCallID: string): Promise<Routed> {
    const { admission, metrics, log } = this.#options;
    const { id: eventID, from, to, occurredAtMs } = webhook;
    const admitted = await admission.admit({ eventID, carrierCallID, from, to, occurredAtMs });
    const { outcome, call, looped = [] } = admitted;
    metrics.admissions.inc({ outcome });
    log.info({ outcome, callID: callIDOf(carrierCallID), tenantID: call?.record.tenantID }, 'call.initiated');
    if (outcome === 'UnknownNumber' || outcome === 'OtherRuntime') await this.#rejectUnstored(carrierCallID);
    const isDriven = call && (outcome !== 'Known' || owesCommand(call));
    return { outcome, calls: isDriven ? [call, ...looped] : looped };
  }

  /** A call of no tenant has no shard to store a command in, so it is rejected before the reply. */
  async #rejectUnstored(carrierCallID: string): Promise<void> {
    const { log } = this.#options;
    const step = 'reject';
    const commandID = commandIDOf(callIDOf(carrierCallID), { step, generation: 0 });
    const command = { step, cause: 'CALL_REJECTED', carrierCallID, commandID } as const;
    const result = await sendBeforeReply(command, this.#options);
    if (result !== 'Done' && result !== 'CallEnded')
      log.warn({ result }, 'a call of no tenant was not rejected');
  }

  /** Named by our state alone: the carrier does not promise to name the call. */
  async #noteRecording({ id, clientState, recording }: CarrierWebhook): Promise<Routed> {
    const { advancer, callTokenSecret, clock } = this.#options;
    const state = decodeClientState(clientState, callTokenSecret);
    if (!state || state.leg || !recording) return { outcome: 'Unrouted', calls: [] };
    const event = { kind: 'recorded', atMs: clock.now(), ...recording } as const;
    const { outcome, call } = await advancer.advance({ ref: state, eventID: id, event });
    return routedOf(outcome, call);
  }

  async #advance(
    webhook: CarrierWebhook,
    carrierCallID: string,
    state: ClientState | undefined,
  ): Promise<Routed> {
    const { advancer, takeWithoutRedis } = this.#options;
    const known = state && this.#rebuiltFrom(state, webhook, carrierCallID);
    const identity = known?.identity ?? (await this.#identify(webhook, carrierCallID));
    if (!identity) return { outcome: 'Unrouted', calls: [] };
    const event = this.#eventOf(webhook, identity);
    if (!event) return { outcome: 'Ignored', calls: [] };
    // Other events say too little of what the call was doing: those are left to StuckCalls.
    const rebuild = event.kind === 'answered' || event.kind === 'hungUp' ? known : undefined;
    if (event.kind === 'answered') this.#leaveToOthers(identity, event.occurredAtMs);
    if (rebuild) takeWithoutRedis(identity);
    const { outcome, call } = await advancer.advance({ ref: identity, eventID: webhook.id, event, rebuild });
    return routedOf(outcome, call);
  }

  /**
   * Without Redis, a stream comes to nothing on a pod that never read of the tenant: the carrier is asked to tell
   * another one. Where there is none, the caller hears the apology.
   */
  #leaveToOthers(identity: CallIdentity, answeredAtMs: number): void {
    const { away, routing, clock } = this.#options;
    const isNew = clock.now() < answeredAtMs + OTHERS_FIRST_MS;
    if (isNew && away(storeKeys.call(identity)) && !routing.hasRead(identity.tenantID))
      throw new TenantUnread();
  }

  /** Our signed word on a call that we have answered, where the carrier returns it. */
  #rebuiltFrom(
    state: ClientState,
    { from, to }: CarrierWebhook,
    carrierCallID: string,
  ): CallEvent<'rebuilt'> | undefined {
    const { runtime, maxDurationMs, clock } = this.#options;
    return rebuiltFrom(state, { carrierCallID, from, to, runtime, maxDurationMs, atMs: clock.now() });
  }

  /** Whose call it is by the number that was dialled. */
  async #identify({ from, to }: CarrierWebhook, carrierCallID: string): Promise<CallIdentity | undefined> {
    const { routing, runtime, maxDurationMs } = this.#options;
    const did = await routing.numberOf(to);
    if (did?.runtime !== runtime) return undefined;
    return identityOf({ carrierCallID, from, to }, did, maxDurationMs);
  }

  #eventOf(webhook: CarrierWebhook, identity: CallIdentity): CallEvent | undefined {
    const atMs = this.#options.clock.now();
    const generation = streamGenerationOf(webhook.streamURL);
    const { event, endedAtMs, hangupCause: cause, byCaller, wasUp, occurredAtMs } = webhook;
    if (event === 'call.answered') return { kind: 'answered', atMs, occurredAtMs };
    // Of our own leg: only a transfer bridges it.
    if (event === 'call.bridged') return { kind: 'bridged', atMs, generation: undefined, occurredAtMs };
    if (event === 'call.hangup') {
      return { kind: 'hungUp', atMs, identity, occurredAtMs: endedAtMs, cause, byCaller, wasUp };
    }
    if (event === 'call.speak.ended') return { kind: 'spoken', atMs };
    if (generation === undefined) return undefined;
    if (event === 'streaming.stopped') return { kind: 'streamStopped', atMs, generation };
    return event === 'streaming.failed' ? { kind: 'streamFailed', atMs, generation } : undefined;
  }
}

class TenantUnread extends OperatingError {
  constructor() {
    super('tenant_unread', 'Redis is away, and this pod never read of the tenant', { retryable: true });
  }
}

/** A delivery that says nothing new may be the repeat of one whose command was never sent. */
function routedOf(outcome: string, call: StoredCall | undefined): Routed {
  return { outcome, calls: call && (outcome === 'Stored' || owesCommand(call)) ? [call] : [] };
}
