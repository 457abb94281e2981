import { z } from 'zod';
import { option } from '#lib/config/config.ts';
import { profileSchema } from './settings.ts';

export const options = {
  HOST: { schema: z.string(), default: '127.0.0.1', description: 'The address to listen on.' },
  PORT: { schema: option.port, default: '8070', description: 'The port to listen on; 0 takes a free one.' },
  API_KEY: {
    schema: z.string().min(1),
    default: 'KEY_STANDIN',
    secret: true,
    description: 'The key that requests to /v2 must carry.',
  },
  WEBHOOK_PRIVATE_KEY: {
    schema: z.base64(),
    optional: true,
    secret: true,
    description:
      'The Ed25519 key that signs webhooks, PKCS #8 DER in base64; absent: from the state file, or new.',
  },
  PROFILE: {
    schema: profileSchema,
    default: 'default',
    description: 'What kind of carrier it is: default, fast, realistic or hostile.',
  },
  STATE_FILE: {
    schema: z.string(),
    optional: true,
    description: 'Where numbers, orders, applications and the key outlive a restart; absent: nowhere.',
  },
  RECORDING_FOLDER: {
    schema: z.string(),
    optional: true,
    description: 'A folder for a stereo WAV of every answered call; absent: calls are not recorded.',
  },
  LOG_LEVEL: {
    schema: option.logLevel,
    default: 'info',
    description: 'The least severe level that is logged.',
  },
  PATH: { schema: z.string(), description: 'Where flite and PocketSphinx are looked for.' },
} as const;
