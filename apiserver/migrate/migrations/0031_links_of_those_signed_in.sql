-- An identity is linked while what its person is there by holds: the keys of its issuer may have been waited for, and
-- a password that was reset meanwhile has ended every session and every identity. Whoever links holds the person's row
-- shared, as whoever begins a session does: so one of the two sees what the other has done.
-- auth_link_identity stays for servers of the release before.

-- Null: neither that session nor that other identity is the person's any more.
CREATE FUNCTION auth_link_identity_by(
  new_identity uuid, of_user uuid, of_issuer text, of_subject text,
  by_session uuid, by_issuer text, by_subject text)
  RETURNS timestamptz
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      linked timestamptz;
    BEGIN
      PERFORM 1 FROM users WHERE user_id = of_user FOR SHARE;
      IF by_session IS NOT NULL THEN
        PERFORM 1 FROM sessions
          WHERE session_id = by_session AND user_id = of_user AND revoked_at IS NULL AND expires_at > now();
      ELSE
        PERFORM 1 FROM identities WHERE issuer = by_issuer AND subject = by_subject AND user_id = of_user;
      END IF;
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      INSERT INTO identities (identity_id, user_id, issuer, subject)
        VALUES (new_identity, of_user, of_issuer, of_subject) RETURNING linked_at INTO linked;
      RETURN linked;
    END
  $$;

REVOKE ALL ON FUNCTION auth_link_identity_by FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_link_identity_by TO veralux_app;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_link_identity_by OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
