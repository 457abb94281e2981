-- People, tenants and who belongs where. Every table with a tenant_id is under forced row-level
-- security; the app role sees one tenant a transaction, named by veralux.tenant_id.

CREATE FUNCTION current_tenant_id() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('veralux.tenant_id', true), '')::uuid;

CREATE TABLE users (
  user_id uuid PRIMARY KEY,
  email text NOT NULL CONSTRAINT users_email_key UNIQUE,
  name text NOT NULL,
  password_hash text NOT NULL,
  -- The on-prem installation's first administrator, owner of every tenant there.
  initial_admin boolean NOT NULL DEFAULT false,
  created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_one_initial_admin ON users (initial_admin) WHERE initial_admin;

CREATE TABLE tenants (
  tenant_id uuid PRIMARY KEY,
  -- The name of the Tenant resource; null while only the ledger has spoken of this tenant.
  name text,
  display_name text,
  contact_name text,
  contact_email text,
  -- Null until signup or the observed resource says so.
  plan text,
  -- The effective limits as the resource's status has them; null until observed.
  limits jsonb,
  source text NOT NULL CHECK (source IN ('Signup', 'Resource', 'Ledger')),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- When the signed-up tenant's resource was applied.
  provisioned_at timestamptz(3),
  observed_generation bigint,
  observed_at timestamptz(3)
);
CREATE INDEX tenants_name ON tenants (name);

CREATE TABLE memberships (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('Owner', 'Admin', 'Viewer')),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id, created_at);

CREATE TABLE sessions (
  session_id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  -- Null for a person without a tenant yet (on-prem, before the first Tenant is applied).
  tenant_id uuid,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (user_id, expires_at);
CREATE INDEX sessions_membership ON sessions (tenant_id, user_id);

ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Without a policy of its own the owner changes no rows in a later data migration.
CREATE POLICY owner_all ON users TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON tenants TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON memberships TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON sessions TO veralux_owner USING (true) WITH CHECK (true);

-- The app role adds people but reads none: look-ups go through the auth functions.
CREATE POLICY app_signup ON users FOR INSERT TO veralux_app WITH CHECK (NOT initial_admin);
CREATE POLICY app_tenant ON tenants TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
CREATE POLICY app_tenant ON memberships TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
GRANT INSERT ON users TO veralux_app;
GRANT SELECT, INSERT ON tenants, memberships TO veralux_app;

-- The worker serves every tenant: the outbox, the observed resources, the ledger.
CREATE POLICY worker_all ON users TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON tenants TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON memberships TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON users, tenants TO veralux_worker;
GRANT SELECT, INSERT ON memberships TO veralux_worker;

-- The auth role owns the look-ups by exact value; nobody can log in as it.
CREATE POLICY auth_read ON users FOR SELECT TO veralux_auth USING (true);
CREATE POLICY auth_read ON tenants FOR SELECT TO veralux_auth USING (true);
CREATE POLICY auth_read ON memberships FOR SELECT TO veralux_auth USING (true);
CREATE POLICY auth_all ON sessions TO veralux_auth USING (true) WITH CHECK (true);
GRANT SELECT ON users, tenants, memberships TO veralux_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON sessions TO veralux_auth;

CREATE FUNCTION auth_find_user(wanted_email text)
  RETURNS TABLE (user_id uuid, name text, password_hash text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$ SELECT user_id, name, password_hash FROM users WHERE email = wanted_email $$;

-- The tenant a new session is for: the first that the person belongs to.
CREATE FUNCTION auth_first_tenant(wanted_user uuid)
  RETURNS TABLE (tenant_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$ SELECT tenant_id FROM memberships WHERE user_id = wanted_user ORDER BY created_at, tenant_id LIMIT 1 $$;

-- Opens a session and forgets the person's ended ones, so that they do not pile up.
CREATE FUNCTION auth_open_session(new_session uuid, for_user uuid, for_tenant uuid, ends_at timestamptz)
  RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DELETE FROM sessions WHERE user_id = for_user AND expires_at < now();
    INSERT INTO sessions (session_id, user_id, tenant_id, expires_at)
      VALUES (new_session, for_user, for_tenant, ends_at);
  $$;

-- Who stands behind a session, with what the person is in its tenant now. No row: not valid (any more).
CREATE FUNCTION auth_read_session(wanted_session uuid)
  RETURNS TABLE (
    user_id uuid, email text, user_name text,
    tenant_id uuid, tenant_name text, tenant_display_name text, tenant_plan text, role text
  )
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT u.user_id, u.email, u.name, t.tenant_id, t.name, t.display_name, t.plan, m.role
      FROM sessions s
      JOIN users u ON u.user_id = s.user_id
      LEFT JOIN memberships m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id
      LEFT JOIN tenants t ON t.tenant_id = m.tenant_id
     WHERE s.session_id = wanted_session AND s.revoked_at IS NULL AND s.expires_at > now()
       AND (s.tenant_id IS NULL OR m.user_id IS NOT NULL)
  $$;

REVOKE ALL ON FUNCTION auth_find_user, auth_first_tenant, auth_open_session, auth_read_session FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_find_user, auth_first_tenant, auth_open_session, auth_read_session
  TO veralux_app;

-- A function's owner must be able to create in its schema at the moment it is given to it.
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_find_user OWNER TO veralux_auth;
ALTER FUNCTION auth_first_tenant OWNER TO veralux_auth;
ALTER FUNCTION auth_open_session OWNER TO veralux_auth;
ALTER FUNCTION auth_read_session OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
