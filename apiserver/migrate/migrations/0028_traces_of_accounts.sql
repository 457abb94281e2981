-- Of an account that is closed nothing that names the person stays in the audit log, whoever the log says it was done by.

-- Takes a contact out of a part of a configuration where its address is this one.
CREATE FUNCTION without_contact(part json, address text)
  RETURNS json
  LANGUAGE sql IMMUTABLE SET search_path = veralux, pg_temp
  AS $$
    SELECT CASE WHEN lower(part -> 'contact' ->> 'email') = address
                THEN (SELECT json_object_agg(key, value) FROM json_each(part) WHERE key <> 'contact')
                ELSE part END
  $$;

CREATE INDEX audit_events_contact_before ON audit_events (lower(before -> 'contact' ->> 'email'))
  WHERE resource = 'Configuration';
CREATE INDEX audit_events_contact_after ON audit_events (lower(after -> 'contact' ->> 'email'))
  WHERE resource = 'Configuration';
CREATE INDEX audit_events_identity_before ON audit_events ((before ->> 'user_id')) WHERE resource = 'Identity';
CREATE INDEX audit_events_identity_after ON audit_events ((after ->> 'user_id')) WHERE resource = 'Identity';

CREATE OR REPLACE FUNCTION auth_close_account(of_user uuid, proven_hash text)
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
      -- Identities also go with a password that is set anew, which nobody is signed in for.
      UPDATE audit_events SET before = NULL, after = NULL
       WHERE subject_id = of_user::text AND resource = 'Account'
          OR resource = 'Identity' AND before ->> 'user_id' = of_user::text
          OR resource = 'Identity' AND after ->> 'user_id' = of_user::text
          OR subject_id = ANY (subjects) AND resource = 'Invitation';
      UPDATE audit_events SET before = without_contact(before, address), after = without_contact(after, address)
       WHERE resource = 'Configuration' AND lower(before -> 'contact' ->> 'email') = address
          OR resource = 'Configuration' AND lower(after -> 'contact' ->> 'email') = address;
      -- Replies that hold the name or the address are kept for a day otherwise.
      DELETE FROM idempotency_keys
       WHERE principal LIKE 'person:' || of_user || '@%' OR strpos(body, of_user::text) > 0
          OR EXISTS (SELECT FROM unnest(subjects) AS subject WHERE strpos(body, subject) > 0);
      RETURN '{}';
    END
  $$;
