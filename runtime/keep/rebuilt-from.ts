import type { CallEvent } from '#runtime/call/call-event.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import type { ClientState } from '#runtime/carrier/client-state.ts';

/** What is known besides the signed state. Numbers are empty where the carrier did not repeat them. */
export interface RebuildContext {
  readonly carrierCallID: string;
  readonly from: string;
  readonly to: string;
  readonly runtime: string;
  readonly maxDurationMs: number;
  readonly atMs: number;
}

/**
 * A call that we have answered, by its signed state or media token alone, for where Redis has no record of it.
 * Undefined for a leg that we dialled, and for the state of another call.
 */
export function rebuiltFrom(
  state: Omit<ClientState, 'shard'>,
  { carrierCallID, from, to, runtime, maxDurationMs, atMs }: RebuildContext,
): CallEvent<'rebuilt'> | undefined {
  const { tenantID, callID, workflow = '', answeredAtMs, generation = 0, leg } = state;
  if (leg || callID !== callIDOf(carrierCallID)) return undefined;
  const identity = { callID, carrierCallID, tenantID, runtime, workflow, from, to, maxDurationMs };
  return { kind: 'rebuilt', atMs, identity, answeredAtMs, generation };
}
