-- Every spec of a Tenant that was observed or written, with who changed what; and what the API wrote last.

CREATE TABLE tenant_revisions (
  tenant_id uuid NOT NULL REFERENCES tenants,
  revision_id uuid NOT NULL DEFAULT gen_random_uuid(),
  -- What names a spec: the resource's uid, and its generation, which counts changes of the spec.
  resource_uid uuid NOT NULL,
  generation bigint NOT NULL,
  -- Not jsonb, which holds no U+0000.
  spec json NOT NULL,
  -- The field managers that made the change, such as veralux-config or kubectl-edit.
  managers text[] NOT NULL,
  -- The fields that differ from the revision before, such as workflows[lead-capture].enabled.
  changed text[] NOT NULL,
  -- [{manager, fields}]: what the API took over from single commands of kubectl.
  takeovers json NOT NULL,
  -- Whose request it was; null where it did not come by the API. Without a reference: it outlives the account.
  author_kind text CHECK (author_kind IN ('Person', 'ApiKey')),
  author_id uuid,
  recorded_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, resource_uid, generation),
  UNIQUE (tenant_id, revision_id),
  CHECK ((author_kind IS NULL) = (author_id IS NULL))
);
CREATE INDEX tenant_revisions_by_time ON tenant_revisions (tenant_id, recorded_at DESC, revision_id DESC);

ALTER TABLE tenant_revisions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON tenant_revisions TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY app_tenant ON tenant_revisions TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
CREATE POLICY worker_all ON tenant_revisions TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (author_kind, author_id, takeovers) ON tenant_revisions TO veralux_app;
GRANT SELECT, INSERT, UPDATE (author_kind, author_id, takeovers), DELETE ON tenant_revisions TO veralux_worker;

ALTER TABLE tenants
  -- The spec that a request of the API wrote last: a replica that has not seen it reads live.
  ADD COLUMN written_uid uuid,
  ADD COLUMN written_generation bigint;
GRANT UPDATE (written_uid, written_generation) ON tenants TO veralux_app;
