-- People close their accounts, and owners their tenants.

ALTER TABLE tenants
  -- When an owner closed it, and what is to become of its rows. The resource is what ends it (0004).
  ADD COLUMN closed_at timestamptz(3),
  ADD COLUMN closing_policy text CHECK (closing_policy IN ('Retain', 'Purge'));
GRANT UPDATE (closed_at, closing_policy) ON tenants TO veralux_app;

DROP TRIGGER audit ON tenants;
CREATE TRIGGER audit
  AFTER INSERT OR DELETE OR UPDATE OF deleted_at, deletion_policy, closed_at, closing_policy ON tenants
  FOR EACH ROW EXECUTE FUNCTION audit_change(
    'Tenant', 'tenant_id',
    'name display_name source deleted_at deletion_policy closed_at closing_policy', '');

CREATE POLICY auth_lock ON memberships FOR UPDATE TO veralux_auth USING (true) WITH CHECK (true);
CREATE POLICY auth_delete ON users FOR DELETE TO veralux_auth USING (true);
CREATE POLICY auth_pseudonymise ON invitations FOR UPDATE TO veralux_auth USING (true) WITH CHECK (true);
GRANT UPDATE ON memberships TO veralux_auth;
GRANT DELETE ON users TO veralux_auth;
GRANT UPDATE (email) ON invitations TO veralux_auth;

-- Removes an account with its memberships, sessions and links, if the password is still the one that was proven. What
-- the person did stays in the audit log, by an id that is nobody's any more. Returns the tenants that would be left
-- without an owner: then nothing was done. Null: the password was changed meanwhile.
CREATE FUNCTION auth_close_account(of_user uuid, proven_hash text)
  RETURNS text[]
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      address text;
      alone text[];
      subjects text[];
    BEGIN
      -- In one order, so that two owners who go at once take turns.
      PERFORM FROM memberships
        WHERE role = 'Owner' AND tenant_id IN (SELECT tenant_id FROM memberships WHERE user_id = of_user)
        ORDER BY tenant_id, user_id FOR UPDATE;
      SELECT email INTO address FROM users WHERE user_id = of_user AND password_hash = proven_hash FOR UPDATE;
      IF NOT FOUND THEN
        RETURN NULL;
      END IF;
      alone := ARRAY(
        SELECT COALESCE(t.display_name, t.name, t.tenant_id::text)
          FROM memberships m JOIN tenants t ON t.tenant_id = m.tenant_id
         WHERE m.user_id = of_user AND m.role = 'Owner' AND t.deleted_at IS NULL
           AND NOT EXISTS (SELECT FROM memberships other
                            WHERE other.tenant_id = m.tenant_id AND other.role = 'Owner' AND other.user_id <> of_user)
         ORDER BY 1);
      IF alone <> '{}' THEN
        RETURN alone;
      END IF;
      subjects := ARRAY(SELECT invitation_id::text FROM invitations WHERE email = address);
      DELETE FROM users WHERE user_id = of_user;
      UPDATE invitations SET email = of_user || '@closed.invalid' WHERE invitation_id::text = ANY (subjects);
      -- Last, as all of this is told of in the audit log, too.
      UPDATE audit_events SET actor_name = NULL WHERE actor_id = of_user;
      UPDATE audit_events SET before = NULL, after = NULL
       WHERE subject_id = of_user::text AND resource = 'Account' OR actor_id = of_user AND resource = 'Identity'
          OR subject_id = ANY (subjects) AND resource = 'Invitation';
      -- Replies that hold the name or the address are kept for a day otherwise.
      DELETE FROM idempotency_keys
       WHERE principal LIKE 'person:' || of_user || '@%' OR strpos(body, of_user::text) > 0;
      RETURN '{}';
    END
  $$;
REVOKE ALL ON FUNCTION auth_close_account FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_close_account TO veralux_app;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_close_account OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
