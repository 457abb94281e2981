import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type Admission, identityOf } from '#runtime/admission/admission.ts';
import type { Routing } from '#runtime/admission/routing.ts';
import type { CallAdvancer } from '#runtime/call/advance.ts';
import type { CallEvent, CallIdentity } from '#runtime/call/call-event.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import type { StoredCall } from '#runtime/call/call-record.ts';
import { commandIDOf } from '#runtime/call/command-id.ts';
import type { Carrier, CarrierResult } from '#runtime/carrier/carrier.ts';
import { decodeClientState } from '#runtime/carrier/client-state.ts';
import { streamGenerationOf } from '#runtime/media-server/media-url.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CarrierWebhook } from './carrier-webhook.ts';

/** The reply is due within 2 s, so what comes before it has less. */
const REJECT_WITHIN_MS = 1_500;

export interface WebhookRouterOptions {
  readonly admission: Admission;
  readonly routing: Routing;
  readonly advancer: CallAdvancer;
  readonly carrier: Carrier;
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
  /** The call as this delivery stored it, for its next command to be carried out after the reply. */
  readonly call: StoredCall | undefined;
}

/**
 * Turns an authentic webhook into a stored transition of its call. Resolves once it is stored, so
 * that the reply may be sent; throws what Redis throws, for the carrier to deliver it again.
 */
export class WebhookRouter {
  readonly #options: WebhookRouterOptions;

  constructor(options: WebhookRouterOptions) {
    this.#options = options;
  }

  async route(webhook: CarrierWebhook): Promise<Routed> {
    const { carrierCallID } = webhook;
    if (webhook.event === 'other' || carrierCallID === undefined)
      return { outcome: 'Other', call: undefined };
    if (webhook.applicationID !== undefined) this.#options.carrier.noteApplication(webhook.applicationID);
    // Legs that we dial ourselves belong to their parent call: never admitted, never metered.
    if (webhook.outgoing) return { outcome: 'Outgoing', call: undefined };
    if (webhook.event === 'call.initiated') return this.#admit(webhook, carrierCallID);
    return this.#advance(webhook, carrierCallID);
  }

  async #admit(webhook: CarrierWebhook, carrierCallID: string): Promise<Routed> {
    const { admission, metrics, log } = this.#options;
    const { id: eventID, from, to, occurredAtMs } = webhook;
    const { outcome, call } = await admission.admit({ eventID, carrierCallID, from, to, occurredAtMs });
    metrics.admissions.inc({ outcome });
    log.info({ outcome, callID: callIDOf(carrierCallID), tenantID: call?.record.tenantID }, 'call.initiated');
    if (outcome === 'UnknownNumber' || outcome === 'OtherRuntime') await this.#rejectUnstored(carrierCallID);
    return { outcome, call: outcome === 'Known' ? undefined : call };
  }

  /**
   * A call of no tenant has no shard to store a command in, so it is rejected before the reply. Where
   * the carrier does not take that in time, this throws: the next delivery repeats the same command,
   * which the carrier carries out once.
   */
  async #rejectUnstored(carrierCallID: string): Promise<void> {
    const { carrier, clock, log } = this.#options;
    const commandID = commandIDOf(callIDOf(carrierCallID), { step: 'reject', generation: 0 });
    const { promise: overdue, resolve } = Promise.withResolvers<CarrierResult>();
    const cancel = clock.after(REJECT_WITHIN_MS, () => resolve('Unreachable'));
    const sent = carrier.send({ step: 'reject', cause: 'CALL_REJECTED', carrierCallID, commandID });
    const result = await Promise.race([sent, overdue]);
    cancel();
    if (result === 'Unreachable') throw new NotRejected();
    if (result !== 'Done' && result !== 'CallEnded')
      log.warn({ result }, 'a call of no tenant was not rejected');
  }

  async #advance(webhook: CarrierWebhook, carrierCallID: string): Promise<Routed> {
    const { advancer } = this.#options;
    const identity = await this.#identify(webhook, carrierCallID);
    if (!identity) return { outcome: 'Unrouted', call: undefined };
    const event = this.#eventOf(webhook, identity);
    if (!event) return { outcome: 'Ignored', call: undefined };
    const { outcome, call } = await advancer.advance({ ref: identity, eventID: webhook.id, event });
    return { outcome, call: outcome === 'Stored' ? call : undefined };
  }

  /** Whose call it is: our signed word where the carrier returns it, else the dialled number's. */
  async #identify(webhook: CarrierWebhook, carrierCallID: string): Promise<CallIdentity | undefined> {
    const { routing, callTokenSecret, runtime, maxDurationMs } = this.#options;
    const { from, to, clientState } = webhook;
    const call = { carrierCallID, from, to };
    const state = decodeClientState(clientState, callTokenSecret);
    if (state && !state.leg && state.callID === callIDOf(carrierCallID)) {
      const { tenantID, workflow = '' } = state;
      return identityOf(call, { tenantID, runtime, workflow }, maxDurationMs);
    }
    const did = await routing.numberOf(to);
    return did && did.runtime === runtime ? identityOf(call, did, maxDurationMs) : undefined;
  }

  #eventOf(webhook: CarrierWebhook, identity: CallIdentity): CallEvent | undefined {
    const atMs = this.#options.clock.now();
    const generation = streamGenerationOf(webhook.streamURL);
    const { event, endedAtMs, hangupCause: cause, byCaller, occurredAtMs } = webhook;
    if (event === 'call.answered') return { kind: 'answered', atMs, occurredAtMs };
    if (event === 'call.hangup') {
      return { kind: 'hungUp', atMs, identity, occurredAtMs: endedAtMs, cause, byCaller };
    }
    if (event === 'call.speak.ended') return { kind: 'spoken', atMs };
    if (generation === undefined) return undefined;
    if (event === 'streaming.stopped') return { kind: 'streamStopped', atMs, generation };
    return event === 'streaming.failed' ? { kind: 'streamFailed', atMs, generation } : undefined;
  }
}

/** The carrier has not taken a rejection of which nothing is stored. */
class NotRejected extends OperatingError {
  constructor() {
    super('not_rejected', 'the carrier did not take the rejection of a call of no tenant', {
      retryable: true,
    });
  }
}
