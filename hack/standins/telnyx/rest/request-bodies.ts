import type Telnyx from 'telnyx';
import { z } from 'zod';

/*
 * What each route accepts. Unknown fields are refused, and each schema is held by the compiler to
 * produce what the SDK's parameter type allows, so a field we mistype or invent does not compile.
 */

const text = z.string().min(1);
const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/, 'The phone number must be in +E.164 format');
const webhookURL = z.url({ protocol: /^https?$/ }).max(2000);
/** Telnyx returns it as it came, so only its alphabet is checked. */
const clientState = z.base64().max(4000);
const commandID = z.string().min(1).max(255);
const command = { client_state: clientState.exactOptional(), command_id: commandID.exactOptional() };

export const numberOrderBody = z.strictObject({
  phone_numbers: z
    .array(z.strictObject({ phone_number: e164 }))
    .min(1)
    .max(50),
  connection_id: text.exactOptional(),
  customer_reference: z.string().max(255).exactOptional(),
}) satisfies z.ZodType<Telnyx.NumberOrderCreateParams>;

export const phoneNumberPatch = z.strictObject({
  connection_id: z.string().exactOptional(),
  customer_reference: z.string().max(255).exactOptional(),
  tags: z.array(z.string()).max(50).exactOptional(),
  hd_voice_enabled: z.boolean().exactOptional(),
}) satisfies z.ZodType<Telnyx.PhoneNumberUpdateParams>;

export const applicationBody = z.strictObject({
  application_name: text.max(255),
  webhook_event_url: webhookURL,
  webhook_event_failover_url: z.union([webhookURL, z.literal(''), z.null()]).exactOptional(),
  webhook_api_version: z.enum(['1', '2']).exactOptional(),
  webhook_timeout_secs: z.number().int().min(0).max(30).nullable().exactOptional(),
  active: z.boolean().exactOptional(),
  anchorsite_override: z
    .enum([
      'Latency',
      'Chicago, IL',
      'Ashburn, VA',
      'San Jose, CA',
      'London, UK',
      'Chennai, IN',
      'Amsterdam, Netherlands',
      'Toronto, Canada',
      'Sydney, Australia',
    ])
    .exactOptional(),
  call_cost_in_webhooks: z.boolean().exactOptional(),
  dtmf_type: z.enum(['RFC 2833', 'Inband', 'SIP INFO']).exactOptional(),
  first_command_timeout: z.boolean().exactOptional(),
  first_command_timeout_secs: z.number().int().positive().exactOptional(),
  redact_dtmf_debug_logging: z.boolean().exactOptional(),
}) satisfies z.ZodType<Telnyx.CallControlApplicationCreateParams & Telnyx.CallControlApplicationUpdateParams>;

/** `filter[features][]=voice` and `filter[features]=voice,sms` are the same. */
const features = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',') : value),
  z.array(
    z.enum(['sms', 'mms', 'voice', 'fax', 'emergency', 'hd_voice', 'international_sms', 'local_calling']),
  ),
);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const availableNumbersFilter = z.strictObject({
  country_code: z.string().length(2).exactOptional(),
  national_destination_code: z
    .string()
    .regex(/^\d{1,6}$/)
    .exactOptional(),
  locality: z.string().exactOptional(),
  administrative_area: z.string().exactOptional(),
  features: features.exactOptional(),
  limit: z.coerce.number().int().min(1).max(100).exactOptional(),
  best_effort: flag.exactOptional(),
  phone_number_type: z.enum(['local', 'toll_free', 'mobile', 'national', 'shared_cost']).exactOptional(),
  phone_number: z
    .strictObject({
      contains: z.string().exactOptional(),
      starts_with: z.string().exactOptional(),
      ends_with: z.string().exactOptional(),
    })
    .exactOptional(),
}) satisfies z.ZodType<NonNullable<Telnyx.AvailablePhoneNumberListParams['filter']>>;

export const phoneNumbersFilter = z.strictObject({
  phone_number: z.string().exactOptional(),
  customer_reference: z.string().exactOptional(),
  connection_id: z.string().exactOptional(),
  status: z.enum(['purchase-pending', 'purchase-failed', 'active', 'deleted']).exactOptional(),
}) satisfies z.ZodType<NonNullable<Telnyx.PhoneNumberListParams['filter']>>;

export const numberOrdersFilter = z.strictObject({
  customer_reference: z.string().exactOptional(),
  status: z.string().exactOptional(),
}) satisfies z.ZodType<NonNullable<Telnyx.NumberOrderListParams['filter']>>;

export const recordingsFilter = z.strictObject({
  call_leg_id: z.string().exactOptional(),
  connection_id: z.string().exactOptional(),
  to: z.string().exactOptional(),
  created_at: z.strictObject({ lte: z.iso.datetime({ offset: true }).exactOptional() }).exactOptional(),
}) satisfies z.ZodType<NonNullable<Telnyx.RecordingListParams['filter']>>;

export const applicationsFilter = z.strictObject({
  application_name: z.strictObject({ contains: z.string().exactOptional() }).exactOptional(),
}) satisfies z.ZodType<NonNullable<Telnyx.CallControlApplicationListParams['filter']>>;

const streamURL = z.url({ protocol: /^wss?$/, error: 'stream_url must be a ws:// or wss:// URL' }).max(2000);
const streamCodec = z.enum(['PCMU', 'PCMA', 'G722', 'OPUS', 'AMR-WB', 'L16', 'default']);
const streamBase = {
  stream_url: streamURL.exactOptional(),
  stream_track: z.enum(['inbound_track', 'outbound_track', 'both_tracks']).exactOptional(),
  stream_codec: streamCodec.exactOptional(),
  stream_bidirectional_mode: z.enum(['mp3', 'rtp']).exactOptional(),
  stream_bidirectional_codec: z.enum(['PCMU', 'PCMA', 'G722', 'OPUS', 'AMR-WB', 'L16']).exactOptional(),
  stream_bidirectional_target_legs: z.enum(['opposite', 'self', 'both']).exactOptional(),
};

/** `stream_auth_token` and `custom_parameters` are documented for streaming_start alone. */
export const answerBody = z.strictObject({
  ...command,
  ...streamBase,
  webhook_url: webhookURL.exactOptional(),
  webhook_url_method: z.literal('POST').exactOptional(),
  send_silence_when_idle: z.boolean().exactOptional(),
}) satisfies z.ZodType<Telnyx.Calls.ActionAnswerParams>;

export const streamingStartBody = z.strictObject({
  ...command,
  ...streamBase,
  stream_url: streamURL,
  stream_bidirectional_sampling_rate: z
    .union([z.literal(8000), z.literal(16000), z.literal(22050), z.literal(24000), z.literal(48000)])
    .exactOptional(),
  stream_auth_token: z.string().min(1).max(4000).exactOptional(),
  custom_parameters: z
    .array(z.strictObject({ name: text, value: z.string() }))
    .max(50)
    .exactOptional(),
}) satisfies z.ZodType<Telnyx.Calls.ActionStartStreamingParams>;

export const streamingStopBody = z.strictObject({
  ...command,
  stream_id: z.string().exactOptional(),
}) satisfies z.ZodType<Telnyx.Calls.ActionStopStreamingParams>;

export const rejectBody = z.strictObject({
  ...command,
  cause: z.enum(['CALL_REJECTED', 'USER_BUSY']),
}) satisfies z.ZodType<Telnyx.Calls.ActionRejectParams>;

export const hangupBody = z.strictObject(command) satisfies z.ZodType<Telnyx.Calls.ActionHangupParams>;

const speech = {
  payload: z.string().min(1).max(3000),
  voice: text,
  language: z
    .enum(['en-US', 'en-GB', 'en-AU', 'de-DE', 'es-ES', 'es-MX', 'es-US', 'fr-FR', 'it-IT'])
    .exactOptional(),
  payload_type: z.enum(['text', 'ssml']).exactOptional(),
  service_level: z.enum(['basic', 'premium']).exactOptional(),
};

export const speakBody = z.strictObject({
  ...command,
  ...speech,
}) satisfies z.ZodType<Telnyx.Calls.ActionSpeakParams>;

export const transferBody = z.strictObject({
  ...command,
  to: z.union([e164, z.string().regex(/^sips?:\S+@\S+$/)]),
  from: z.string().exactOptional(),
  from_display_name: z.string().max(128).exactOptional(),
  timeout_secs: z.number().int().min(5).max(600).exactOptional(),
  time_limit_secs: z.number().int().min(30).max(14_400).exactOptional(),
  target_leg_client_state: clientState.exactOptional(),
  early_media: z.boolean().exactOptional(),
  park_after_unbridge: z.literal('self').exactOptional(),
  webhook_url: webhookURL.exactOptional(),
}) satisfies z.ZodType<Telnyx.Calls.ActionTransferParams>;

/** `bridge_intent` and `bridge_on_answer` are not modelled. */
export const dialBody = z.strictObject({
  ...command,
  connection_id: text,
  to: e164,
  from: e164,
  link_to: text.exactOptional(),
  timeout_secs: z.number().int().min(5).max(600).exactOptional(),
  time_limit_secs: z.number().int().min(30).max(14_400).exactOptional(),
}) satisfies z.ZodType<Telnyx.CallDialParams>;

type BridgeParams = Telnyx.Calls.ActionBridgeParams;
type BridgeOnTheWire = Omit<BridgeParams, 'call_control_id_to_bridge_with'> & {
  call_control_id: BridgeParams['call_control_id_to_bridge_with'];
};

/** The SDK has a name of its own for what is `call_control_id` on the wire. */
export const bridgeBody = z.strictObject({
  ...command,
  call_control_id: text,
  park_after_unbridge: z.literal('self').exactOptional(),
}) satisfies z.ZodType<BridgeOnTheWire>;

const digits = z.string().regex(/^[0-9A-D*#]+$/);

export const gatherUsingSpeakBody = z.strictObject({
  ...command,
  ...speech,
  minimum_digits: z.number().int().min(1).max(128).exactOptional(),
  maximum_digits: z.number().int().min(1).max(128).exactOptional(),
  maximum_tries: z.number().int().min(1).exactOptional(),
  timeout_millis: z.number().int().min(1).exactOptional(),
  inter_digit_timeout_millis: z.number().int().min(1).exactOptional(),
  valid_digits: digits.exactOptional(),
  terminating_digit: z.string().max(1).exactOptional(),
}) satisfies z.ZodType<Telnyx.Calls.ActionGatherUsingSpeakParams>;

export const sendDtmfBody = z.strictObject({
  ...command,
  digits: z.string().regex(/^[0-9A-DwW*#]{1,100}$/),
  duration_millis: z.number().int().min(100).max(500).exactOptional(),
}) satisfies z.ZodType<Telnyx.Calls.ActionSendDtmfParams>;

export const recordStartBody = z.strictObject({
  ...command,
  channels: z.enum(['single', 'dual']),
  format: z.enum(['wav', 'mp3']),
  custom_file_name: z.string().min(1).max(40).exactOptional(),
  max_length: z.number().int().min(0).max(14_400).exactOptional(),
  play_beep: z.boolean().exactOptional(),
  recording_track: z.enum(['both', 'inbound', 'outbound']).exactOptional(),
  timeout_secs: z.number().int().min(0).exactOptional(),
  trim: z.literal('trim-silence').exactOptional(),
}) satisfies z.ZodType<Telnyx.Calls.ActionStartRecordingParams>;

export const recordStopBody = z.strictObject({
  ...command,
  recording_id: z.string().exactOptional(),
}) satisfies z.ZodType<Telnyx.Calls.ActionStopRecordingParams>;

export type NumberOrderBody = z.output<typeof numberOrderBody>;
export type PhoneNumberPatch = z.output<typeof phoneNumberPatch>;
export type ApplicationBody = z.output<typeof applicationBody>;
export type AvailableNumbersFilter = z.output<typeof availableNumbersFilter>;
export type StreamingStartBody = z.output<typeof streamingStartBody>;
export type RecordStartBody = z.output<typeof recordStartBody>;
export type TransferBody = z.output<typeof transferBody>;
export type DialBody = z.output<typeof dialBody>;
export type BridgeBody = z.output<typeof bridgeBody>;
export type GatherUsingSpeakBody = z.output<typeof gatherUsingSpeakBody>;
export type CommandBody = z.output<typeof hangupBody>;
