import type { TransferBody } from '../rest/request-bodies.ts';
import { legPayload } from '../webhooks/call-payload.ts';
import type { CallLeg } from './call-leg.ts';
import { connectLegs } from './connect-legs.ts';
import type { Destinations } from './destinations.ts';
import type { Exchange, HangUp } from './exchange.ts';

const DEFAULT_TIMEOUT_SECONDS = 30;
const DEFAULT_LIMIT_SECONDS = 14_400;

/** The `transfer` command: a leg that the carrier dials and bridges by itself, and ends with the caller's. */
export class Transfers {
  readonly #exchange: Exchange;
  readonly #destinations: Destinations;

  constructor(exchange: Exchange, destinations: Destinations) {
    this.#exchange = exchange;
    this.#destinations = destinations;
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
    const limitMs = (body.time_limit_secs ?? DEFAULT_LIMIT_SECONDS) * 1_000;
    this.#destinations.ring(
      outgoing,
      body.timeout_secs ?? DEFAULT_TIMEOUT_SECONDS,
      ({ talksMs = Number.POSITIVE_INFINITY }) => this.#bridge(leg, outgoing, { talksMs, limitMs }),
    );
  }

  #bridge(leg: CallLeg, outgoing: CallLeg, lasts: { talksMs: number; limitMs: number }): void {
    const exchange = this.#exchange;
    leg.dialled.delete(outgoing);
    if (leg.state !== 'answered') {
      exchange.end(outgoing, { cause: 'originator_cancel', source: 'caller', sip: '487' });
      return;
    }
    exchange.answer(outgoing);
    connectLegs(exchange, leg, outgoing);
    const { talksMs, limitMs } = lasts;
    const hangUp: HangUp =
      talksMs <= limitMs
        ? { cause: 'normal_clearing', source: 'callee', sip: '200' }
        : { cause: 'time_limit', source: 'unknown', sip: '200' };
    outgoing.after(Math.min(talksMs, limitMs), () => exchange.end(outgoing, hangUp));
  }
}
