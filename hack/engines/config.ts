import { z } from 'zod';
import { option } from '#lib/config/config.ts';

export const options = {
  HOST: { schema: z.string(), default: '127.0.0.1', description: 'The address to listen on.' },
  PORT: { schema: option.port, default: '8880', description: 'The port to listen on; 0 takes a free one.' },
  LOG_LEVEL: {
    schema: option.logLevel,
    default: 'info',
    description: 'The least severe level that is logged.',
  },
  DRAIN_TIMEOUT_MS: {
    schema: option.positiveInt,
    default: '5000',
    description: 'How long requests under way may take to finish at the end.',
  },
  CONCURRENCY: {
    schema: option.positiveInt,
    default: '2',
    description: 'Speech programs that run at once, for each of hearing and speaking.',
  },
  MAX_QUEUED: {
    schema: option.positiveInt,
    default: '64',
    description: 'Requests that may wait for each of hearing and speaking; more get 503.',
  },
  RULES: {
    schema: z.string(),
    optional: true,
    description: 'A JSON file of the rules that the language model follows. Absent: those of a receptionist.',
  },
  FIRST_TOKEN_MS: {
    schema: z.coerce.number().int().nonnegative(),
    default: '150',
    description: 'After how long the language model begins to answer.',
  },
  TOKENS_PER_SECOND: {
    schema: option.positiveInt,
    default: '60',
    description: 'How many words a second it writes.',
  },
  PATH: { schema: z.string(), description: 'Where flite and PocketSphinx are looked for.' },
} as const;
