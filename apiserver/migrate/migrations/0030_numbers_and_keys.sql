-- Lists of calls by either number; and what becomes of API keys when the account of whoever made them goes.

-- With `calls_by_caller`: which number of a call is asked for is not said.
CREATE INDEX calls_by_dialled ON calls (tenant_id, to_number, started_at DESC, call_id DESC);

GRANT UPDATE (revoked_at) ON api_keys TO veralux_auth;

-- Whoever made a key knows it.
CREATE FUNCTION revoke_keys_of_account()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      UPDATE api_keys SET revoked_at = now() WHERE created_by = OLD.user_id AND revoked_at IS NULL;
      RETURN OLD;
    END
  $$;
-- Before the reference to the account is set to null.
CREATE TRIGGER revoke_keys BEFORE DELETE ON users
  FOR EACH ROW EXECUTE FUNCTION revoke_keys_of_account();

REVOKE ALL ON FUNCTION revoke_keys_of_account FROM PUBLIC;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION revoke_keys_of_account OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
