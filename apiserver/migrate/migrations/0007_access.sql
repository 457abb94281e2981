-- Who else may call: platform staff, and machines with a key of one tenant. And what was answered to a
-- request that may be repeated.

ALTER TABLE users ADD COLUMN is_staff boolean NOT NULL DEFAULT false;
ALTER POLICY app_signup ON users WITH CHECK (NOT initial_admin AND NOT is_staff);

-- Each request of staff in a tenant of somebody else. Without references: it outlives both.
CREATE TABLE staff_accesses (
  tenant_id uuid NOT NULL,
  access_id uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL,
  operation text NOT NULL,
  reason text,
  accessed_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, access_id)
);
CREATE INDEX staff_accesses_by_time ON staff_accesses (tenant_id, accessed_at DESC);

CREATE TABLE api_keys (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  key_id uuid NOT NULL,
  name text NOT NULL,
  -- SHA-256 of the whole key, which has 256 random bits.
  secret_hash bytea NOT NULL,
  scopes text[] NOT NULL,
  created_by uuid REFERENCES users ON DELETE SET NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- Null: does not end by itself.
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  -- To the hour.
  last_used_at timestamptz(3),
  PRIMARY KEY (tenant_id, key_id)
);
CREATE INDEX api_keys_secret ON api_keys (secret_hash);
CREATE INDEX api_keys_creator ON api_keys (created_by);

-- The replies to requests with an Idempotency-Key, kept for a day, without their secrets.
CREATE TABLE idempotency_keys (
  -- Who asked, in which tenant.
  principal text NOT NULL,
  operation text NOT NULL,
  key text NOT NULL,
  -- Whose data the reply holds; null: nobody's.
  tenant_id uuid REFERENCES tenants ON DELETE CASCADE,
  -- HMAC of the request, to tell a repetition from another request.
  digest bytea NOT NULL,
  status smallint NOT NULL,
  location text,
  -- As JSON text: jsonb holds no U+0000.
  body text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (principal, operation, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_tenant ON idempotency_keys (tenant_id);

ALTER TABLE staff_accesses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON staff_accesses TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON api_keys TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON idempotency_keys TO veralux_owner USING (true) WITH CHECK (true);

CREATE POLICY app_tenant ON staff_accesses FOR SELECT TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id()));
CREATE POLICY app_tenant ON api_keys TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
GRANT SELECT ON staff_accesses TO veralux_app;
-- The hash is written and never read.
GRANT SELECT (tenant_id, key_id, name, scopes, created_by, created_at, expires_at, revoked_at, last_used_at),
  INSERT, UPDATE (name, secret_hash, revoked_at) ON api_keys TO veralux_app;

CREATE POLICY auth_all ON staff_accesses TO veralux_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON api_keys TO veralux_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON idempotency_keys TO veralux_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON staff_accesses TO veralux_auth;
GRANT SELECT, UPDATE (last_used_at) ON api_keys TO veralux_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO veralux_auth;

-- As before, and whether the person is staff.
DROP FUNCTION auth_read_session(uuid);
CREATE FUNCTION auth_read_session(wanted_session uuid)
  RETURNS TABLE (
    user_id uuid, email text, user_name text, is_staff boolean,
    tenant_id uuid, tenant_name text, tenant_display_name text, tenant_plan text, role text
  )
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT u.user_id, u.email, u.name, u.is_staff, t.tenant_id, t.name, t.display_name, t.plan, m.role
      FROM sessions s
      JOIN users u ON u.user_id = s.user_id
      LEFT JOIN memberships m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id
      LEFT JOIN tenants t ON t.tenant_id = m.tenant_id
     WHERE s.session_id = wanted_session AND s.revoked_at IS NULL AND s.expires_at > now()
       AND (s.tenant_id IS NULL OR m.user_id IS NOT NULL)
  $$;

-- The key that has this hash, and its tenant. No row: unknown, revoked or ended.
CREATE FUNCTION auth_read_key(wanted_hash bytea)
  RETURNS TABLE (
    key_id uuid, key_name text, scopes text[],
    tenant_id uuid, tenant_name text, tenant_display_name text, tenant_plan text
  )
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    UPDATE api_keys SET last_used_at = now()
     WHERE secret_hash = wanted_hash AND revoked_at IS NULL
       AND (last_used_at IS NULL OR last_used_at < now() - interval '1 hour');
    SELECT k.key_id, k.name, k.scopes, t.tenant_id, t.name, t.display_name, t.plan
      FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id
     WHERE k.secret_hash = wanted_hash AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > now())
  $$;

-- Lets staff into a tenant, on the record. No row: not staff, or no such tenant.
CREATE FUNCTION auth_enter_tenant(as_user uuid, wanted_tenant uuid, for_operation text, for_reason text)
  RETURNS TABLE (tenant_id uuid, tenant_name text, tenant_display_name text, tenant_plan text)
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    WITH entered AS (
      INSERT INTO staff_accesses (tenant_id, user_id, operation, reason)
      SELECT t.tenant_id, u.user_id, for_operation, for_reason FROM tenants t, users u
       WHERE t.tenant_id = wanted_tenant AND u.user_id = as_user AND u.is_staff
      RETURNING tenant_id)
    SELECT t.tenant_id, t.name, t.display_name, t.plan FROM tenants t JOIN entered USING (tenant_id)
  $$;

CREATE FUNCTION idempotency_find(by_principal text, of_operation text, wanted_key text)
  RETURNS TABLE (digest bytea, status smallint, location text, body text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT digest, status, location, body FROM idempotency_keys
     WHERE principal = by_principal AND operation = of_operation AND key = wanted_key
       AND created_at > now() - interval '24 hours'
  $$;

-- Keeps a reply, and forgets a few that are older than a day: more than are made, so that they do not pile up.
CREATE FUNCTION idempotency_keep(
  by_principal text, of_operation text, new_key text, of_tenant uuid,
  new_digest bytea, new_status smallint, new_location text, new_body text)
  RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DELETE FROM idempotency_keys WHERE (principal, operation, key) IN (
      SELECT principal, operation, key FROM idempotency_keys
       WHERE created_at < now() - interval '24 hours' LIMIT 20 FOR UPDATE SKIP LOCKED);
    INSERT INTO idempotency_keys (principal, operation, key, tenant_id, digest, status, location, body)
      VALUES (by_principal, of_operation, new_key, of_tenant, new_digest, new_status, new_location, new_body)
    ON CONFLICT (principal, operation, key) DO UPDATE SET
      tenant_id = excluded.tenant_id, digest = excluded.digest, status = excluded.status,
      location = excluded.location, body = excluded.body, created_at = now();
  $$;

REVOKE ALL ON FUNCTION auth_read_session, auth_read_key, auth_enter_tenant, idempotency_find, idempotency_keep
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_read_session, auth_read_key, auth_enter_tenant, idempotency_find, idempotency_keep
  TO veralux_app;

GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_read_session OWNER TO veralux_auth;
ALTER FUNCTION auth_read_key OWNER TO veralux_auth;
ALTER FUNCTION auth_enter_tenant OWNER TO veralux_auth;
ALTER FUNCTION idempotency_find OWNER TO veralux_auth;
ALTER FUNCTION idempotency_keep OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
