import { z } from 'zod';

/** What can be changed while the stand-in runs, through the control API. Times in milliseconds. */
export const settingsSchema = z.strictObject({
  /** From a command's arrival to its effect and reply. */
  commandDelayMs: z.number().int().min(0).max(60_000),
  /** From an event to its webhook's first attempt. */
  webhookDelayMs: z.number().int().min(0).max(60_000),
  /** An attempt without a reply in this time has failed (Telnyx gives 2 s). */
  webhookTimeoutMs: z.number().int().min(50).max(30_000),
  /** Between attempts: this, doubled each time. */
  webhookRetryMs: z.number().int().min(1).max(60_000),
  /** How long a number order stays pending. */
  orderDelayMs: z.number().int().min(0).max(600_000),
  /** How long a caller lets it ring. */
  ringTimeoutMs: z.number().int().min(100).max(600_000),
  /** The carrier ends every call after this. */
  callLimitMs: z.number().int().min(1_000).max(14_400_000),
  /** From a broken media socket to the webhook that tells of it; until then the stream counts as active. */
  streamLossReportMs: z.number().int().min(0).max(120_000),
  /**
   * What a `streaming_start` does while the call has a stream: it is refused until that one was stopped or
   * reported as lost, or it ends that one and takes its place. Telnyx allows one stream and does not say which.
   */
  secondStream: z.enum(['Refuse', 'Replace']),
  /** Whether a bridge ends the streams of its legs: not documented. */
  bridgeEndsStream: z.boolean(),
  /** From the end of a recording to the webhook that tells of it. */
  recordingSaveMs: z.number().int().min(0).max(60_000),
  /** Whether `call.recording.saved` names the call by `call_control_id` too: the SDK's type has no such key. */
  recordingNamesCall: z.boolean(),
  /** The legs that reach the caller's ear on a single leg: public sources disagree. */
  audibleTargetLegs: z.array(z.enum(['opposite', 'self', 'both'])),
  /** The order of the bytes of an L16 sample on the media socket: public sources disagree. */
  l16ByteOrder: z.enum(['BigEndian', 'LittleEndian']),
  /** The codec of the caller's leg: what is streamed when no `stream_codec` is asked for. */
  legCodec: z.enum(['PCMU', 'PCMA', 'G722', 'OPUS']),
  /** Whether asking for L16 towards the caller also gives the caller's audio as L16: not documented. */
  l16BothWays: z.boolean(),
  /** API requests allowed in a second; above it: 429. */
  requestsPerSecond: z.number().int().min(1),
});

/** Any of the settings; what is not given stays. */
export const settingsPatchSchema = settingsSchema.partial();

export type SettingsPatch = z.output<typeof settingsPatchSchema>;
export type Settings = z.output<typeof settingsSchema>;

const defaultSettings: Settings = {
  commandDelayMs: 20,
  webhookDelayMs: 30,
  webhookTimeoutMs: 2_000,
  webhookRetryMs: 500,
  orderDelayMs: 300,
  ringTimeoutMs: 60_000,
  callLimitMs: 14_400_000,
  streamLossReportMs: 200,
  secondStream: 'Refuse',
  bridgeEndsStream: true,
  recordingSaveMs: 300,
  recordingNamesCall: false,
  audibleTargetLegs: ['opposite', 'self', 'both'],
  l16ByteOrder: 'BigEndian',
  legCodec: 'PCMU',
  l16BothWays: true,
  requestsPerSecond: 1_000,
};

const realistic = { commandDelayMs: 150, webhookDelayMs: 300, streamLossReportMs: 300 } as const;

/** Carriers of different character; each is a change of the default settings. */
const profiles = {
  /** Quick enough to watch. */
  default: {},
  /** As fast as it goes, for tests of what is right and not of what is late. */
  fast: { commandDelayMs: 0, webhookDelayMs: 0, webhookRetryMs: 20, orderDelayMs: 0, streamLossReportMs: 0 },
  realistic,
  /** A broken socket stays unreported for 30 s and keeps the call's one stream taken until it is stopped. */
  hostile: { ...realistic, streamLossReportMs: 30_000, secondStream: 'Refuse' },
} as const satisfies Record<string, Partial<Settings>>;

export const profileSchema = z.enum(['default', 'fast', 'realistic', 'hostile']);
export type Profile = z.output<typeof profileSchema>;

/** All settings of a profile. */
export function settingsOf(profile: Profile): Settings {
  return { ...defaultSettings, ...profiles[profile] };
}
