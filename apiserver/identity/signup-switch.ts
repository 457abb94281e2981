import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { STAFF } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';

const path = '/api/admin/system/signup';

const switchSchema = z.strictObject({
  isOpen: z.boolean(),
  reason: z.string().describe('Why it was last switched.'),
  changedAt: z.iso.datetime().nullable().describe('Null: it was never switched.'),
});

interface SwitchRow {
  readonly is_on: boolean;
  readonly reason: string;
  readonly changed_at: Date;
}

/** `GET /api/admin/system/signup`: whether self-service signup is switched on, on every replica. */
export function readSignupRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path,
    operationID: 'readSignup',
    summary: 'Say whether signup is switched on.',
    access: STAFF,
    replies: { 200: { description: 'The switch.', schema: switchSchema } },
    handle: async () => {
      const [row] = await database.query<SwitchRow>(
        `SELECT is_on, reason, changed_at FROM platform_switches WHERE name = 'signup'`,
      );
      return { status: 200, body: switchOf(row) } as const;
    },
  });
}

/** `PUT /api/admin/system/signup`: holds for every replica from the next sign-up on. */
export function switchSignupRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'PUT',
    path,
    operationID: 'switchSignup',
    summary: 'Switch signup on or off, for all at once.',
    access: STAFF,
    body: z.strictObject({
      isOpen: z.boolean(),
      reason: z
        .string()
        .trim()
        .min(1)
        .max(500)
        .regex(/^\P{Cc}*$/u, 'must not contain control characters')
        .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
        .meta({ examples: ['A wave of sign-ups by a script'] }),
    }),
    replies: { 200: { description: 'The switch as it is now.', schema: switchSchema } },
    handle: async ({ body, principal }) => {
      const [row] = await database.query<SwitchRow>(
        `INSERT INTO platform_switches (name, is_on, reason, changed_by) VALUES ('signup', $1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET
           is_on = excluded.is_on, reason = excluded.reason, changed_by = excluded.changed_by, changed_at = now()
         RETURNING is_on, reason, changed_at`,
        [body.isOpen, body.reason, principal.user.id],
      );
      return { status: 200, body: switchOf(row) } as const;
    },
  });
}

function switchOf(row: SwitchRow | undefined): z.input<typeof switchSchema> {
  if (!row) return { isOpen: true, reason: '', changedAt: null };
  return { isOpen: row.is_on, reason: row.reason, changedAt: row.changed_at.toISOString() };
}
