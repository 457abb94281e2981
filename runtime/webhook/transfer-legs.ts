import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { CallAdvancer } from '#runtime/call/advance.ts';
import type { CallEvent } from '#runtime/call/call-event.ts';
import { owesCommand, type StoredCall, type TransferFailure } from '#runtime/call/call-record.ts';
import { commandIDOf } from '#runtime/call/command-id.ts';
import { ACCEPT_KEY, DECLINE_KEY, isStrayLeg, legToEndOf } from '#runtime/call/consult.ts';
import { RING_SECONDS } from '#runtime/call/deadlines.ts';
import type { Carrier } from '#runtime/carrier/carrier.ts';
import type { ClientState } from '#runtime/carrier/client-state.ts';
import type { CarrierWebhook } from './carrier-webhook.ts';
import { sendBeforeReply } from './send-before-reply.ts';

export interface TransferLegsOptions {
  readonly advancer: Pick<CallAdvancer, 'advance'>;
  readonly carrier: Carrier;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * The webhooks of legs that we dialled to hand a call to a person: events of the call that they were
 * dialled for, named by our signed state. Such a leg is never admitted, metered or a call of its own.
 */
export class TransferLegs {
  readonly #options: TransferLegsOptions;

  constructor(options: TransferLegsOptions) {
    this.#options = options;
  }

  /** The call as this webhook stored it; undefined where it says nothing new. Throws as WebhookRouter does. */
  async take(
    webhook: CarrierWebhook,
    legCallID: string,
    { tenantID, callID, generation = 0, asked }: ClientState,
  ): Promise<StoredCall | undefined> {
    const { advancer, clock } = this.#options;
    const event = legEventOf(webhook, { legCallID, generation, atMs: clock.now() });
    if (!event) return undefined;
    const { outcome, call } = await advancer.advance({
      ref: { tenantID, callID },
      eventID: webhook.id,
      event,
    });
    // A call without a record is one that Redis has lost, and may be there again in a moment.
    const isAlone = asked === true && call !== undefined && BEFORE_BRIDGE.includes(event.kind);
    // Then the call ends it itself, and its caller, who hears nothing, does not wait for that.
    const isOwed = call !== undefined && legToEndOf(call.record) === legCallID;
    if (!isOwed && (isAlone || this.#rings(webhook)) && isStrayLeg(call?.record, generation))
      await this.#hangUp(legCallID, callID, generation);
    return call && (outcome === 'Stored' || owesCommand(call)) ? call : undefined;
  }

  /** One that cannot be ringing any more was answered, or is gone: nobody's conversation is ended here. */
  #rings({ event, occurredAtMs }: CarrierWebhook): boolean {
    return event === 'call.initiated' && this.#options.clock.now() < occurredAtMs + RING_SECONDS * 1_000;
  }

  /** The transfer was given up before this leg was heard of: nobody is to be called for it. */
  async #hangUp(legCallID: string, callID: string, generation: number): Promise<void> {
    const step = 'hangup';
    const commandID = commandIDOf(callID, { step, generation });
    const command = { step, carrierCallID: legCallID, commandID } as const;
    const result = await sendBeforeReply(command, this.#options);
    this.#options.log.info({ callID, step, leg: true, result }, 'carrier command');
  }
}

/** What is told of a leg to which nobody is connected, where its person is asked first. */
const BEFORE_BRIDGE: readonly CallEvent['kind'][] = ['legDialled', 'legAnswered', 'legDecided'];

function legEventOf(
  webhook: CarrierWebhook,
  { legCallID, generation, atMs }: { legCallID: string; generation: number; atMs: number },
): CallEvent | undefined {
  const { event, occurredAtMs, endedAtMs, hangupCause } = webhook;
  const about = { atMs, generation, occurredAtMs } as const;
  if (event === 'call.initiated') return { kind: 'legDialled', atMs, generation, legCallID };
  if (event === 'call.answered') return { kind: 'legAnswered', legCallID, ...about };
  if (event === 'call.bridged') return { kind: 'bridged', ...about };
  const decision = decisionOf(webhook);
  if (decision) return { kind: 'legDecided', legCallID, ...about, decision };
  if (event !== 'call.hangup') return undefined;
  return { kind: 'legHungUp', ...about, occurredAtMs: endedAtMs, failure: failureOf(hangupCause) };
}

/**
 * What a person says by a key, or by none. Each key is told of twice, by itself and as what was gathered, and either is
 * enough. A question that ends with its leg says nothing: the leg's hang-up does.
 */
function decisionOf({
  event,
  keys,
  gatherStatus,
}: CarrierWebhook): CallEvent<'legDecided'>['decision'] | undefined {
  if (event !== 'call.gather.ended' && event !== 'call.dtmf.received') return undefined;
  if (keys === ACCEPT_KEY) return 'Accepted';
  if (keys === DECLINE_KEY) return 'Declined';
  // However else it ended (too late, cancelled, another key, none), nobody is being asked any more.
  return event === 'call.gather.ended' && gatherStatus !== 'call_hangup' ? 'NoAnswer' : undefined;
}

/** The causes with which a leg ends that somebody had answered. */
const CONNECTED = ['normal_clearing', 'time_limit'];
const FAILURES: Readonly<Record<string, TransferFailure>> = {
  user_busy: 'Busy',
  no_answer: 'NoAnswer',
  timeout: 'NoAnswer',
  not_found: 'NotFound',
  call_rejected: 'Declined',
};

function failureOf(cause: string | undefined): TransferFailure | undefined {
  if (cause !== undefined && CONNECTED.includes(cause)) return undefined;
  return FAILURES[cause ?? ''] ?? 'Failed';
}
