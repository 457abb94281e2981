-- Figures of the whole platform as they were at one moment, the same for every replica that shows them.

CREATE TABLE platform_snapshots (
  name text PRIMARY KEY CHECK (name IN ('metrics')),
  taken_at timestamptz(3) NOT NULL,
  figures jsonb NOT NULL
);

ALTER TABLE platform_snapshots ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON platform_snapshots TO veralux_owner USING (true) WITH CHECK (true);

-- Usage of all tenants stands in it, so the app role has no part in it.
CREATE POLICY worker_all ON platform_snapshots TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON platform_snapshots TO veralux_worker;
