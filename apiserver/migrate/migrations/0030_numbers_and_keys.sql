-- Lists of calls by either number; and what becomes of API keys when whoever made them goes.

-- With `calls_by_caller`: which number of a call is asked for is not said.
CREATE INDEX calls_by_dialled ON calls (tenant_id, to_number, started_at DESC, call_id DESC);

GRANT UPDATE (revoked_at) ON api_keys TO veralux_auth;

-- Whoever may make no keys any more keeps none that they made: they know them. Rows of `users` have no tenant; those
-- that go take all keys of theirs along.
CREATE FUNCTION revoke_keys_of_maker()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      UPDATE api_keys SET revoked_at = now()
       WHERE created_by = OLD.user_id AND revoked_at IS NULL
         AND (TG_TABLE_NAME = 'users' OR tenant_id = (to_jsonb(OLD) ->> 'tenant_id')::uuid);
      RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END
  $$;
CREATE TRIGGER revoke_keys BEFORE DELETE ON memberships
  FOR EACH ROW EXECUTE FUNCTION revoke_keys_of_maker();
CREATE TRIGGER revoke_keys_of_viewer BEFORE UPDATE OF role ON memberships
  FOR EACH ROW WHEN (NEW.role = 'Viewer') EXECUTE FUNCTION revoke_keys_of_maker();
-- Before the reference to the account is set to null.
CREATE TRIGGER revoke_keys BEFORE DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION revoke_keys_of_maker();

REVOKE ALL ON FUNCTION revoke_keys_of_maker FROM PUBLIC;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION revoke_keys_of_maker OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
