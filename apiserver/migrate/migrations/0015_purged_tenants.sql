-- The tenants whose rows were purged, so that nothing that is late brings them back: an entry of the call ledger, or
-- what a replica last saw of the resource. A new resource under the id takes its tombstone away.

CREATE TABLE purged_tenants (
  tenant_id uuid PRIMARY KEY,
  -- Of the Tenant whose deletion asked for it.
  resource_uid text NOT NULL,
  purged_at timestamptz(3) NOT NULL DEFAULT now()
);

ALTER TABLE purged_tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON purged_tenants TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON purged_tenants TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON purged_tenants TO veralux_worker;
