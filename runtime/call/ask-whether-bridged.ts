import { decodeClientState } from '#runtime/carrier/client-state.ts';
import type { AskOptions } from './ask-carrier.ts';
import type { CallEvent } from './call-event.ts';
import type { CallRecord } from './call-record.ts';

export interface AskWhetherBridgedOptions extends AskOptions {
  /** The carrier's time of the key with which the person took the call. */
  readonly acceptedAtMs: number;
}

/**
 * Of a person who takes the call, whose leg lives by `legLives`: whether they talk with the caller. The caller's leg tells
 * that by our signed state, which it has of the last command that the carrier took for it.
 */
export async function askWhetherBridged(
  record: CallRecord,
  legLives: CallEvent<'commandDone'>,
  { carrier, callTokenSecret, acceptedAtMs, clock, log }: AskWhetherBridgedOptions,
): Promise<CallEvent> {
  const { callID, transfer, generation, carrierCallID } = record;
  const found = await carrier.lookUp(carrierCallID);
  const atMs = clock.now();
  log.info({ callID, status: found.status }, 'the carrier was asked after a call');
  if (found.status === 'Live') {
    const state = decodeClientState(found.clientState, callTokenSecret);
    const isTold = state?.callID === callID && state.generation === generation;
    return isTold && state.bridged
      ? { kind: 'bridged', atMs, generation: transfer?.generation, occurredAtMs: acceptedAtMs }
      : { ...legLives, atMs, apart: isTold };
  }
  if (found.status === 'Ended' && found.endedAtMs !== undefined) {
    const occurredAtMs = found.endedAtMs;
    return { kind: 'hungUp', atMs, identity: record, occurredAtMs, cause: undefined, byCaller: false };
  }
  const { step, generation: asked } = legLives;
  const failure = found.status === 'Unreachable' ? 'Unreachable' : 'CallEnded';
  return { kind: 'commandFailed', atMs, step, generation: asked, failure };
}
