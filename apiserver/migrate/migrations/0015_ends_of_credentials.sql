-- A password that is reset or changed ends what somebody else may have left at the account while they had it.

DROP FUNCTION auth_reset_password(bytea, text);
-- Whether the link was good: the password is set, the address is proven, and every session, every other such link
-- and every outside identity has ended.
CREATE FUNCTION auth_reset_password(link_hash bytea, new_hash text)
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
      UPDATE users SET password_hash = new_hash, email_verified_at = COALESCE(email_verified_at, now())
       WHERE user_id = whose;
      UPDATE mail_links SET used_at = now()
       WHERE user_id = whose AND purpose = 'ResetPassword' AND used_at IS NULL;
      UPDATE sessions SET revoked_at = now() WHERE user_id = whose AND revoked_at IS NULL;
      DELETE FROM identities WHERE user_id = whose;
      RETURN true;
    END
  $$;

DROP FUNCTION auth_change_password(uuid, text, text);
-- Sets a password in place of the one that was proven to be known, and ends all links that would reset it. False: it
-- has been changed meanwhile.
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

REVOKE ALL ON FUNCTION auth_reset_password, auth_change_password FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_reset_password, auth_change_password TO veralux_app;

GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_reset_password OWNER TO veralux_auth;
ALTER FUNCTION auth_change_password OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
