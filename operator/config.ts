import { z } from 'zod';
import { type ConfigOf, option } from '#lib/config/config.ts';
import { REDIS_URL_FORMS, redisURLSchema } from '#lib/redis/redis-url.ts';

/** The operator's settings, all environment variables. */
export const operatorOptions = {
  KUBECONFIG: {
    schema: z.string(),
    optional: true,
    description: "A kubeconfig file. Absent: the pod's own service account.",
  },
  NAMESPACE: {
    schema: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'must be the name of a namespace'),
    default: 'veralux-system',
    description: "The operator's own namespace: its Lease, the installation's id and the claims on numbers.",
  },
  REDIS_URL: {
    schema: redisURLSchema,
    secret: true,
    description: `The Redis that the phone path reads: ${REDIS_URL_FORMS}.`,
  },
  RUNTIME_REDIS_URL: {
    schema: redisURLSchema,
    secret: true,
    optional: true,
    description: 'The same Redis as the pods of Managed VoiceRuntimes reach it. Absent: REDIS_URL.',
  },
  IMAGE: {
    schema: z.string().min(1),
    optional: true,
    description: "The image of pods whose VoiceRuntime names none: this program's own.",
  },
  TELNYX_BASE_URL: {
    schema: option.url('http', 'https'),
    default: 'https://api.telnyx.com/v2',
    description: "The base of Telnyx's API; another one for tests.",
  },
  SECRET_ROTATION_DAYS: {
    schema: option.positiveInt,
    default: '90',
    description: "After how many days tenants' generated secrets are made anew.",
  },
  LEASE_SECONDS: {
    schema: z.coerce.number().int().min(3).max(3_600),
    default: '15',
    description:
      'How long another operator waits after the last sign of this one. This one ends when it could not renew its lease for two thirds of it.',
  },
  HOST: {
    schema: z.string(),
    default: '0.0.0.0',
    description: 'The address to serve /healthz, /readyz and /metrics on.',
  },
  PORT: { schema: option.port, default: '8081', description: 'The port for these; 0 takes a free one.' },
  LOG_LEVEL: {
    schema: option.logLevel,
    default: 'info',
    description: 'The least level that is logged: trace, debug, info, warn or error.',
  },
  DRAIN_TIMEOUT_MS: {
    schema: option.positiveInt,
    default: '10000',
    description: 'How long reconciles under way may take when the operator ends.',
  },
} as const;

export type OperatorConfig = ConfigOf<typeof operatorOptions>;
