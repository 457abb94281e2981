-- Who at an outside issuer is which person here: linked by the person, never found by an address.

CREATE TABLE identities (
  identity_id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  issuer text NOT NULL,
  subject text NOT NULL,
  linked_at timestamptz(3) NOT NULL DEFAULT now(),
  CONSTRAINT identities_subject_key UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id, linked_at);

ALTER TABLE identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON identities TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON identities TO veralux_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON identities TO veralux_auth;

-- The person behind an outside identity, and the first tenant they belong to, as auth_read_session has it.
CREATE FUNCTION auth_read_identity(of_issuer text, of_subject text)
  RETURNS TABLE (
    user_id uuid, email text, user_name text, is_staff boolean,
    tenant_id uuid, tenant_name text, tenant_display_name text, tenant_plan text, role text
  )
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT u.user_id, u.email, u.name, u.is_staff, t.tenant_id, t.name, t.display_name, t.plan, m.role
      FROM identities i
      JOIN users u ON u.user_id = i.user_id
      LEFT JOIN LATERAL (
        SELECT * FROM memberships WHERE user_id = u.user_id ORDER BY created_at, tenant_id LIMIT 1) m ON true
      LEFT JOIN tenants t ON t.tenant_id = m.tenant_id
     WHERE i.issuer = of_issuer AND i.subject = of_subject
  $$;

CREATE FUNCTION auth_list_identities(of_user uuid)
  RETURNS TABLE (identity_id uuid, issuer text, subject text, linked_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$ SELECT identity_id, issuer, subject, linked_at FROM identities WHERE user_id = of_user $$;

CREATE FUNCTION auth_link_identity(new_identity uuid, of_user uuid, of_issuer text, of_subject text)
  RETURNS timestamptz
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    INSERT INTO identities (identity_id, user_id, issuer, subject)
      VALUES (new_identity, of_user, of_issuer, of_subject) RETURNING linked_at
  $$;

-- Whether there was one.
CREATE FUNCTION auth_unlink_identity(wanted_identity uuid, of_user uuid)
  RETURNS boolean
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    WITH gone AS (
      DELETE FROM identities WHERE identity_id = wanted_identity AND user_id = of_user RETURNING identity_id)
    SELECT EXISTS (SELECT FROM gone)
  $$;

REVOKE ALL ON FUNCTION auth_read_identity, auth_list_identities, auth_link_identity, auth_unlink_identity
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_read_identity, auth_list_identities, auth_link_identity, auth_unlink_identity
  TO veralux_app;

GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_read_identity OWNER TO veralux_auth;
ALTER FUNCTION auth_list_identities OWNER TO veralux_auth;
ALTER FUNCTION auth_link_identity OWNER TO veralux_auth;
ALTER FUNCTION auth_unlink_identity OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
