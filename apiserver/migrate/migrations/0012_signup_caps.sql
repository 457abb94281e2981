-- How many sign-ups a day were tried from a network or for an address, and how many were made; and
-- whether signup is open at all.

CREATE TABLE signup_counts (
  day date NOT NULL,
  -- HMAC of a network or an address, or 'made' for all of the day.
  source text NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (day, source)
);

CREATE TABLE platform_switches (
  name text PRIMARY KEY CHECK (name IN ('signup')),
  is_on boolean NOT NULL,
  reason text NOT NULL,
  changed_by uuid REFERENCES users ON DELETE SET NULL,
  changed_at timestamptz(3) NOT NULL DEFAULT now()
);

ALTER TABLE signup_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE platform_switches ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON signup_counts TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON platform_switches TO veralux_owner USING (true) WITH CHECK (true);

-- Neither holds anything of a tenant.
CREATE POLICY app_all ON signup_counts TO veralux_app USING (true) WITH CHECK (true);
CREATE POLICY app_all ON platform_switches TO veralux_app USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON signup_counts TO veralux_app;
GRANT SELECT, INSERT, UPDATE ON platform_switches TO veralux_app;
CREATE POLICY worker_all ON platform_switches TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON platform_switches TO veralux_worker;
