-- A caller is known by the whole number, and only in what was said is it looked for within other digits. An erasure costs
-- one look at each text, however many others there are: hashes are looked up, not tried one after the other.

-- Of each erasure the first hash is of the digits with the country's code, the second of those without.
CREATE INDEX erasures_by_whole ON erasures (tenant_id, (hashes[1]));
CREATE INDEX erasures_by_national ON erasures (tenant_id, (hashes[2]));

-- Tells lists of erasures that were made with this key from those of another database, and nothing of the key.
CREATE FUNCTION erasure_key_fingerprint()
  RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$ SELECT encode(sha256(convert_to('fingerprint', 'UTF8') || key), 'hex') FROM erasure_key $$;

-- The hashes of every number that a text may hold, whatever its digits are set apart by: commas, and hyphens of any kind.
CREATE FUNCTION number_hashes(of_tenant uuid, words text)
  RETURNS SETOF bytea
  LANGUAGE sql STABLE COST 1000 ROWS 20 SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    SELECT sha256(key || uuid_send(of_tenant) || convert_to(substr(run[1], start, length), 'UTF8'))
      FROM erasure_key,
           regexp_matches(regexp_replace(words, '[^[:alnum:]]+', '', 'g'), '[0-9]{6,}', 'g') AS run,
           generate_series(6, 15) AS length,
           generate_series(1, char_length(run[1]) - length + 1) AS start
  $$;

-- Up to when a number was erased, with its country's code or without, each null where it is not looked for. Null
-- for `only_erasure`: by any erasure. Without a search_path of its own, so that it becomes part of the query that asks.
CREATE FUNCTION erasures_of(of_tenant uuid, whole_hash bytea, national_hash bytea, only_erasure uuid)
  RETURNS TABLE (erased_until timestamptz)
  LANGUAGE sql STABLE ROWS 1
  AS $$
    SELECT e.erased_until FROM veralux.erasures e
     WHERE e.tenant_id = of_tenant AND e.hashes[1] = whole_hash AND (only_erasure IS NULL OR e.erasure_id = only_erasure)
    UNION ALL
    SELECT e.erased_until FROM veralux.erasures e
     WHERE e.tenant_id = of_tenant AND e.hashes[2] = national_hash AND (only_erasure IS NULL OR e.erasure_id = only_erasure)
    -- So that the index is that of hashes: by the time, every erasure of the tenant would be looked at.
    OFFSET 0
  $$;

-- Whether a text of a call that began at a time holds an erased number.
CREATE FUNCTION holds_erased(of_tenant uuid, at timestamptz, words text, only_erasure uuid)
  RETURNS boolean
  LANGUAGE sql STABLE COST 10000 SET search_path = veralux, pg_temp
  AS $$
    SELECT EXISTS (
      SELECT FROM number_hashes(of_tenant, words) AS hash, erasures_of(of_tenant, hash, hash, only_erasure) AS e
       WHERE at <= e.erased_until)
  $$;

-- Whether a caller was erased: by the whole number, as the carrier gave it, or as stands before the host of a SIP address.
-- One with a plus has its country's code; another may also be one within its country, or begin with zeros to dial before.
CREATE FUNCTION is_caller_erased(of_tenant uuid, at timestamptz, caller text, only_erasure uuid)
  RETURNS boolean
  LANGUAGE sql STABLE COST 1000 SET search_path = veralux, pg_temp
  AS $$
    WITH given AS MATERIALIZED (
      SELECT regexp_replace(substring(caller FROM '(?i)^(?:.*<)?(?:(?:sips?|tel):)?([^@;>]*)'), '[^[:alnum:]+]+', '', 'g')
             AS number),
    forms AS MATERIALIZED (
      SELECT number_hash(of_tenant, digits) AS hash, number LIKE '+%' AS has_country
        FROM given, unnest(ARRAY[ltrim(number, '+'), ltrim(number, '0')]) AS digits
       WHERE number ~ '^\+?[0-9]+$')
    SELECT EXISTS (
      SELECT FROM forms, erasures_of(of_tenant, hash, CASE WHEN NOT has_country THEN hash END, only_erasure) AS e
       WHERE at <= e.erased_until)
  $$;

-- An unkeyed digest of a number or of words tells whoever guesses them. An empty one says that something was there.
CREATE FUNCTION forget_digests(of_tenant uuid, of_events text[])
  RETURNS void
  LANGUAGE sql VOLATILE SET search_path = veralux, pg_temp
  AS $$
    UPDATE ledger_events SET digest = ''
     WHERE tenant_id = of_tenant AND event_id = ANY (of_events) AND digest <> ''
  $$;

DROP FUNCTION without_erased(uuid, timestamptz, jsonb);
-- The fields of a lead of a call that began at a time, less those that hold an erased number.
CREATE FUNCTION without_erased(of_tenant uuid, at timestamptz, fields jsonb, only_erasure uuid)
  RETURNS jsonb
  LANGUAGE sql STABLE COST 10000 SET search_path = veralux, pg_temp
  AS $$
    SELECT jsonb_agg(
             CASE WHEN holds_erased(of_tenant, at, field ->> 'value', only_erasure)
                    OR holds_erased(of_tenant, at, field ->> 'spoken', only_erasure)
                  THEN field || '{"value": "[erased]", "spoken": "[erased]"}' ELSE field END ORDER BY place)
      FROM jsonb_array_elements(fields) WITH ORDINALITY AS f (field, place)
  $$;

DROP FUNCTION apply_erasures(uuid, uuid[]);
-- Applies one erasure of a tenant to some of its calls, or every one. Of a call of an erased caller the times, the end and
-- what was used stay. In what others said, words that hold the number go.
CREATE FUNCTION apply_erasures(of_tenant uuid, of_calls uuid[], only_erasure uuid DEFAULT NULL)
  RETURNS void
  LANGUAGE sql VOLATILE SET search_path = veralux, pg_temp
  AS $$
    -- Of turns that were deleted before, as retention does, digests may be left: no call has a thousand of them.
    WITH erased AS (
      UPDATE calls c SET from_number = NULL, erased_at = COALESCE(erased_at, now())
       WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.from_number IS NOT NULL
         AND (c.erased_at IS NOT NULL OR is_caller_erased(of_tenant, c.started_at, c.from_number, only_erasure))
      RETURNING c.call_id)
    SELECT forget_digests(of_tenant, ARRAY[call_id || '/started', call_id || '/lead', call_id || '/recording']
                                     || ARRAY(SELECT call_id || '/turn/' || n FROM generate_series(0, 999) AS n))
      FROM erased;
    INSERT INTO erased_recordings (carrier_leg_id, runtime)
      SELECT c.recording ->> 'carrierLegID', c.runtime FROM calls c
       WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.erased_at IS NOT NULL
         AND c.recording IS NOT NULL AND c.runtime IS NOT NULL
      ON CONFLICT (carrier_leg_id) DO NOTHING;
    WITH erased AS (
      UPDATE calls c SET carrier_call_id = NULL, recording = NULL
       WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.erased_at IS NOT NULL
         AND (c.carrier_call_id IS NOT NULL OR c.recording IS NOT NULL)
      RETURNING c.call_id)
    SELECT forget_digests(of_tenant, ARRAY[call_id || '/started', call_id || '/recording']) FROM erased;
    WITH erased AS (
      DELETE FROM call_turns t USING calls c
       WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.erased_at IS NOT NULL
         AND t.tenant_id = c.tenant_id AND t.call_id = c.call_id
      RETURNING t.call_id || '/turn/' || t.turn_index AS event_id)
    SELECT forget_digests(of_tenant, array_agg(event_id)) FROM erased HAVING count(*) > 0;
    WITH erased AS (
      DELETE FROM leads l USING calls c
       WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND c.erased_at IS NOT NULL
         AND l.tenant_id = c.tenant_id AND l.call_id = c.call_id
      RETURNING l.call_id || '/lead' AS event_id)
    SELECT forget_digests(of_tenant, array_agg(event_id)) FROM erased HAVING count(*) > 0;
    WITH erased AS (
      UPDATE call_turns t SET text = '[erased]'
        FROM calls c
       WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls)
         AND t.tenant_id = c.tenant_id AND t.call_id = c.call_id AND t.text ~ '[0-9]'
         AND holds_erased(of_tenant, c.started_at, t.text, only_erasure)
      RETURNING t.call_id || '/turn/' || t.turn_index AS event_id)
    SELECT forget_digests(of_tenant, array_agg(event_id)) FROM erased HAVING count(*) > 0;
    WITH cleared AS MATERIALIZED (
      SELECT l.call_id, without_erased(of_tenant, c.started_at, l.fields, only_erasure) AS fields
        FROM calls c JOIN leads l ON l.tenant_id = c.tenant_id AND l.call_id = c.call_id
       WHERE c.tenant_id = of_tenant AND c.call_id = ANY (of_calls) AND l.fields::text ~ '[0-9]'),
    erased AS (
      UPDATE leads l SET fields = cleared.fields
        FROM cleared
       WHERE l.tenant_id = of_tenant AND l.call_id = cleared.call_id AND l.fields <> cleared.fields
      RETURNING l.call_id || '/lead' AS event_id)
    SELECT forget_digests(of_tenant, array_agg(event_id)) FROM erased HAVING count(*) > 0;
  $$;
DROP FUNCTION mentions_number(uuid, text, bytea[], integer[]);

-- What is deleted of a call, by an erasure or by retention, is no reason to look at it: only what is new in it.
CREATE FUNCTION erase_changed_calls()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      PERFORM apply_erasures(a.tenant_id, array_agg(a.call_id))
         FROM arrived a JOIN replaced r USING (tenant_id, call_id)
        WHERE (a.from_number IS DISTINCT FROM r.from_number AND a.from_number IS NOT NULL
               OR a.carrier_call_id IS DISTINCT FROM r.carrier_call_id AND a.carrier_call_id IS NOT NULL
               OR a.recording IS DISTINCT FROM r.recording AND a.recording IS NOT NULL
               -- It began earlier than was known: maybe before an erasure.
               OR a.started_at < r.started_at)
          AND EXISTS (SELECT FROM erasures e WHERE e.tenant_id = a.tenant_id)
        GROUP BY a.tenant_id;
      RETURN NULL;
    END
  $$;
CREATE FUNCTION erase_changed_leads()
  RETURNS trigger
  LANGUAGE plpgsql VOLATILE SET search_path = veralux, pg_temp
  AS $$
    BEGIN
      PERFORM apply_erasures(a.tenant_id, array_agg(a.call_id))
         FROM arrived a JOIN replaced r USING (tenant_id, call_id)
        WHERE a.fields <> r.fields AND EXISTS (SELECT FROM erasures e WHERE e.tenant_id = a.tenant_id)
        GROUP BY a.tenant_id;
      RETURN NULL;
    END
  $$;
DROP TRIGGER erase_updated ON calls;
CREATE TRIGGER erase_updated AFTER UPDATE ON calls REFERENCING OLD TABLE AS replaced NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION erase_changed_calls();
DROP TRIGGER erase_updated ON leads;
CREATE TRIGGER erase_updated AFTER UPDATE ON leads REFERENCING OLD TABLE AS replaced NEW TABLE AS arrived
  FOR EACH STATEMENT EXECUTE FUNCTION erase_changed_leads();

-- Whether an entry that was set aside is of an erased caller's call, or holds an erased number. It may be anything: what
-- looks like an id in it need not be one, and what JSON escapes in it stands between digits.
CREATE OR REPLACE FUNCTION is_entry_erased(entry text)
  RETURNS boolean
  LANGUAGE sql STABLE SET search_path = veralux, pg_temp
  AS $$
    WITH named AS MATERIALIZED (
      SELECT DISTINCT id[1]::uuid AS id
        FROM regexp_matches(entry, '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'gi') AS id),
    words AS MATERIALIZED (SELECT regexp_replace(entry, '\\(u[0-9a-fA-F]{4}|.)', ' ', 'g') AS entry)
    SELECT EXISTS (
        SELECT FROM named, words
         WHERE EXISTS (SELECT FROM erasures e WHERE e.tenant_id = named.id)
           AND holds_erased(named.id, '-infinity', words.entry, NULL))
      OR EXISTS (
        SELECT FROM calls c
         WHERE c.tenant_id = ANY (ARRAY(SELECT id FROM named)) AND c.call_id = ANY (ARRAY(SELECT id FROM named))
           AND c.erased_at IS NOT NULL)
  $$;

REVOKE ALL ON FUNCTION number_hashes, erasure_key_fingerprint FROM PUBLIC;
GRANT EXECUTE ON FUNCTION number_hashes, erasure_key_fingerprint TO veralux_worker;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION number_hashes OWNER TO veralux_auth;
ALTER FUNCTION erasure_key_fingerprint OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;
