-- What becomes of a tenant's rows when its resource is deleted.

ALTER TABLE tenants
  -- When the deletion of the resource was recorded; null while the tenant lives.
  ADD COLUMN deleted_at timestamptz(3),
  -- What the resource wanted then.
  ADD COLUMN deletion_policy text CHECK (deletion_policy IN ('Retain', 'Purge')),
  ADD CONSTRAINT tenants_deletion CHECK ((deleted_at IS NULL) = (deletion_policy IS NULL));

-- The worker purges what was to be purged; the row of the tenant itself goes last.
GRANT DELETE ON tenants, memberships, calls, call_turns, leads,
  usage_events, usage_counters, ledger_events TO veralux_worker;

-- Sessions are the auth role's: they go with the memberships that they refer to.
