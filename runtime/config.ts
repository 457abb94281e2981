import { z } from 'zod';
import { enginesSchema } from '#crds/voice-runtime/engine.ts';
import { type ConfigOf, option } from '#lib/config/config.ts';
import { REDIS_URL_FORMS, redisURLSchema } from '#lib/redis/redis-url.ts';

const base64Key = z
  .string()
  .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64');

const enginesJSON = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: `must be JSON: ${(error as Error).message}` });
      return z.NEVER;
    }
  })
  .pipe(enginesSchema);

function apiKeyOf(engine: string) {
  return {
    schema: z.string(),
    optional: true,
    secret: true,
    description: `The key of the API of ${engine}, where it has a secretRef.`,
  } as const;
}

/** The settings of the runtime: env, help and the README's table come from here. */
export const runtimeOptions = {
  HOST: { schema: z.string(), default: '0.0.0.0', description: 'The address to listen on.' },
  PORT: {
    schema: option.port,
    default: '8080',
    description: 'The port of webhooks, media sockets and health; 0 takes a free one.',
  },
  METRICS_PORT: {
    schema: option.port,
    optional: true,
    description:
      'The port of /metrics, which the internet has no business with; 0 takes a free one. Absent: they are at PORT.',
  },
  CONNECTIONS_PER_ADDRESS: {
    schema: z.coerce.number().int().nonnegative(),
    default: '3000',
    description:
      'Connections that one address may have open; 0: any number. Behind a load balancer all may come from its address: that takes two a call, and those of webhooks.',
  },
  LOG_LEVEL: { schema: option.logLevel, default: 'info', description: 'trace, debug, info, warn or error.' },
  DRAIN_TIMEOUT_MS: {
    schema: option.positiveInt,
    default: '3600000',
    description: 'How long calls may go on after SIGTERM.',
  },
  REDIS_URL: {
    schema: redisURLSchema,
    secret: true,
    description: `The Redis of projection, calls and ledger: ${REDIS_URL_FORMS}.`,
  },
  RUNTIME_NAME: {
    schema: z.string().regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'must be namespace/name'),
    default: 'veralux-system/shared',
    description: 'The VoiceRuntime that this pod belongs to, as namespace/name.',
  },
  POD_NAME: {
    schema: z.string().regex(/^[A-Za-z0-9.-]{1,253}$/, "must be a pod's name"),
    description: 'The name of this pod, unique within the runtime.',
  },
  POD_IP: {
    schema: z.union([z.ipv4(), z.ipv6()]),
    optional: true,
    description:
      'The IP address at which other pods of the runtime reach this one, at PORT, to ask it after its calls.',
  },
  TELNYX_API_KEY: { schema: z.string(), secret: true, description: "The Telnyx account's API key." },
  TELNYX_PUBLIC_KEY: {
    schema: base64Key,
    description: "The Telnyx account's public key, with which webhooks are verified.",
  },
  TELNYX_BASE_URL: {
    schema: option.url('http', 'https'),
    default: 'https://api.telnyx.com/v2',
    description: "The base URL of Telnyx's API.",
  },
  TELNYX_CONNECTION_ID: {
    schema: z.string(),
    optional: true,
    description:
      "The id of this runtime's Call Control application, to find stuck calls by; absent: learnt from its webhooks.",
  },
  MEDIA_URL: {
    schema: option.url('ws', 'wss'),
    description: 'The base URL at which the carrier reaches this runtime for media sockets.',
  },
  CALL_TOKEN_SECRET: {
    schema: z.string().min(32),
    secret: true,
    description:
      "Signs media tokens and client state, and opens the tokens of tenants' tools; the same on every pod, at least 32 characters.",
  },
  CALLS_PER_POD: {
    schema: option.positiveInt,
    default: '50',
    description: 'Calls that this pod holds at most.',
  },
  MAX_CALL_DURATION_SECONDS: {
    schema: option.positiveInt,
    default: '3600',
    description: 'After how long a call is ended.',
  },
  STREAM_CODEC: {
    schema: z.enum(['PCMU', 'PCMA', 'G722', 'L16', 'OPUS']),
    default: 'PCMU',
    description: 'The codec asked of the carrier: PCMU, PCMA, G722, L16 or OPUS.',
  },
  STREAM_SAMPLE_RATE: {
    schema: z.coerce
      .number()
      .pipe(z.union([z.literal(8_000), z.literal(16_000), z.literal(24_000), z.literal(48_000)])),
    default: '8000',
    description:
      'Its sample rate in Hz: 8000, 16000, 24000 or 48000. PCMU and PCMA: 8000. G722: 8000, which stands for 16 kHz audio.',
  },
  L16_BYTE_ORDER: {
    schema: z.enum(['BigEndian', 'LittleEndian']),
    default: 'BigEndian',
    description: 'The byte order of L16 samples on the wire; RFC 3551 says big-endian.',
  },
  STREAM_TARGET_LEGS: {
    schema: z.enum(['opposite', 'self', 'both']),
    default: 'opposite',
    description: 'Which legs hear us: opposite, self or both.',
  },
  ENGINES: {
    schema: enginesJSON,
    description: 'The speech and language engines as JSON, in the form of spec.engines of a VoiceRuntime.',
  },
  STT_API_KEY: apiKeyOf('the preferred speech-to-text engine'),
  STT_FALLBACK_1_API_KEY: apiKeyOf('the first fallback of the speech-to-text engine'),
  STT_FALLBACK_2_API_KEY: apiKeyOf('the second fallback of the speech-to-text engine'),
  LLM_API_KEY: apiKeyOf('the preferred language model'),
  LLM_FALLBACK_1_API_KEY: apiKeyOf('the first fallback of the language model'),
  LLM_FALLBACK_2_API_KEY: apiKeyOf('the second fallback of the language model'),
  TTS_API_KEY: apiKeyOf('the preferred text-to-speech engine'),
  TTS_FALLBACK_1_API_KEY: apiKeyOf('the first fallback of the text-to-speech engine'),
  TTS_FALLBACK_2_API_KEY: apiKeyOf('the second fallback of the text-to-speech engine'),
} as const;

export type RuntimeConfig = ConfigOf<typeof runtimeOptions>;
