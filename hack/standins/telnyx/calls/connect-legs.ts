import { callPayload } from '../webhooks/call-payload.ts';
import type { CallLeg } from './call-leg.ts';
import type { Exchange } from './exchange.ts';

/** Bridges two answered legs: neither is spoken to any more, and each ends with the other unless it is to stay. */
export function connectLegs(exchange: Exchange, leg: CallLeg, other: CallLeg): void {
  leg.peer = other;
  other.peer = leg;
  for (const bridged of [leg, other]) {
    bridged.gathering?.end('cancelled');
    bridged.state = 'bridged';
    bridged.record.bridgedAt = bridged.now();
    bridged.hearing.pause();
    exchange.emit(bridged, 'call.bridged', {
      ...callPayload(bridged),
      from: bridged.record.from,
      to: bridged.record.to,
    });
  }
  exchange.endStreamsOfBridge(leg, other);
}
