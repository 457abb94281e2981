import { z } from 'zod';
import type { OptionTable } from '#lib/config/config.ts';
import { option } from '#lib/config/config.ts';

const password = z
  .string()
  .min(8, 'must have at least 8 characters')
  .regex(/^[\x21-\x7e]*$/, 'must be printable ASCII without spaces');

/** The settings of `apiserver/migrate/main.ts`. */
export const MIGRATE_OPTIONS = {
  ADMIN_DATABASE_URL: {
    schema: option.url('postgres', 'postgresql'),
    secret: true,
    description:
      'Postgres as a role that may create roles and schemas: a superuser, or one with CREATEROLE that owns the database.',
  },
  APP_PASSWORD: {
    schema: password,
    secret: true,
    description: 'The password of the role veralux_app, which serves people.',
  },
  WORKER_PASSWORD: {
    schema: password,
    secret: true,
    description: 'The password of the role veralux_worker, which does the background work.',
  },
  BACKUP_PASSWORD: {
    schema: password,
    secret: true,
    optional: true,
    description:
      'The password of the role veralux_backup, which reads every row for pg_dump. Needs an ADMIN_DATABASE_URL that can give BYPASSRLS. Absent: the role stays as it is, at first without a login.',
  },
  LOG_LEVEL: { schema: option.logLevel, default: 'info', description: 'What is logged at least.' },
} as const satisfies OptionTable;
