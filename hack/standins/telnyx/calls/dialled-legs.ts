import type { Clock } from '#lib/clock/clock.ts';
import type { Applications } from '../inventory/applications.ts';
import type { Numbers } from '../inventory/numbers.ts';
import { apiErrors } from '../rest/api-error.ts';
import type { BridgeBody, DialBody } from '../rest/request-bodies.ts';
import { legPayload } from '../webhooks/call-payload.ts';
import { type CallLeg, COMMAND_MEMORY_MS } from './call-leg.ts';
import { note } from './call-record.ts';
import { connectLegs } from './connect-legs.ts';
import type { Answers, Destinations } from './destinations.ts';
import type { Exchange, HangUp } from './exchange.ts';

export interface DialledLegsOptions {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly destinations: Destinations;
  readonly numbers: Numbers;
  readonly applications: Applications;
}

const DEFAULT_TIMEOUT_SECONDS = 30;
const DEFAULT_LIMIT_SECONDS = 14_400;
const MAX_COMMAND_IDS = 10_000;
const HUNG_UP: HangUp = { cause: 'normal_clearing', source: 'callee', sip: '200' };

/**
 * Legs that are dialled for themselves. One that is linked to another shares its session and nothing else: nobody ends
 * it with that one before the two are bridged.
 */
export class DialledLegs {
  readonly #options: DialledLegsOptions;
  readonly #byCommand = new Map<string, { readonly leg: CallLeg; readonly atMs: number }>();

  constructor(options: DialledLegsOptions) {
    this.#options = options;
  }

  /** The leg that `body` asks for; of a command that was carried out within the last minute, that one's. */
  dial(body: DialBody, from: string): CallLeg {
    const repeated = this.#repeated(body.command_id);
    const leg = repeated ?? this.#open(body);
    note(leg.record.commands, {
      at: leg.now(),
      action: 'dial',
      body,
      from,
      result: '200',
      ...(repeated ? { repeat: true } : {}),
    });
    return leg;
  }

  /** Connects two answered legs. */
  bridge(leg: CallLeg, body: BridgeBody): void {
    const { exchange } = this.#options;
    const other = exchange.find(body.call_control_id);
    if (!other || other === leg) throw apiErrors.unknownCall();
    if (!other.live) throw apiErrors.callEnded();
    if (other.state === 'parked' || other.state === 'dialing') throw apiErrors.callNotAnswered();
    if (leg.peer || other.peer) throw apiErrors.invalid('One of the calls is bridged already.');
    leg.staysAfterBridge = body.park_after_unbridge === 'self';
    connectLegs(exchange, leg, other);
    for (const bridged of [leg, other]) {
      if (bridged.talksMs !== undefined) bridged.after(bridged.talksMs, () => exchange.end(bridged, HUNG_UP));
    }
  }

  #repeated(commandID: string | undefined): CallLeg | undefined {
    const known = commandID === undefined ? undefined : this.#byCommand.get(commandID);
    return known && this.#options.clock.monotonic() - known.atMs < COMMAND_MEMORY_MS ? known.leg : undefined;
  }

  #open(body: DialBody): CallLeg {
    const { exchange, destinations, clock } = this.#options;
    const leg = exchange.openLeg({ ...this.#identityOf(body), direction: 'outgoing' });
    if (body.command_id !== undefined && this.#byCommand.size < MAX_COMMAND_IDS)
      this.#byCommand.set(body.command_id, { leg, atMs: clock.monotonic() });
    exchange.emit(leg, 'call.initiated', { ...legPayload(leg), state: 'bridging' });
    const limitMs = (body.time_limit_secs ?? DEFAULT_LIMIT_SECONDS) * 1_000;
    destinations.ring(leg, body.timeout_secs ?? DEFAULT_TIMEOUT_SECONDS, (who) => {
      exchange.answer(leg);
      leg.after(limitMs, () => exchange.end(leg, { cause: 'time_limit', source: 'unknown', sip: '200' }));
      this.#behave(leg, who);
    });
    return leg;
  }

  #identityOf(body: DialBody) {
    const { exchange, numbers, applications } = this.#options;
    const application = applications.get(body.connection_id);
    if (!numbers.byNumber(body.from))
      throw apiErrors.invalid('The caller id is not a number of yours.', '/from');
    const linked = body.link_to === undefined ? undefined : exchange.find(body.link_to);
    if (body.link_to !== undefined && !linked) throw apiErrors.unknownCall();
    if (linked && !linked.live) throw apiErrors.callEnded();
    return {
      from: body.from,
      to: body.to,
      connectionID: application.id,
      target: linked?.target ?? exchange.targetOf(application),
      clientState: body.client_state ?? null,
      ...(linked ? { sessionID: linked.record.callSessionID } : {}),
    };
  }

  /** What whoever answered does when keys are asked for, and once they are connected. */
  #behave(leg: CallLeg, { presses, pressesAfterMs, leavesAfterMs, talksMs }: Answers): void {
    const { exchange } = this.#options;
    leg.talksMs = talksMs;
    leg.onAsked = () => {
      if (presses !== undefined) leg.after(pressesAfterMs, () => exchange.press(leg, presses));
      if (leavesAfterMs !== undefined) leg.after(leavesAfterMs, () => exchange.end(leg, HUNG_UP));
    };
  }
}
