-- The addresses that notifications are mailed to: whether whoever reads their mail wants them, and how many were mailed.

CREATE TABLE notification_addresses (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  -- As the resource names it.
  address text NOT NULL,
  address_id uuid NOT NULL DEFAULT gen_random_uuid(),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- By its mailed link. One of a member whose address is verified needs none.
  proven_at timestamptz(3),
  -- SHA-256 of the token of the latest link, which has 256 random bits.
  link_hash bytea,
  link_expires_at timestamptz(3),
  -- How often a link was mailed, and when last.
  asks integer NOT NULL DEFAULT 0,
  asked_at timestamptz(3),
  -- How many notifications were mailed on this UTC day.
  mails_on date,
  mails integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, address)
);
CREATE INDEX notification_addresses_id ON notification_addresses (address_id);
CREATE INDEX notification_addresses_address ON notification_addresses (lower(address));
CREATE INDEX notification_addresses_link ON notification_addresses (link_hash) WHERE link_hash IS NOT NULL;

ALTER TABLE notification_addresses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON notification_addresses TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY app_tenant ON notification_addresses TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
GRANT SELECT (tenant_id, address, address_id, created_at, proven_at, asks, asked_at) ON notification_addresses
  TO veralux_app;
CREATE POLICY worker_all ON notification_addresses TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON notification_addresses TO veralux_worker;
CREATE POLICY auth_all ON notification_addresses TO veralux_auth USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (proven_at, link_hash) ON notification_addresses TO veralux_auth;

-- Whether the link was good: whoever reads the mail of the address wants to be told.
CREATE FUNCTION auth_prove_notification_address(with_hash bytea)
  RETURNS boolean
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = veralux, pg_temp
  AS $$
    WITH proven AS (
      UPDATE notification_addresses SET proven_at = now(), link_hash = NULL
       WHERE link_hash = with_hash AND link_expires_at > now() RETURNING 1)
    SELECT EXISTS (SELECT FROM proven)
  $$;

REVOKE ALL ON FUNCTION auth_prove_notification_address FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth_prove_notification_address TO veralux_app;
GRANT CREATE ON SCHEMA veralux TO veralux_auth;
ALTER FUNCTION auth_prove_notification_address OWNER TO veralux_auth;
REVOKE CREATE ON SCHEMA veralux FROM veralux_auth;

ALTER TABLE tenants
  -- When the rows of an earlier Tenant of this id were purged: what occurred before that is told of the earlier one.
  ADD COLUMN purged_at timestamptz(3);

CREATE INDEX audit_events_age ON audit_events (occurred_at);
