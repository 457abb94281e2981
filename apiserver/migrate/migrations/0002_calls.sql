-- What the ledger says of calls: written by the worker, read by the tenant.

CREATE TABLE calls (
  tenant_id uuid NOT NULL REFERENCES tenants,
  call_id uuid NOT NULL,
  from_number text,
  to_number text,
  runtime text,
  carrier_call_id text,
  -- The earliest that any event of the call says, until `started` has said it.
  started_at timestamptz(3) NOT NULL,
  answered_at timestamptz(3),
  ended_at timestamptz(3),
  hangup_reason text,
  carrier_cause text,
  PRIMARY KEY (tenant_id, call_id)
);
CREATE INDEX calls_by_time ON calls (tenant_id, started_at DESC, call_id DESC);

CREATE TABLE call_turns (
  tenant_id uuid NOT NULL,
  call_id uuid NOT NULL,
  turn_index integer NOT NULL,
  speaker text NOT NULL CHECK (speaker IN ('Agent', 'Caller')),
  text text NOT NULL,
  started_at_ms bigint NOT NULL,
  ended_at_ms bigint NOT NULL,
  interrupted boolean NOT NULL,
  PRIMARY KEY (tenant_id, call_id, turn_index),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls ON DELETE CASCADE
);

-- At most one lead a call.
CREATE TABLE leads (
  tenant_id uuid NOT NULL,
  call_id uuid NOT NULL,
  workflow text NOT NULL,
  complete boolean NOT NULL,
  fields jsonb NOT NULL,
  captured_at timestamptz(3) NOT NULL,
  PRIMARY KEY (tenant_id, call_id),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls ON DELETE CASCADE
);
CREATE INDEX leads_by_time ON leads (tenant_id, captured_at DESC, call_id DESC);

ALTER TABLE calls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE call_turns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE leads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_all ON calls TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON call_turns TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON leads TO veralux_owner USING (true) WITH CHECK (true);

CREATE POLICY app_tenant ON calls TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
CREATE POLICY app_tenant ON call_turns TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
CREATE POLICY app_tenant ON leads TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
GRANT SELECT ON calls, call_turns, leads TO veralux_app;

CREATE POLICY worker_all ON calls TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON call_turns TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON leads TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON calls, call_turns, leads TO veralux_worker;
