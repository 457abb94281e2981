-- Sessions that come from one another by a switch of tenant are a family and end together; and a session begins only
-- while what proves the person holds. Whoever begins one holds the person's row shared, whoever ends some or changes
-- the password alone: so one of the two sees what the other has done.
-- auth_begin_session stays for servers of the release before.

ALTER TABLE sessions
  -- The first session of its family; null: this one.
  ADD COLUMN family_id uuid,
  -- When that one began; null with it.
  ADD COLUMN family_began_at timestamptz(3),
  ADD CONSTRAINT sessions_family CHECK ((family_id IS NULL) = (family_began_at IS NULL));
CREATE INDEX sessions_family_id ON sessions (family_id) WHERE family_id IS NOT NULL;

ALTER TABLE users
  -- Null: it is the password that the account was made with.
  ADD COLUMN password_changed_at timestamptz(3);
GRANT UPDATE (password_changed_at) ON users TO veralux_auth;

-- Opens a session with its first refresh token, and forgets the person's ended ones. What proves the person is the
-- first that is given: another session, whose family it joins; an outside identity; the hash that a password was held
-- against; or else a request by which the account was made, for as long as it has that password. False: it proves
-- nothing any more.
CREATE FUNCTION auth_start_session(
  new_session uuid, for_user uuid, for_tenant uuid, ends_at timestamptz, refresh_hash bytea,
  by_session uuid, by_issuer text, by_subject text, by_hash text)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      now_hash text;
      changed_at timestamptz;
      family uuid;
      began_at timestamptz;
    BEGIN
      SELECT password_hash, password_changed_at INTO now_hash, changed_at
        FROM users WHERE user_id = for_user FOR SHARE;
      IF by_session IS NOT NULL THEN
        SELECT COALESCE(s.family_id, s.session_id), COALESCE(s.family_began_at, s.created_at) INTO family, began_at
          FROM sessions s
         WHERE s.session_id = by_session AND s.user_id = for_user AND s.revoked_at IS NULL AND s.expires_at > now();
        IF NOT FOUND THEN
          RETURN false;
        END IF;
      ELSIF by_issuer IS NOT NULL THEN
        PERFORM 1 FROM identities WHERE issuer = by_issuer AND subject = by_subject AND user_id = for_user;
        IF NOT FOUND THEN
          RETURN false;
        END IF;
      ELSIF by_hash IS NOT NULL THEN
        IF now_hash IS DISTINCT FROM by_hash THEN
          RETURN false;
        END IF;
      ELSIF now_hash IS NULL OR changed_at IS NOT NULL THEN
        RETURN false;
      END IF;
      DELETE FROM sessions WHERE user_id = for_user AND expires_at < now();
      INSERT INTO sessions (session_id, user_id, tenant_id, expires_at, family_id, family_began_at)
        VALUES (new_session, for_user, for_tenant, LEAST(ends_at, began_at + interval '90 days'), family, began_at);
      INSERT INTO refresh_tokens (token_hash, session_id) VALUES (refresh_hash, new_session);
      RETURN true;
    END
  $$;

-- Ends a session with its family.
CREATE OR REPLACE FUNCTION auth_end_session(wanted_session uuid)
  RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      whose uuid;
      family uuid;
    BEGIN
      SELECT user_id, COALESCE(family_id, session_id) INTO whose, family
        FROM sessions WHERE session_id = wanted_session;
      PERFORM 1 FROM users WHERE user_id = whose FOR NO KEY UPDATE;
      UPDATE sessions SET revoked_at = now()
       WHERE (session_id = family OR family_id = family) AND revoked_at IS NULL;
    END
  $$;

-- Ends every session of a person but one; null: every one.
CREATE OR REPLACE FUNCTION auth_end_sessions(of_user uuid, but_session uuid)
  RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      PERFORM 1 FROM users WHERE user_id = of_user FOR NO KEY UPDATE;
      UPDATE sessions SET revoked_at = now()
       WHERE user_id = of_user AND revoked_at IS NULL AND session_id IS DISTINCT FROM but_session;
    END
  $$;

-- Exchanges a refresh token for the next one. No row: unknown, or its session has ended. One that was exchanged before
-- ends the session's family, and so every token of it. A family ends 90 days after it began.
CREATE OR REPLACE FUNCTION auth_refresh_session(old_hash bytea, new_hash bytea, ends_at timestamptz)
  RETURNS TABLE (outcome text, session_id uuid, user_id uuid, tenant_id uuid)
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    #variable_conflict use_column
    DECLARE
      whose uuid;
      given record;
    BEGIN
      SELECT s.user_id INTO whose
        FROM refresh_tokens r JOIN sessions s ON s.session_id = r.session_id WHERE r.token_hash = old_hash;
      -- First of all, in the order of everybody who ends sessions.
      PERFORM 1 FROM users WHERE user_id = whose FOR NO KEY UPDATE;
      SELECT s.session_id, s.user_id, s.tenant_id, r.used_at INTO given
        FROM refresh_tokens r JOIN sessions s ON s.session_id = r.session_id
       WHERE r.token_hash = old_hash AND s.revoked_at IS NULL AND s.expires_at > now()
         FOR UPDATE;
      IF NOT FOUND THEN
        RETURN;
      END IF;
      IF given.used_at IS NOT NULL THEN
        PERFORM auth_end_session(given.session_id);
        RETURN QUERY SELECT 'Reused', given.session_id, given.user_id, given.tenant_id;
        RETURN;
      END IF;
      UPDATE refresh_tokens SET used_at = now() WHERE token_hash = old_hash;
      INSERT INTO refresh_tokens (token_hash, session_id) VALUES (new_hash, given.session_id);
      UPDATE sessions SET expires_at = LEAST(ends_at, COALESCE(family_began_at, created_at) + interval '90 days')
       WHERE session_id = given.session_id;
      RETURN QUERY SELECT 'Refreshed', given.session_id, given.user_id, given.tenant_id;
    END
  $$;

-- As before, and notes that the account has another password than the one it was made with.
CREATE OR REPLACE FUNCTION auth_change_password(of_user uuid, old_hash text, new_hash text)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      UPDATE users SET password_hash = new_hash, password_changed_at = now()
       WHERE user_id = of_user AND password_hash = old_hash;
      IF NOT FOUND THEN
        RETURN false;
      END IF;
      UPDATE mail_links SET used_at = now()
       WHERE user_id = of_user AND purpose = 'ResetPassword' AND used_at IS NULL;
      RETURN true;
    END
  $$;

CREATE OR REPLACE FUNCTION auth_reset_password(link_hash bytea, new_hash text)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      whose uuid;
    BEGIN
      UPDATE mail_links SET used_at = now()
       WHERE token_hash = link_hash AND purpose = 'ResetPassword' AND used_at IS NULL AND expires_at > now()
      RETURNING user_id INTO whose;
      IF NOT FOUND THEN
        RETURN false;
      END IF;
      UPDATE users SET password_hash = new_hash, password_changed_at = now(),
             email_verified_at = COALESCE(email_verified_at, now())
       WHERE user_id = whose;
      UPDATE mail_links SET used_at = now()
       WHERE user_id = whose AND purpose = 'ResetPassword' AND used_at IS NULL;
      UPDATE sessions SET revoked_at = now() WHERE user_id = whose AND revoked_at IS NULL;
      DELETE FROM identities WHERE user_id = whose;
      RETURN true;
    END
  $$;

REVOKE ALL ON FUNCTION auth_start_session FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_start_session TO veralux_app;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_start_session OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
