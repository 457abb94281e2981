-- The audit log: every change that somebody decided, with who, what, before and after. Triggers write it, in the
-- change's own transaction, so that no code can forget it; nobody but their functions can write it.

CREATE TABLE audit_events (
  event_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  -- Null: of no tenant, such as another password of an account. Without a reference: it outlives what it is about.
  tenant_id uuid,
  occurred_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  -- Manager: a field manager of the cluster, such as kubectl-edit. System: our own programs.
  actor_kind text NOT NULL
    CHECK (actor_kind IN ('Person', 'Staff', 'ApiKey', 'Anonymous', 'Manager', 'System')),
  actor_id uuid,
  actor_name text,
  -- The operationId of the route; null where it was no request of the API.
  operation text,
  reason text,
  action text NOT NULL CHECK (action IN ('Created', 'Changed', 'Removed', 'Entered')),
  resource text NOT NULL,
  subject_id text NOT NULL,
  -- Only what changed.
  before json,
  after json
);
CREATE INDEX audit_events_by_time ON audit_events (tenant_id, occurred_at DESC, event_id DESC);
CREATE INDEX audit_events_actor ON audit_events (actor_id);
CREATE INDEX audit_events_subject ON audit_events (subject_id);

ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON audit_events TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY app_tenant ON audit_events FOR SELECT TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id()));
GRANT SELECT ON audit_events TO veralux_app;
-- The worker purges what was to be purged.
CREATE POLICY worker_all ON audit_events TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, DELETE ON audit_events TO veralux_worker;
CREATE POLICY auth_all ON audit_events TO veralux_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON audit_events TO veralux_auth;
CREATE POLICY auth_read ON tenant_revisions FOR SELECT TO veralux_auth USING (true);
GRANT SELECT ON tenant_revisions TO veralux_auth;

-- Writes one event. Who acts is told by veralux.actor, which the API sets in each transaction of a request that
-- changes something; where it is not set, it is who `otherwise_` says.
CREATE FUNCTION audit_write(
  of_tenant uuid, what text, of_resource text, subject text, was json, becomes json,
  otherwise_kind text, otherwise_name text)
  RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    INSERT INTO audit_events (tenant_id, actor_kind, actor_id, actor_name, operation, reason,
                              action, resource, subject_id, before, after)
    SELECT of_tenant, COALESCE(a.actor ->> 'kind', otherwise_kind), (a.actor ->> 'id')::uuid,
           CASE WHEN a.actor IS NULL THEN otherwise_name ELSE a.actor ->> 'name' END,
           a.actor ->> 'operation', a.actor ->> 'reason', what, of_resource, subject, was, becomes
      FROM (SELECT NULLIF(current_setting('veralux.actor', true), '')::jsonb AS actor) a
  $$;

-- Arguments: the resource, the column that names a row, the columns that are shown, and those of which only the
-- change is told, as they are secrets. An update of no such column is no event.
CREATE FUNCTION audit_change()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      was jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE jsonb_strip_nulls(to_jsonb(OLD)) END;
      becomes jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE jsonb_strip_nulls(to_jsonb(NEW)) END;
      either jsonb := was || becomes;
      of_tenant uuid := either ->> 'tenant_id';
      secret text[] := string_to_array(TG_ARGV[3], ' ');
      changed text[] := ARRAY(
        SELECT name FROM unnest(string_to_array(TG_ARGV[2], ' ') || secret) AS name
         WHERE was -> name IS DISTINCT FROM becomes -> name);
    BEGIN
      IF changed = '{}' THEN
        RETURN NULL;
      END IF;
      -- A new key gets its secret right after its row, which is no change of it.
      IF TG_OP = 'UPDATE' AND changed <@ secret
         AND (was ->> 'created_at')::timestamptz >= now() - interval '1 millisecond' THEN
        RETURN NULL;
      END IF;
      IF TG_TABLE_NAME = 'tenants' AND TG_OP = 'DELETE' THEN
        of_tenant := NULL;
      ELSIF of_tenant IS NOT NULL AND NOT EXISTS (
        SELECT FROM tenants WHERE tenant_id = of_tenant AND deletion_policy IS DISTINCT FROM 'Purge') THEN
        -- Of a tenant that is purged nothing is kept, least of all what is purged.
        RETURN NULL;
      END IF;
      was := (SELECT jsonb_object_agg(name, CASE WHEN name = ANY (secret) THEN '"secret"' ELSE was -> name END)
                FROM unnest(changed) AS name WHERE was ? name);
      becomes := (SELECT jsonb_object_agg(name, CASE WHEN name = ANY (secret) THEN '"secret"' ELSE becomes -> name END)
                    FROM unnest(changed) AS name WHERE becomes ? name);
      PERFORM audit_write(
        of_tenant,
        CASE TG_OP WHEN 'INSERT' THEN 'Created' WHEN 'UPDATE' THEN 'Changed' ELSE 'Removed' END,
        TG_ARGV[0], either ->> TG_ARGV[1], was::json, becomes::json,
        'System', current_setting('application_name'));
      RETURN NULL;
    END
  $$;

-- A spec that was written or observed, beside the one before: the parts in which they differ.
CREATE FUNCTION audit_revision()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      prior json := (
        SELECT spec FROM tenant_revisions WHERE tenant_id = NEW.tenant_id AND revision_id <> NEW.revision_id
         ORDER BY recorded_at DESC, generation DESC LIMIT 1);
      was json;
      becomes json;
    BEGIN
      SELECT json_object_agg(key, o.value) FILTER (WHERE o.value IS NOT NULL),
             json_object_agg(key, n.value) FILTER (WHERE n.value IS NOT NULL)
        INTO was, becomes
        -- Nothing can look into JSON that holds U+0000.
        FROM json_each(replace(prior::text, '\u0000', '\ufffd')::json) o
        FULL JOIN json_each(replace(NEW.spec::text, '\u0000', '\ufffd')::json) n USING (key)
       WHERE o.value::text IS DISTINCT FROM n.value::text;
      PERFORM audit_write(
        NEW.tenant_id, CASE WHEN prior IS NULL THEN 'Created' ELSE 'Changed' END, 'Configuration',
        NEW.revision_id::text, was, becomes, 'Manager', array_to_string(NEW.managers, ', '));
      RETURN NULL;
    END
  $$;

-- Whoever observed a spec may have been quicker than the request that wrote it: then its author is told later.
CREATE FUNCTION audit_author()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      actor jsonb := NULLIF(current_setting('veralux.actor', true), '');
    BEGIN
      UPDATE audit_events
         SET actor_kind = actor ->> 'kind', actor_id = (actor ->> 'id')::uuid, actor_name = actor ->> 'name',
             operation = actor ->> 'operation', reason = actor ->> 'reason'
       WHERE subject_id = NEW.revision_id::text AND tenant_id = NEW.tenant_id AND actor_kind = 'Manager'
         AND actor IS NOT NULL;
      RETURN NULL;
    END
  $$;

-- The tenant sees when staff of the platform were there, what for, and why.
CREATE FUNCTION audit_staff_access()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      INSERT INTO audit_events (tenant_id, actor_kind, actor_id, operation, reason, action, resource, subject_id)
        VALUES (NEW.tenant_id, 'Staff', NEW.user_id, NEW.operation, NEW.reason, 'Entered', 'Tenant', NEW.tenant_id);
      RETURN NULL;
    END
  $$;

-- A page of the events of no tenant, for staff; nothing for others.
CREATE FUNCTION audit_platform_page(as_user uuid, after_at timestamptz, after_id uuid, how_many integer)
  RETURNS SETOF audit_events
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT e.* FROM audit_events e
     WHERE e.tenant_id IS NULL AND EXISTS (SELECT FROM users WHERE user_id = as_user AND is_staff)
       AND (after_at IS NULL OR (e.occurred_at, e.event_id) < (after_at, after_id))
     ORDER BY e.occurred_at DESC, e.event_id DESC LIMIT how_many
  $$;

CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON memberships
  FOR EACH ROW EXECUTE FUNCTION audit_change('Member', 'user_id', 'role', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON invitations
  FOR EACH ROW EXECUTE FUNCTION
    audit_change('Invitation', 'invitation_id', 'email role expires_at accepted_at revoked_at', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON api_keys
  FOR EACH ROW EXECUTE FUNCTION audit_change('ApiKey', 'key_id', 'name scopes expires_at revoked_at', 'secret_hash');
CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE OF deleted_at, deletion_policy ON tenants
  FOR EACH ROW EXECUTE FUNCTION
    audit_change('Tenant', 'tenant_id', 'name display_name source deleted_at deletion_policy', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION
    audit_change('Account', 'user_id', 'email name is_staff initial_admin email_verified_at', 'password_hash');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON identities
  FOR EACH ROW EXECUTE FUNCTION audit_change('Identity', 'identity_id', 'user_id issuer subject', '');
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON platform_switches
  FOR EACH ROW EXECUTE FUNCTION audit_change('PlatformSwitch', 'name', 'is_on reason', '');
CREATE TRIGGER audit_spec AFTER INSERT ON tenant_revisions FOR EACH ROW EXECUTE FUNCTION audit_revision();
CREATE TRIGGER audit_author AFTER UPDATE OF author_id ON tenant_revisions
  FOR EACH ROW EXECUTE FUNCTION audit_author();
CREATE TRIGGER audit AFTER INSERT ON staff_accesses FOR EACH ROW EXECUTE FUNCTION audit_staff_access();

REVOKE ALL ON FUNCTION audit_write, audit_change, audit_revision, audit_author, audit_staff_access,
  audit_platform_page FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_platform_page TO veralux_app;

GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION audit_write OWNER TO veralux_auth;
ALTER FUNCTION audit_change OWNER TO veralux_auth;
ALTER FUNCTION audit_revision OWNER TO veralux_auth;
ALTER FUNCTION audit_author OWNER TO veralux_auth;
ALTER FUNCTION audit_staff_access OWNER TO veralux_auth;
ALTER FUNCTION audit_platform_page OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
