-- Members, whom they invite, and the links that are mailed.

ALTER TABLE users ADD COLUMN email_verified_at timestamptz(3);

CREATE TABLE invitations (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  invitation_id uuid NOT NULL,
  email text NOT NULL,
  role text NOT NULL CHECK (role IN ('Owner', 'Admin', 'Viewer')),
  invited_by uuid REFERENCES users ON DELETE SET NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  accepted_at timestamptz(3),
  revoked_at timestamptz(3),
  PRIMARY KEY (tenant_id, invitation_id)
);
CREATE UNIQUE INDEX invitations_open_key ON invitations (tenant_id, email)
  WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX invitations_inviter ON invitations (invited_by);

-- The links that were mailed, by the hash of their token. They are minted as they are sent.
CREATE TABLE mail_links (
  -- SHA-256 of the token, which has 256 random bits.
  token_hash bytea PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('VerifyEmail', 'ResetPassword', 'Invitation')),
  user_id uuid REFERENCES users ON DELETE CASCADE,
  tenant_id uuid,
  invitation_id uuid,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  used_at timestamptz(3),
  FOREIGN KEY (tenant_id, invitation_id) REFERENCES invitations ON DELETE CASCADE,
  CHECK ((purpose = 'Invitation') = (invitation_id IS NOT NULL)),
  CHECK ((purpose = 'Invitation') = (user_id IS NULL))
);
CREATE INDEX mail_links_user ON mail_links (user_id, purpose, created_at);
CREATE INDEX mail_links_invitation ON mail_links (tenant_id, invitation_id);

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE mail_links ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON invitations TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON mail_links TO veralux_owner USING (true) WITH CHECK (true);

CREATE POLICY app_tenant ON invitations TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
GRANT SELECT, INSERT, UPDATE (revoked_at) ON invitations TO veralux_app;
GRANT UPDATE (role), DELETE ON memberships TO veralux_app;
-- The people of the tenant, and of them what other members see.
CREATE POLICY app_members ON users FOR SELECT TO veralux_app
  USING (EXISTS (SELECT FROM memberships m WHERE m.user_id = users.user_id));
GRANT SELECT (user_id, email, name) ON users TO veralux_app;

CREATE POLICY worker_all ON invitations TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON mail_links TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON invitations TO veralux_worker;
GRANT SELECT, INSERT, DELETE ON mail_links TO veralux_worker;

CREATE POLICY auth_all ON invitations TO veralux_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON mail_links TO veralux_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_insert ON memberships FOR INSERT TO veralux_auth WITH CHECK (true);
CREATE POLICY auth_insert ON users FOR INSERT TO veralux_auth WITH CHECK (NOT initial_admin AND NOT is_staff);
GRANT SELECT, UPDATE (accepted_at) ON invitations TO veralux_auth;
GRANT SELECT, UPDATE (used_at) ON mail_links TO veralux_auth;
GRANT INSERT ON memberships TO veralux_auth;
GRANT INSERT (user_id, email, name, password_hash, email_verified_at),
  UPDATE (password_hash, email_verified_at) ON users TO veralux_auth;

-- The invitation behind a link that is still good, and whether its address has an account.
CREATE FUNCTION auth_read_invitation(link_hash bytea)
  RETURNS TABLE (
    tenant_id uuid, invitation_id uuid, email text, role text, tenant_name text, tenant_display_name text,
    tenant_plan text
  )
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT i.tenant_id, i.invitation_id, i.email, i.role, t.name, t.display_name, t.plan
      FROM mail_links l
      JOIN invitations i ON i.tenant_id = l.tenant_id AND i.invitation_id = l.invitation_id
      JOIN tenants t ON t.tenant_id = i.tenant_id
     WHERE l.token_hash = link_hash AND l.purpose = 'Invitation' AND l.used_at IS NULL AND l.expires_at > now()
       AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
  $$;

-- Makes the person a member as the invitation behind the link says, once, if the address is theirs and
-- verified. Null: the link is not good (any more); 'Unverified', 'OtherAddress' say what is in the way.
CREATE FUNCTION auth_accept_invitation(link_hash bytea, as_user uuid)
  RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      invited record;
      person record;
    BEGIN
      SELECT * INTO invited FROM auth_read_invitation(link_hash);
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      SELECT email, email_verified_at INTO person FROM users WHERE user_id = as_user;
      IF person.email IS DISTINCT FROM invited.email THEN
        RETURN 'OtherAddress';
      END IF;
      IF person.email_verified_at IS NULL THEN
        RETURN 'Unverified';
      END IF;
      UPDATE invitations i SET accepted_at = now()
       WHERE i.tenant_id = invited.tenant_id AND i.invitation_id = invited.invitation_id
         AND i.accepted_at IS NULL AND i.revoked_at IS NULL;
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      UPDATE mail_links SET used_at = now() WHERE token_hash = link_hash;
      INSERT INTO memberships (tenant_id, user_id, role)
        VALUES (invited.tenant_id, as_user, invited.role) ON CONFLICT DO NOTHING;
      RETURN 'Accepted';
    END
  $$;

-- Makes an account for the invited address, which the link has just proven, and accepts.
CREATE FUNCTION auth_join_invited(link_hash bytea, as_user uuid, their_name text, new_hash text)
  RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      invited record;
    BEGIN
      SELECT * INTO invited FROM auth_read_invitation(link_hash);
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      INSERT INTO users (user_id, email, name, password_hash, email_verified_at)
        VALUES (as_user, invited.email, their_name, new_hash, now());
      RETURN auth_accept_invitation(link_hash, as_user);
    END
  $$;

-- Whether the link was good: the address is verified.
CREATE FUNCTION auth_verify_email(link_hash bytea)
  RETURNS boolean
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    WITH used AS (
      UPDATE mail_links SET used_at = now()
       WHERE token_hash = link_hash AND purpose = 'VerifyEmail' AND used_at IS NULL AND expires_at > now()
      RETURNING user_id),
    verified AS (
      UPDATE users u SET email_verified_at = COALESCE(email_verified_at, now()) FROM used
       WHERE u.user_id = used.user_id RETURNING u.user_id)
    SELECT EXISTS (SELECT FROM verified)
  $$;

-- Whether a link is good: asked before a password is hashed for it.
CREATE FUNCTION auth_is_link_good(link_hash bytea, for_purpose text)
  RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT EXISTS (SELECT FROM mail_links
      WHERE token_hash = link_hash AND purpose = for_purpose AND used_at IS NULL AND expires_at > now())
  $$;

-- Whether the link was good: the password is set, the address is proven, and what somebody else may have left at the
-- account has ended: every session, every other such link, and every outside identity (0011).
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

REVOKE ALL ON FUNCTION auth_read_invitation, auth_accept_invitation, auth_join_invited, auth_verify_email,
  auth_is_link_good, auth_reset_password FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_read_invitation, auth_accept_invitation, auth_join_invited, auth_verify_email,
  auth_is_link_good, auth_reset_password TO veralux_app;

GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_read_invitation OWNER TO veralux_auth;
ALTER FUNCTION auth_accept_invitation OWNER TO veralux_auth;
ALTER FUNCTION auth_join_invited OWNER TO veralux_auth;
ALTER FUNCTION auth_verify_email OWNER TO veralux_auth;
ALTER FUNCTION auth_is_link_good OWNER TO veralux_auth;
ALTER FUNCTION auth_reset_password OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
