/** A table of which a tenant gets its rows. */
export interface ExportedTable {
  readonly name: string;
  /** Beside tenant_id, what names a row: the order in which they are read. */
  readonly key: readonly string[];
  /** Absent: all of them. */
  readonly columns?: string;
  /** Absent: the table itself. */
  readonly from?: string;
}

/** From what the tenant is to what was done in it. */
export const EXPORTED_TABLES: readonly ExportedTable[] = [
  { name: 'tenants', key: ['tenant_id'] },
  {
    name: 'memberships',
    key: ['user_id'],
    from: '(SELECT m.*, u.email, u.name FROM memberships m JOIN users u ON u.user_id = m.user_id) members',
  },
  { name: 'invitations', key: ['invitation_id'] },
  {
    name: 'api_keys',
    key: ['key_id'],
    columns: 'tenant_id, key_id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at',
  },
  { name: 'tenant_revisions', key: ['resource_uid', 'generation'] },
  {
    name: 'calls',
    key: ['call_id'],
    // Under which id the carrier has the sound is nobody's business.
    columns:
      'tenant_id, call_id, from_number, to_number, runtime, carrier_call_id, started_at, answered_at, ended_at, ' +
      "hangup_reason, carrier_cause, recording - 'carrierLegID' AS recording, erased_at",
  },
  { name: 'call_turns', key: ['call_id', 'turn_index'] },
  { name: 'leads', key: ['call_id'] },
  { name: 'usage_events', key: ['source', 'event_id', 'metric'] },
  { name: 'usage_counters', key: ['month', 'metric'] },
  { name: 'erasures', key: ['erasure_id'], columns: 'tenant_id, erasure_id, erased_until, completed_at' },
  {
    name: 'notification_addresses',
    key: ['address'],
    columns: 'tenant_id, address, address_id, created_at, proven_at, asks, asked_at',
  },
  { name: 'notifications', key: ['notification_id'] },
  { name: 'notification_deliveries', key: ['delivery_id'] },
  { name: 'staff_accesses', key: ['access_id'] },
  { name: 'audit_events', key: ['event_id'] },
];

/** Tables with rows of tenants of which they get none, and why. */
export const NOT_EXPORTED: Readonly<Record<string, string>> = {
  idempotency_keys: 'replies that were given, kept for a day',
  ledger_events: 'digests of what is in the other tables',
  mail_links: 'hashes of links',
  purged_tenants: 'those that are no more',
  sessions: "people's, not the tenant's",
  webhook_secrets: 'keys that were shown once, sealed',
};
