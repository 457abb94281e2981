-- A session is a family of refresh tokens, of which one is good at a time.

CREATE TABLE refresh_tokens (
  -- SHA-256 of the token, which has 256 random bits.
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- When it was exchanged for the next one. Seen again after that, it was stolen: the session ends.
  used_at timestamptz(3)
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON refresh_tokens TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON refresh_tokens TO veralux_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON refresh_tokens TO veralux_auth;

CREATE POLICY auth_update ON users FOR UPDATE TO veralux_auth USING (true) WITH CHECK (true);
GRANT UPDATE (password_hash) ON users TO veralux_auth;

-- Opens a session with its first refresh token, and forgets the person's ended ones.
CREATE FUNCTION auth_begin_session(
  new_session uuid, for_user uuid, for_tenant uuid, ends_at timestamptz, refresh_hash bytea)
  RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DELETE FROM sessions WHERE user_id = for_user AND expires_at < now();
    INSERT INTO sessions (session_id, user_id, tenant_id, expires_at)
      VALUES (new_session, for_user, for_tenant, ends_at);
    INSERT INTO refresh_tokens (token_hash, session_id) VALUES (refresh_hash, new_session);
  $$;

-- Exchanges a refresh token for the next one. No row: unknown, or its session has ended. One that was
-- exchanged before ends the session, and so every token of it. A session ends 90 days after it began.
CREATE FUNCTION auth_refresh_session(old_hash bytea, new_hash bytea, ends_at timestamptz)
  RETURNS TABLE (outcome text, session_id uuid, user_id uuid, tenant_id uuid)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    #variable_conflict use_column
    DECLARE
      given record;
    BEGIN
      SELECT s.session_id, s.user_id, s.tenant_id, r.used_at INTO given
        FROM refresh_tokens r JOIN sessions s ON s.session_id = r.session_id
       WHERE r.token_hash = old_hash AND s.revoked_at IS NULL AND s.expires_at > now()
         FOR UPDATE;
      IF NOT FOUND THEN
        RETURN;
      END IF;
      IF given.used_at IS NOT NULL THEN
        UPDATE sessions SET revoked_at = now() WHERE session_id = given.session_id;
        RETURN QUERY SELECT 'Reused', given.session_id, given.user_id, given.tenant_id;
        RETURN;
      END IF;
      UPDATE refresh_tokens SET used_at = now() WHERE token_hash = old_hash;
      INSERT INTO refresh_tokens (token_hash, session_id) VALUES (new_hash, given.session_id);
      UPDATE sessions SET expires_at = LEAST(ends_at, created_at + interval '90 days')
       WHERE session_id = given.session_id;
      RETURN QUERY SELECT 'Refreshed', given.session_id, given.user_id, given.tenant_id;
    END
  $$;

CREATE FUNCTION auth_end_session(wanted_session uuid)
  RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$ UPDATE sessions SET revoked_at = now() WHERE session_id = wanted_session AND revoked_at IS NULL $$;

-- Ends every session of a person but one; null: every one.
CREATE FUNCTION auth_end_sessions(of_user uuid, but_session uuid)
  RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    UPDATE sessions SET revoked_at = now()
     WHERE user_id = of_user AND revoked_at IS NULL AND session_id IS DISTINCT FROM but_session
  $$;

CREATE FUNCTION auth_read_password(of_user uuid)
  RETURNS TABLE (password_hash text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$ SELECT password_hash FROM users WHERE user_id = of_user $$;

-- Sets a password in place of the one that was proven to be known, and ends all links that would reset it (0010).
-- False: it has been changed meanwhile.
CREATE FUNCTION auth_change_password(of_user uuid, old_hash text, new_hash text)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      UPDATE users SET password_hash = new_hash WHERE user_id = of_user AND password_hash = old_hash;
      IF NOT FOUND THEN
        RETURN false;
      END IF;
      UPDATE mail_links SET used_at = now()
       WHERE user_id = of_user AND purpose = 'ResetPassword' AND used_at IS NULL;
      RETURN true;
    END
  $$;

-- The tenants that a person belongs to, in the order in which they joined them.
CREATE FUNCTION auth_list_tenants(of_user uuid)
  RETURNS TABLE (
    tenant_id uuid, tenant_name text, tenant_display_name text, tenant_plan text, role text, joined_at timestamptz
  )
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT t.tenant_id, t.name, t.display_name, t.plan, m.role, m.created_at
      FROM memberships m JOIN tenants t ON t.tenant_id = m.tenant_id
     WHERE m.user_id = of_user
  $$;

REVOKE ALL ON FUNCTION auth_begin_session, auth_refresh_session, auth_end_session, auth_end_sessions,
  auth_read_password, auth_change_password, auth_list_tenants FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_begin_session, auth_refresh_session, auth_end_session, auth_end_sessions,
  auth_read_password, auth_change_password, auth_list_tenants TO veralux_app;

GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_begin_session OWNER TO veralux_auth;
ALTER FUNCTION auth_refresh_session OWNER TO veralux_auth;
ALTER FUNCTION auth_end_session OWNER TO veralux_auth;
ALTER FUNCTION auth_end_sessions OWNER TO veralux_auth;
ALTER FUNCTION auth_read_password OWNER TO veralux_auth;
ALTER FUNCTION auth_change_password OWNER TO veralux_auth;
ALTER FUNCTION auth_list_tenants OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
