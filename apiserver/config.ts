import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import type { ConfigOf, OptionTable } from '#lib/config/config.ts';
import { option } from '#lib/config/config.ts';
import { REDIS_URL_FORMS, redisURLSchema } from '#lib/redis/redis-url.ts';
import { OUR_ISSUER } from './identity/access-token.ts';
import { emailAddressSchema } from './identity/email-address.ts';
import { issuerSchema } from './identity/outside-tokens.ts';

/** `https://console.example.com,https://other.example.com`: origins, without paths. */
const origins = z.string().transform((text, context) => {
  const list = text.split(',').map((part) => part.trim());
  for (const origin of list) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      context.addIssue({ code: 'custom', message: `${origin} is not an origin such as https://example.com` });
    }
  }
  return list;
});

const secretText = z.string().min(32, 'must have at least 32 characters');

/** `1`, or `10.0.0.0/8, fd00::/8`: never "all", which would believe whatever a client says. */
const trustedProxies = z.string().transform((text, context): number | string[] => {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const networks = text.split(',').map((part) => part.trim());
  for (const network of networks) {
    if (!ipaddr.isValidCIDR(network) && !ipaddr.isValid(network)) {
      context.addIssue({
        code: 'custom',
        message: `${network} is neither a count nor a network such as 10.0.0.0/8`,
      });
    }
  }
  return networks;
});

/** A JSON list of outside issuers, each named once and none with our own name. */
const issuers = z.preprocess(
  parseJSON,
  z
    .array(issuerSchema)
    .max(50)
    .refine((list) => new Set(list.map(({ issuer }) => issuer)).size === list.length, 'names one twice')
    .refine((list) => list.every(({ issuer }) => issuer !== OUR_ISSUER), `${OUR_ISSUER} is our own name`),
);

/** What is no JSON stays text, which no list is. */
function parseJSON(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return text;
  }
}

const postgresURL = option.url('postgres', 'postgresql');

/** Also of apiserver/admin/main.ts, which shows the same links. */
export const CONSOLE_URL_OPTION = {
  schema: option.url('http', 'https'),
  default: 'http://localhost:8080',
  description: "Where people's pages are: the links in mails begin with it.",
} as const;

/** The settings of the API server. */
export const API_SERVER_OPTIONS = {
  SAAS_MODE: {
    schema: option.boolean,
    default: 'false',
    description:
      'true opens self-service signup; false is an on-prem install whose tenants come from manifests.',
  },
  DATABASE_URL: {
    schema: postgresURL,
    secret: true,
    description: 'Postgres as the role veralux_app, which sees one tenant at a time.',
  },
  WORKER_DATABASE_URL: {
    schema: postgresURL,
    secret: true,
    description: 'The same database as the role veralux_worker: the outbox, observed tenants, the ledger.',
  },
  JWT_SECRET: {
    schema: secretText,
    secret: true,
    description: 'Signs access tokens (HS256), at least 32 characters; the same on every replica.',
  },
  JWT_SECRET_SECONDARY: {
    schema: secretText,
    secret: true,
    optional: true,
    description:
      'Another secret whose tokens are taken: the next one before JWT_SECRET is replaced, the last one for a day after.',
  },
  OUTSIDE_ISSUERS: {
    schema: issuers,
    default: '[]',
    description:
      'Identity providers whose tokens are taken, by their published keys, as JSON: [{"issuer": "https://id.example.com", "audience": "veralux", "jwksURL": "https://id.example.com/jwks.json"}].',
  },
  REDIS_URL: {
    schema: redisURLSchema,
    secret: true,
    description: `Redis, from whose streams the call ledger is read: ${REDIS_URL_FORMS}.`,
  },
  KUBECONFIG: {
    schema: z.string(),
    optional: true,
    description: 'A kubeconfig file; without it the service account of the pod is used.',
  },
  NAMESPACE: {
    schema: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a DNS label'),
    default: 'veralux-system',
    description: "The API server's own namespace, where the Secret veralux-admin is kept.",
  },
  ADMIN_EMAIL: {
    schema: emailAddressSchema,
    default: 'admin@veralux.local',
    description: 'On-prem: the e-mail address of the administrator made at the first start.',
  },
  ADMIN_ALLOWED_ORIGINS: {
    schema: origins,
    optional: true,
    description: 'Origins, separated by commas, whose pages may call the API (CORS). Absent: none.',
  },
  TRUSTED_PROXIES: {
    schema: trustedProxies,
    default: '0',
    description:
      'Whose X-Forwarded-For is believed: how many proxies are before this server, or their networks, separated by commas. ' +
      'Behind a proxy that is not named here, everybody is one client with one budget: ' +
      'veralux_http_forwarded_untrusted_total counts such requests.',
  },
  ADMIN_RATE_MAX: {
    schema: option.positiveInt,
    default: '200',
    description:
      'How many requests a client (an IPv4 address, an IPv6 /64), an account and an API key may each make in a window.',
  },
  ADMIN_RATE_WINDOW_MS: {
    schema: option.positiveInt,
    default: '300000',
    description: 'How long a window is, in milliseconds; counted in whole seconds.',
  },
  AUTH_RATE_MAX: {
    schema: option.positiveInt,
    default: '20',
    description:
      'How many requests in a window a client, an account and an e-mail address may each make at each route that takes or mails a secret: login, signup, forgotten password, join …',
  },
  CONTROL_REPLICAS: {
    schema: option.positiveInt,
    default: '2',
    description:
      'How many replicas of this server there are: while Redis is away, each lets its part of the requests above through.',
  },
  SIGNUPS_PER_DAY: {
    schema: option.positiveInt,
    default: '1000',
    description: 'How many sign-ups are made in a UTC day, all together.',
  },
  SIGNUPS_PER_DAY_PER_NETWORK: {
    schema: option.positiveInt,
    default: '20',
    description: 'How often a day one client (an IPv4 address, an IPv6 /64) may try to sign up.',
  },
  SIGNUPS_PER_DAY_PER_EMAIL: {
    schema: option.positiveInt,
    default: '5',
    description: 'How often a day a sign-up may be tried for one e-mail address.',
  },
  SMTP_URL: {
    schema: option.url('smtp', 'smtps'),
    secret: true,
    optional: true,
    description:
      'The server that takes our mails: smtp://user:password@host:587, or smtps://…. Absent: none are sent, and apiserver/admin/main.ts shows their links.',
  },
  MAIL_FROM: {
    schema: z.string().min(3).max(320),
    optional: true,
    description: 'Whom mails are from: VeraLux <no-reply@example.com>. Needed with SMTP_URL.',
  },
  CONSOLE_URL: CONSOLE_URL_OPTION,
  NOTIFICATION_MAILS_PER_DAY: {
    schema: option.positiveInt,
    default: '2000',
    description:
      'How many notifications are mailed for one tenant in a UTC day; the others wait, for a day at most.',
  },
  NOTIFICATION_MAILS_PER_DAY_PER_ADDRESS: {
    schema: option.positiveInt,
    default: '500',
    description: 'How many are mailed to one address in a UTC day, for all tenants together.',
  },
  LEDGER_REJECTS_DAYS: {
    schema: option.positiveInt,
    default: '90',
    description:
      'For how many days ledger entries that could not be taken in are kept, for people to look at.',
  },
  LEDGER_REJECTS_ROWS: {
    schema: option.positiveInt,
    default: '100000',
    description: 'How many of them at most; the oldest go first.',
  },
  REVISIONS_DAYS: {
    schema: option.positiveInt,
    default: '730',
    description: 'For how many days each configuration that a tenant had is kept; the latest always is.',
  },
  REVISIONS_ROWS: {
    schema: option.positiveInt,
    default: '1000',
    description: 'How many of them a tenant has at most; the oldest go first.',
  },
  NOTIFICATIONS_DAYS: {
    // Longer than a month, in which a limit is told of once.
    schema: option.positiveInt.min(32),
    default: '90',
    description:
      'For how many days notifications and their deliveries are shown, dead ones too; at least 32.',
  },
  AUDIT_DAYS: {
    schema: option.positiveInt,
    default: '2555',
    description: 'For how many days the audit log says who changed what; by default seven years.',
  },
  HOST: { schema: z.string().min(1), default: '0.0.0.0', description: 'The address to listen on.' },
  PORT: { schema: option.port, default: '8080', description: 'The port to listen on; 0 takes a free one.' },
  METRICS_PORT: {
    schema: option.port,
    default: '9090',
    description: 'The port of /metrics, which the internet has no business with; 0 takes a free one.',
  },
  METRICS_MAX_TENANTS: {
    schema: option.positiveInt,
    default: '100',
    description:
      'How many tenants, those with the most calls, have metrics of their own; the others are added up as `other`.',
  },
  LOG_LEVEL: { schema: option.logLevel, default: 'info', description: 'What is logged at least.' },
  STOP_DELAY_MS: {
    schema: z.coerce.number().int().nonnegative(),
    default: '3000',
    description:
      'How long requests are accepted at the end after /ready has said 503, in milliseconds: whoever sends them has to hear of it first.',
  },
  DRAIN_TIMEOUT_MS: {
    schema: option.positiveInt,
    default: '10000',
    description: 'How long the end may take until requests under way are cut, in milliseconds.',
  },
} as const satisfies OptionTable;

export type ApiServerConfig = ConfigOf<typeof API_SERVER_OPTIONS>;

/** What is wrong between settings that are right one by one. */
export function checkConfig(config: ApiServerConfig): readonly string[] {
  const { SMTP_URL, MAIL_FROM, STOP_DELAY_MS, DRAIN_TIMEOUT_MS } = config;
  return [
    ...(SMTP_URL !== undefined && MAIL_FROM === undefined
      ? ['MAIL_FROM is missing: a mail needs a sender where SMTP_URL is set.']
      : []),
    ...(STOP_DELAY_MS >= DRAIN_TIMEOUT_MS
      ? ['STOP_DELAY_MS leaves no time to requests under way: it has to be less than DRAIN_TIMEOUT_MS.']
      : []),
  ];
}
