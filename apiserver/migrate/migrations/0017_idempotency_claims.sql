-- Requests with an Idempotency-Key whose effect is no row of ours, while they are under way.

CREATE TABLE idempotency_claims (
  principal text NOT NULL,
  operation text NOT NULL,
  key text NOT NULL,
  -- Of the attempt that is under way: one that is slower than its time gives back nothing of the next one's.
  claim_id uuid NOT NULL,
  -- HMAC of the request, as in idempotency_keys.
  digest bytea NOT NULL,
  -- Past: the attempt has ended, or its server was killed, and whether it was carried out nobody knows.
  claimed_until timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (principal, operation, key)
);
CREATE INDEX idempotency_claims_claim ON idempotency_claims (claim_id);
CREATE INDEX idempotency_claims_age ON idempotency_claims (created_at);

ALTER TABLE idempotency_claims ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON idempotency_claims TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY auth_all ON idempotency_claims TO veralux_auth USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_claims TO veralux_auth;

-- Claims a key for one attempt, and forgets a few claims that are older than a day.
-- 'First', 'Further' (an earlier attempt may have been carried out), 'InFlight', or 'Reused' for another request.
CREATE FUNCTION idempotency_claim(
  by_principal text, of_operation text, wanted_key text, digests bytea[], new_claim uuid, claimed_for interval)
  RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DECLARE
      held record;
    BEGIN
      DELETE FROM idempotency_claims
       WHERE principal = by_principal AND operation = of_operation AND key = wanted_key
         AND created_at < now() - interval '24 hours';
      DELETE FROM idempotency_claims WHERE (principal, operation, key) IN (
        SELECT principal, operation, key FROM idempotency_claims
         WHERE created_at < now() - interval '24 hours' LIMIT 20 FOR UPDATE SKIP LOCKED);
      INSERT INTO idempotency_claims (principal, operation, key, claim_id, digest, claimed_until)
        VALUES (by_principal, of_operation, wanted_key, new_claim, digests[1], now() + claimed_for)
        ON CONFLICT DO NOTHING;
      IF FOUND THEN
        RETURN 'First';
      END IF;
      SELECT * INTO held FROM idempotency_claims
       WHERE principal = by_principal AND operation = of_operation AND key = wanted_key FOR UPDATE;
      IF NOT FOUND OR held.claimed_until > now() THEN
        RETURN 'InFlight';
      END IF;
      IF NOT held.digest = ANY (digests) THEN
        RETURN 'Reused';
      END IF;
      UPDATE idempotency_claims SET claim_id = new_claim, claimed_until = now() + claimed_for
       WHERE principal = by_principal AND operation = of_operation AND key = wanted_key;
      RETURN 'Further';
    END
  $$;

-- Ends an attempt: all is known of it, and the key is free, or the next attempt is told of it.
CREATE FUNCTION idempotency_release(ended_claim uuid, is_known boolean)
  RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    DELETE FROM idempotency_claims WHERE claim_id = ended_claim AND is_known;
    UPDATE idempotency_claims SET claimed_until = now() WHERE claim_id = ended_claim AND NOT is_known;
  $$;

REVOKE ALL ON FUNCTION idempotency_claim, idempotency_release FROM PUBLIC;
GRANT EXECUTE ON FUNCTION idempotency_claim, idempotency_release TO veralux_app;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION idempotency_claim OWNER TO veralux_auth;
ALTER FUNCTION idempotency_release OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;

-- An invitation of a tenant's contact that ran out makes room for the next one.
GRANT UPDATE (revoked_at) ON invitations TO veralux_worker;
