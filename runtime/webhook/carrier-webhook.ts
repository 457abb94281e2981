import { z } from 'zod';

/** The parts of Telnyx's webhook envelope that the call path reads; the rest is ignored. */
const envelopeSchema = z.object({
  data: z.object({
    id: z.string().min(1).max(200),
    event_type: z.string().min(1).max(200),
    occurred_at: z.iso.datetime({ offset: true }),
    payload: z
      .object({
        call_control_id: z.string().min(1).max(500).optional(),
        connection_id: z.string().max(200).nullish(),
        client_state: z.string().max(10_000).nullish(),
        direction: z.string().nullish(),
        from: z.string().max(500).nullish(),
        to: z.string().max(500).nullish(),
        end_time: z.iso.datetime({ offset: true }).nullish(),
        hangup_cause: z.string().max(200).nullish(),
        hangup_source: z.string().max(200).nullish(),
        digit: z.string().max(10).nullish(),
        digits: z.string().max(200).nullish(),
        status: z.string().max(100).nullish(),
        call_leg_id: z.string().max(200).nullish(),
        recording_started_at: z.iso.datetime({ offset: true }).nullish(),
        recording_ended_at: z.iso.datetime({ offset: true }).nullish(),
        stream_url: z.string().max(2_000).nullish(),
        stream_params: z.object({ stream_url: z.string().max(2_000).nullish() }).nullish(),
      })
      .default({}),
  }),
});

/** The events that change a call. Everything else is answered and forgotten. */
const EVENTS = [
  'call.initiated',
  'call.answered',
  'call.bridged',
  'call.dtmf.received',
  'call.gather.ended',
  'call.hangup',
  'call.speak.ended',
  'call.recording.saved',
  'streaming.stopped',
  'streaming.failed',
] as const;
export type CarrierEventName = (typeof EVENTS)[number];

export interface CarrierWebhook {
  readonly id: string;
  /** `other` for events that change nothing. */
  readonly event: CarrierEventName | 'other';
  readonly occurredAtMs: number;
  readonly carrierCallID: string | undefined;
  /** The Call Control application that it came from. */
  readonly applicationID: string | undefined;
  readonly clientState: string | undefined;
  readonly outgoing: boolean;
  readonly from: string;
  readonly to: string;
  /** For call.hangup: the carrier's end of the call, else when the event occurred. */
  readonly endedAtMs: number;
  readonly hangupCause: string | undefined;
  readonly byCaller: boolean;
  /** For call.hangup: the call was up, not only ringing. */
  readonly wasUp: boolean;
  readonly streamURL: string | undefined;
  /** For call.dtmf.received and call.gather.ended: the keys, and how the latter ended. */
  readonly keys: string;
  readonly gatherStatus: string | undefined;
  /** For call.recording.saved, which need not name the call itself. */
  readonly recording:
    | { readonly startedAtMs: number; readonly endedAtMs: number; readonly carrierLegID: string }
    | undefined;
}

/** Undefined for a body that is not such a webhook. */
export function parseCarrierWebhook(rawBody: Buffer): CarrierWebhook | undefined {
  let json: unknown;
  try {
    json = JSON.parse(rawBody.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const parsed = envelopeSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { id, event_type, occurred_at, payload } = parsed.data.data;
  return {
    id,
    event: eventNameOf(event_type),
    occurredAtMs: Date.parse(occurred_at),
    carrierCallID: payload.call_control_id,
    applicationID: payload.connection_id ?? undefined,
    clientState: payload.client_state ?? undefined,
    outgoing: payload.direction === 'outgoing',
    from: payload.from ?? '',
    to: payload.to ?? '',
    endedAtMs: Date.parse(payload.end_time ?? occurred_at),
    hangupCause: payload.hangup_cause ?? undefined,
    byCaller: isByCaller(payload.hangup_source, payload.hangup_cause),
    wasUp: UP_CAUSES.includes(payload.hangup_cause ?? ''),
    streamURL: payload.stream_url ?? payload.stream_params?.stream_url ?? undefined,
    keys: payload.digits ?? payload.digit ?? '',
    gatherStatus: payload.status ?? undefined,
    recording: recordingOf(payload),
  };
}

type Payload = z.output<typeof envelopeSchema>['data']['payload'];

function recordingOf(payload: Payload): CarrierWebhook['recording'] {
  const { call_leg_id, recording_started_at, recording_ended_at } = payload;
  if (!call_leg_id || !recording_started_at || !recording_ended_at) return undefined;
  return {
    startedAtMs: Date.parse(recording_started_at),
    endedAtMs: Date.parse(recording_ended_at),
    carrierLegID: call_leg_id,
  };
}

/** Some deliveries write underscores for dots, and some put `call.` before streaming events. */
function eventNameOf(eventType: string): CarrierEventName | 'other' {
  const name = eventType.replaceAll('_', '.').replace(/^call\.streaming\./, 'streaming.');
  return EVENTS.find((event) => event === name) ?? 'other';
}

/** How only a call ends that was answered; one that rings ends by `originator_cancel`, `timeout` and the like. */
const UP_CAUSES: readonly string[] = ['normal_clearing', 'time_limit'];

function isByCaller(source: string | null | undefined, cause: string | null | undefined): boolean {
  if (source === 'caller') return true;
  return source !== 'callee' && (cause === 'normal_clearing' || cause === 'originator_cancel');
}
