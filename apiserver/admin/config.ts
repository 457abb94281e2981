import type { OptionTable } from '#lib/config/config.ts';
import { option } from '#lib/config/config.ts';
import { CONSOLE_URL_OPTION } from '../config.ts';

/** The settings of `apiserver/admin/main.ts`. */
export const ADMIN_OPTIONS = {
  WORKER_DATABASE_URL: {
    schema: option.url('postgres', 'postgresql'),
    secret: true,
    description: 'Postgres as the role veralux_worker.',
  },
  CONSOLE_URL: CONSOLE_URL_OPTION,
  LOG_LEVEL: { schema: option.logLevel, default: 'warn', description: 'What is logged at least.' },
} as const satisfies OptionTable;
