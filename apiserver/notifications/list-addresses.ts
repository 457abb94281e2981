import { z } from 'zod';
import { answering, READ_PROBLEMS } from '../configuration/answer-configuration.ts';
import { type ReadDeps, readConfiguration } from '../configuration/read-configuration.ts';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { ADDRESS_IS_UNPROVEN } from '../mail/address-links.ts';

const time = z.iso.datetime();

const addressSchema = z.strictObject({
  address: z.string().meta({ examples: ['office@harbor-dental.example'] }),
  isProven: z
    .boolean()
    .describe(
      'Whether whoever reads its mail wants it: until then notifications to it wait, for a day each.',
    ),
  provenAt: time
    .nullable()
    .describe("When it was agreed to by a mailed link. Null for a member's own, verified address, too."),
  askedAt: time
    .nullable()
    .describe(
      'When a link was mailed to it last. Null: none was; it needs none, or waits for its turn or for a mail server.',
    ),
});

/** `GET /api/admin/notifications/addresses`: who is to be mailed, as the configuration says now, and who agreed. */
export function listAddressesRoute(deps: ReadDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/notifications/addresses',
    operationID: 'listNotificationAddresses',
    summary: 'List the addresses that notifications are mailed to, and whether each has agreed: ten at most.',
    access: inTenant('Viewer', { scope: 'configuration:read' }),
    replies: {
      200: {
        description: 'All addresses, in the order of the configuration.',
        schema: z.strictObject({ items: z.array(addressSchema) }),
      },
    },
    problems: READ_PROBLEMS,
    handle: async ({ principal: { tenant } }) => {
      const { notifications } = await answering(() => readConfiguration(deps, tenant.id));
      const items = await readAddresses(deps.database, tenant.id, notifications?.emails ?? []);
      return { status: 200, body: { items } } as const;
    },
  });
}

interface AddressRow {
  readonly address: string;
  readonly is_proven: boolean;
  readonly proven_at: Date | null;
  readonly asked_at: Date | null;
}

/** One that was named just now has no row yet. */
async function readAddresses(database: Database, tenantID: string, addresses: readonly string[]) {
  const { rows } = await database.withTenant(tenantID, (client) =>
    client.query<AddressRow>(
      `SELECT a.address, NOT ${ADDRESS_IS_UNPROVEN} AS is_proven, a.proven_at, a.asked_at
         FROM (SELECT $1::uuid AS tenant_id, named.address, named.place, known.proven_at, known.asked_at
                 FROM unnest($2::text[]) WITH ORDINALITY AS named (address, place)
                 LEFT JOIN notification_addresses known
                   ON known.tenant_id = $1 AND known.address = named.address) a
        ORDER BY a.place`,
      [tenantID, addresses],
    ),
  );
  return rows.map((row) => ({
    address: row.address,
    isProven: row.is_proven,
    provenAt: row.proven_at?.toISOString() ?? null,
    askedAt: row.asked_at?.toISOString() ?? null,
  }));
}
