import type Telnyx from 'telnyx';
import type { CallLeg } from '../calls/call-leg.ts';
import type { MediaStream } from '../media/media-stream.ts';

/** Telnyx sends null where the SDK's types know only absence. */
type Nullable<T> = { [K in keyof T]: T[K] | null };
type EventPayload = Nullable<
  NonNullable<Telnyx.CallInitiated['payload']> & {
    start_time: string;
    end_time: string;
    call_quality_stats: object;
  }
>;

/** The keys that every event of a call carries. */
export function callPayload(leg: CallLeg) {
  const { record } = leg;
  return {
    call_control_id: record.callControlID,
    call_leg_id: record.id,
    call_session_id: record.callSessionID,
    connection_id: record.connectionID,
    client_state: leg.clientState,
  } satisfies Partial<EventPayload>;
}

/** Those that the events of a leg's life add. */
export function legPayload(leg: CallLeg) {
  const { record } = leg;
  return {
    ...callPayload(leg),
    from: record.from,
    to: record.to,
    direction: record.direction,
    start_time: record.startedAt,
    caller_id_name: record.from,
    shaken_stir_attestation: 'A',
    tags: [],
  } satisfies Partial<EventPayload>;
}

/** What `streaming.failed` carries. */
export function failedPayload(leg: CallLeg, stream: MediaStream, failure: string) {
  return {
    ...callPayload(leg),
    failure_reason: failure,
    stream_id: stream.id,
    stream_params: { stream_url: stream.record.url, track: stream.track },
    stream_type: 'websocket',
  } satisfies Omit<NonNullable<Telnyx.CallStreamingFailed['payload']>, 'client_state'> & {
    client_state: string | null;
  };
}
