-- What was used, and how far the ledger has been read. Quantities are whole base units: calls,
-- seconds, characters, requests. Counters can be rebuilt from usage_events.

CREATE TABLE usage_events (
  tenant_id uuid NOT NULL REFERENCES tenants,
  source text NOT NULL CHECK (source IN ('Runtime', 'ApiServer')),
  event_id text NOT NULL,
  metric text NOT NULL
    CHECK (metric IN ('call_count', 'call_seconds', 'stt_seconds', 'tts_characters', 'api_requests')),
  quantity bigint NOT NULL CHECK (quantity >= 0),
  -- UTC month that it counts to, YYYY-MM.
  month text NOT NULL CHECK (month ~ '^\d{4}-\d{2}$'),
  occurred_at timestamptz(3) NOT NULL,
  call_id uuid,
  PRIMARY KEY (tenant_id, source, event_id, metric)
);
CREATE INDEX usage_events_call ON usage_events (tenant_id, call_id) WHERE call_id IS NOT NULL;

CREATE TABLE usage_counters (
  tenant_id uuid NOT NULL REFERENCES tenants,
  month text NOT NULL,
  metric text NOT NULL,
  quantity bigint NOT NULL,
  PRIMARY KEY (tenant_id, month, metric)
);

-- One row for each ledger event ever accepted, for ever: writing an event again changes nothing.
CREATE TABLE ledger_events (
  tenant_id uuid NOT NULL REFERENCES tenants,
  event_id text NOT NULL,
  kind text NOT NULL,
  revision integer NOT NULL,
  -- SHA-256 of the event, to tell a repetition from a contradiction.
  digest bytea NOT NULL,
  PRIMARY KEY (tenant_id, event_id)
);

-- The last stream id of each shard whose events are in the tables above.
CREATE TABLE ledger_cursors (
  shard text PRIMARY KEY,
  last_id text NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT now()
);

-- Entries that could not be taken in, kept for people to look at.
CREATE TABLE ledger_rejects (
  shard text NOT NULL,
  stream_id text NOT NULL,
  reason text NOT NULL,
  detail text NOT NULL,
  entry text NOT NULL,
  rejected_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (shard, stream_id, reason)
);

ALTER TABLE usage_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE usage_counters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON usage_events TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON usage_counters TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON ledger_events TO veralux_owner USING (true) WITH CHECK (true);

CREATE POLICY app_tenant ON usage_events TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
CREATE POLICY app_tenant ON usage_counters TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
GRANT SELECT ON usage_events, usage_counters TO veralux_app;

CREATE POLICY worker_all ON usage_events TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON usage_counters TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON ledger_events TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON usage_events, usage_counters, ledger_events, ledger_cursors TO veralux_worker;
GRANT SELECT, INSERT ON ledger_rejects TO veralux_worker;
