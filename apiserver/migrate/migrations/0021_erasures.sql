-- A caller's number is erased everywhere: now, of what is told later of calls from before, and again after a
-- restore. Of the number no more is kept than hashes, by which it is known again.

ALTER TABLE calls
  -- When its caller was erased; null: was not.
  ADD COLUMN erased_at timestamptz(3);

CREATE TABLE erasures (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  erasure_id uuid NOT NULL,
  -- Of the number's digits as people write them: with the country's code and without.
  hashes bytea[] NOT NULL,
  lengths integer[] NOT NULL,
  -- Calls that began until then; who calls again is a new caller.
  erased_until timestamptz(3) NOT NULL DEFAULT now(),
  -- Null: what there was is still being looked through.
  completed_at timestamptz(3),
  PRIMARY KEY (tenant_id, erasure_id)
);
CREATE INDEX erasures_by_time ON erasures (tenant_id, erased_until DESC, erasure_id DESC);

-- There are so few numbers that a plain hash of one could be looked up.
CREATE TABLE erasure_key (key bytea NOT NULL);
INSERT INTO erasure_key
  SELECT sha256(string_agg(uuid_send(gen_random_uuid()), '')) FROM generate_series(1, 4);

-- What the carrier recorded of erased callers: the runtimes are told for two days.
CREATE TABLE erased_recordings (
  carrier_leg_id text PRIMARY KEY,
  runtime text NOT NULL,
  erased_at timestamptz(3) NOT NULL DEFAULT now(),
  told_at timestamptz(3)
);
ALTER TABLE erased_recordings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON erased_recordings TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON erased_recordings TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON erased_recordings TO veralux_worker;

ALTER TABLE erasures ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE erasure_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON erasures TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON erasure_key TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY app_tenant ON erasures TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
GRANT SELECT (tenant_id, erasure_id, erased_until, completed_at), INSERT ON erasures TO veralux_app;
CREATE POLICY worker_all ON erasures TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (completed_at) ON erasures TO veralux_worker;
GRANT UPDATE (detail, entry) ON ledger_rejects TO veralux_worker;
CREATE POLICY auth_read ON erasure_key FOR SELECT TO veralux_auth USING (true);
GRANT SELECT ON erasure_key TO veralux_auth;

CREATE FUNCTION number_hash(of_tenant uuid, digits text)
  RETURNS bytea
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$ SELECT sha256(key || uuid_send(of_tenant) || convert_to(digits, 'UTF8')) FROM erasure_key $$;

-- Whether the digits of an erased number are somewhere in a text, however they are set apart.
CREATE FUNCTION mentions_number(of_tenant uuid, words text, of_hashes bytea[], of_lengths integer[])
  RETURNS boolean
  LANGUAGE sql STABLE SET search_path = veralux, pg_temp
  AS $$
    SELECT EXISTS (
      SELECT FROM regexp_matches(regexp_replace(words, '[\s().+/-]+', '', 'g'), '[0-9]{6,}', 'g') AS run,
                  unnest(of_lengths) AS length,
                  generate_series(1, char_length(run[1]) - length + 1) AS start
       WHERE number_hash(of_tenant, substr(run[1], start, length)) = ANY (of_hashes))
  $$;

-- The fields of a lead of a call that began at a time, less those that hold a number erased since.
CREATE FUNCTION without_erased(of_tenant uuid, at timestamptz, fields jsonb)
  RETURNS jsonb
  LANGUAGE sql STABLE SET search_path = veralux, pg_temp
  AS $$
    SELECT jsonb_agg(
             CASE WHEN EXISTS (
               SELECT FROM erasures e
                WHERE e.tenant_id = of_tenant AND at <= e.erased_until
                  AND (mentions_number(of_tenant, field ->> 'value', e.hashes, e.lengths)
                       OR mentions_number(of_tenant, field ->> 'spoken', e.hashes, e.lengths)))
             THEN field || '{"value": "[erased]", "spoken": "[erased]"}' ELSE field END ORDER BY place)
      FROM jsonb_array_elements(fields) WITH ORDINALITY AS f (field, place)
  $$;

-- Applies every erasure of a tenant to some of its calls. Of a call of an erased caller the times, the end and what was
-- used stay. In what others said, words that hold the number go.
CREATE FUNCTION apply_erasures(of_tenant uuid, of_calls uuid[])
  RETURNS void
  LANGUAGE sql VOLATILE SET search_path = veralux, pg_temp
  AS $$
    UPDATE calls c SET from_number = NULL, erased_at = COALESCE(erased_at, now())
     WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.from_number IS NOT NULL
       AND (c.erased_at IS NOT NULL OR EXISTS (
         SELECT FROM erasures e
          WHERE e.tenant_id = of_tenant AND c.started_at <= e.erased_until
            AND mentions_number(of_tenant, c.from_number, e.hashes, e.lengths)));
    INSERT INTO erased_recordings (carrier_leg_id, runtime)
      SELECT c.recording ->> 'carrierLegID', c.runtime FROM calls c
       WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.erased_at IS NOT NULL
         AND c.recording IS NOT NULL AND c.runtime IS NOT NULL
      ON CONFLICT (carrier_leg_id) DO NOTHING;
    UPDATE calls c SET carrier_call_id = NULL, recording = NULL
     WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.erased_at IS NOT NULL
       AND (c.carrier_call_id IS NOT NULL OR c.recording IS NOT NULL);
    DELETE FROM call_turns t USING calls c
     WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.erased_at IS NOT NULL
       AND t.tenant_id = c.tenant_id AND t.call_id = c.call_id;
    DELETE FROM leads l USING calls c
     WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.erased_at IS NOT NULL
       AND l.tenant_id = c.tenant_id AND l.call_id = c.call_id;
    UPDATE call_turns t SET text = '[erased]'
      FROM calls c
     WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls)
       AND t.tenant_id = c.tenant_id AND t.call_id = c.call_id AND t.text ~ '[0-9]'
       AND EXISTS (SELECT FROM erasures e
                    WHERE e.tenant_id = of_tenant AND c.started_at <= e.erased_until
                      AND mentions_number(of_tenant, t.text, e.hashes, e.lengths));
    UPDATE leads l SET fields = without_erased(of_tenant, c.started_at, l.fields)
      FROM calls c
     WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls)
       AND l.tenant_id = c.tenant_id AND l.call_id = c.call_id
       AND l.fields <> without_erased(of_tenant, c.started_at, l.fields);
  $$;

-- What the ledger brings of calls from before an erasure is erased as it arrives. Without erasures this costs one look
-- for each statement of the ledger's writer, however many rows it writes.
CREATE FUNCTION erase_arrived()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      PERFORM apply_erasures(a.tenant_id, array_agg(DISTINCT a.call_id)) FROM arrived a
        WHERE EXISTS (SELECT FROM erasures e WHERE e.tenant_id = a.tenant_id) GROUP BY a.tenant_id;
      RETURN NULL;
    END
  $$;
CREATE TRIGGER erase_inserted AFTER INSERT ON calls REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION erase_arrived();
CREATE TRIGGER erase_updated AFTER UPDATE ON calls REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION erase_arrived();
CREATE TRIGGER erase_inserted AFTER INSERT ON call_turns REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION erase_arrived();
CREATE TRIGGER erase_inserted AFTER INSERT ON leads REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION erase_arrived();
CREATE TRIGGER erase_updated AFTER UPDATE ON leads REFERENCING NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION erase_arrived();

-- Whether an entry that was set aside is of an erased caller's call, or holds an erased number.
CREATE FUNCTION is_entry_erased(entry text)
  RETURNS boolean
  LANGUAGE sql STABLE SET search_path = veralux, pg_temp
  AS $$
    SELECT EXISTS (SELECT FROM erasures e
                    WHERE strpos(entry, e.tenant_id::text) > 0
                      AND mentions_number(e.tenant_id, entry, e.hashes, e.lengths))
        OR EXISTS (SELECT FROM calls c, regexp_matches(entry, '"callID"\s*:\s*"([0-9a-f-]{36})"') AS id,
                               regexp_matches(entry, '"tenantID"\s*:\s*"([0-9a-f-]{36})"') AS tenant
                    WHERE c.tenant_id = tenant[1]::uuid AND c.call_id = id[1]::uuid AND c.erased_at IS NOT NULL)
  $$;
CREATE FUNCTION erase_reject()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      IF is_entry_erased(NEW.entry) THEN
        NEW.entry := '[erased]';
        NEW.detail := '[erased]';
      END IF;
      RETURN NEW;
    END
  $$;
CREATE TRIGGER erase_reject BEFORE INSERT ON ledger_rejects FOR EACH ROW EXECUTE FUNCTION erase_reject();

CREATE TRIGGER audit AFTER INSERT OR UPDATE ON erasures
  FOR EACH ROW EXECUTE FUNCTION audit_change('Erasure', 'erasure_id', 'erased_until completed_at', '');

REVOKE ALL ON FUNCTION number_hash FROM PUBLIC;
GRANT EXECUTE ON FUNCTION number_hash TO veralux_app, veralux_worker;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION number_hash OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
