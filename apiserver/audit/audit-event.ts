import { z } from 'zod';

/** What changes are told of, as the triggers of the database name it. */
export const RESOURCES = [
  'Account',
  'ApiKey',
  'Configuration',
  'Erasure',
  'Identity',
  'Invitation',
  'Member',
  'PlatformSwitch',
  'Tenant',
  'WebhookSecret',
] as const;

const changes = z.record(z.string(), z.unknown()).nullable();

export const auditEventSchema = z.strictObject({
  id: z.uuid(),
  at: z.iso.datetime(),
  actor: z
    .strictObject({
      kind: z.enum(['Person', 'Staff', 'ApiKey', 'Anonymous', 'Manager', 'System']),
      id: z.uuid().nullable(),
      name: z.string().nullable().describe("A person's e-mail address, or a name of a key or a program."),
    })
    .describe(
      'Manager: who wrote the resource in the cluster, such as `kubectl-edit`. System: our programs.',
    ),
  operation: z.string().nullable().describe('The operationId of the request; null: it was none of this API.'),
  reason: z.string().nullable().describe('Why, as staff said it.'),
  action: z
    .enum(['Created', 'Changed', 'Removed', 'Entered'])
    .describe('Entered: staff of the platform were in the tenant.'),
  resource: z.enum(RESOURCES),
  subjectID: z.string().describe('Which one: its id or name; of a configuration the id of its revision.'),
  before: changes.describe('What changed, as it was. Of a secret only that it changed.'),
  after: changes.describe('The same as it is since.'),
});

export interface AuditRow {
  readonly event_id: string;
  readonly occurred_at: Date;
  readonly actor_kind: z.output<typeof auditEventSchema>['actor']['kind'];
  readonly actor_id: string | null;
  readonly actor_name: string | null;
  readonly operation: string | null;
  readonly reason: string | null;
  readonly action: z.output<typeof auditEventSchema>['action'];
  readonly resource: z.output<typeof auditEventSchema>['resource'];
  readonly subject_id: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

export function eventOf(row: AuditRow): z.input<typeof auditEventSchema> {
  return {
    id: row.event_id,
    at: row.occurred_at.toISOString(),
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
    operation: row.operation,
    reason: row.reason,
    action: row.action,
    resource: row.resource,
    subjectID: row.subject_id,
    before: inAPINames(row.before),
    after: inAPINames(row.after),
  };
}

/** Columns are named as in SQL, parts of a configuration as in the API already. */
function inAPINames(change: AuditRow['before']): Record<string, unknown> | null {
  if (change === null) return null;
  return Object.fromEntries(Object.entries(change).map(([name, value]) => [apiNameOf(name), value]));
}

function apiNameOf(column: string): string {
  return column.replace(/_id$/, 'ID').replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
