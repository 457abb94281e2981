import { z } from 'zod';
import type { TransferBody } from '../rest/request-bodies.ts';
import { callPayload, legPayload } from '../webhooks/call-payload.ts';
import type { CallLeg } from './call-leg.ts';
import type { Exchange, HangUp } from './exchange.ts';

/** What somebody who is called does. */
export const destinationSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('answers'),
    afterMs: z.number().int().min(0).max(600_000).default(1_000),
    /** Hangs up after this; absent: waits for the caller to. */
    talksMs: z.number().int().min(0).max(14_400_000).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('busy') }),
  z.strictObject({ kind: z.literal('rejects') }),
  z.strictObject({ kind: z.literal('noAnswer') }),
  z.strictObject({ kind: z.literal('notFound') }),
]);

export type Destination = z.output<typeof destinationSchema>;

const MAX_DESTINATIONS = 10_000;
const DEFAULT_TIMEOUT_SECONDS = 30;
const DEFAULT_LIMIT_SECONDS = 14_400;
const REFUSAL_DELAY_MS = 200;

const refusals = {
  busy: { cause: 'user_busy', source: 'callee', sip: '486' },
  rejects: { cause: 'call_rejected', source: 'callee', sip: '603' },
  notFound: { cause: 'not_found', source: 'unknown', sip: '404' },
} as const satisfies Record<string, HangUp>;

/** Outgoing legs: who is called, what they do, and the bridge between two legs. */
export class Transfers {
  readonly #exchange: Exchange;
  readonly #destinations = new Map<string, Destination>();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** From now on whoever has this number does so; unknown numbers answer after a second. */
  setDestination(number: string, destination: Destination): void {
    if (this.#destinations.size >= MAX_DESTINATIONS) throw new RangeError('there are too many destinations');
    this.#destinations.set(number, destination);
  }

  /** Dials `body.to` beside the leg, which stays with the agent until somebody answers. */
  start(leg: CallLeg, body: TransferBody): void {
    const exchange = this.#exchange;
    const outgoing = exchange.openLeg({
      direction: 'outgoing',
      from: body.from ?? leg.record.to,
      to: body.to,
      connectionID: leg.record.connectionID,
      target: leg.target,
      sessionID: leg.record.callSessionID,
      clientState: body.target_leg_client_state ?? null,
    });
    leg.dialled.add(outgoing);
    leg.staysAfterBridge = body.park_after_unbridge === 'self';
    exchange.emit(outgoing, 'call.initiated', { ...legPayload(outgoing), state: 'bridging' });
    const destination = this.#destinations.get(body.to) ?? { kind: 'answers', afterMs: 1_000 };
    const timeoutMs = (body.timeout_secs ?? DEFAULT_TIMEOUT_SECONDS) * 1_000;
    outgoing.after(timeoutMs, () => {
      if (outgoing.state === 'dialing') {
        exchange.end(outgoing, { cause: 'timeout', source: 'unknown', sip: '480' });
      }
    });
    if (destination.kind === 'answers') {
      const { talksMs = Number.POSITIVE_INFINITY, afterMs } = destination;
      const limitMs = (body.time_limit_secs ?? DEFAULT_LIMIT_SECONDS) * 1_000;
      outgoing.after(afterMs, () => this.#bridge(leg, outgoing, { talksMs, limitMs }));
    } else if (destination.kind !== 'noAnswer') {
      outgoing.after(REFUSAL_DELAY_MS, () => exchange.end(outgoing, refusals[destination.kind]));
    }
  }

  #bridge(leg: CallLeg, outgoing: CallLeg, lasts: { talksMs: number; limitMs: number }): void {
    const exchange = this.#exchange;
    leg.dialled.delete(outgoing);
    if (leg.state !== 'answered') {
      exchange.end(outgoing, { cause: 'originator_cancel', source: 'caller', sip: '487' });
      return;
    }
    exchange.answer(outgoing);
    leg.peer = outgoing;
    outgoing.peer = leg;
    for (const bridged of [leg, outgoing]) {
      bridged.state = 'bridged';
      bridged.record.bridgedAt = bridged.now();
      bridged.hearing.pause();
      exchange.emit(bridged, 'call.bridged', {
        ...callPayload(bridged),
        from: bridged.record.from,
        to: bridged.record.to,
      });
    }
    exchange.stopStream(leg);
    const { talksMs, limitMs } = lasts;
    const hangUp: HangUp =
      talksMs <= limitMs
        ? { cause: 'normal_clearing', source: 'callee', sip: '200' }
        : { cause: 'time_limit', source: 'unknown', sip: '200' };
    outgoing.after(Math.min(talksMs, limitMs), () => exchange.end(outgoing, hangUp));
  }
}
