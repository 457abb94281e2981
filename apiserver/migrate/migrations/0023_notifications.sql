-- Whom tenants want to be told of what, what there was to tell, and how far each telling is.

ALTER TABLE tenants
  -- spec.notifications as observed; null where nobody is to be told.
  ADD COLUMN notifications jsonb,
  -- How often in a row the webhook's receiver gave no good answer, and until when it is left in peace for that.
  ADD COLUMN webhook_failures integer NOT NULL DEFAULT 0,
  ADD COLUMN webhook_paused_until timestamptz(3);
GRANT UPDATE (webhook_failures, webhook_paused_until) ON tenants TO veralux_app;

-- What there was to tell, once each. It holds no words of callers: what was said is read when it is told.
CREATE TABLE notifications (
  tenant_id uuid NOT NULL REFERENCES tenants,
  notification_id uuid NOT NULL,
  event text NOT NULL
    CHECK (event IN ('LeadCaptured', 'MessageLeft', 'CallEnded', 'LimitNear', 'LimitReached')),
  -- What makes it one and the same: the call, or the limit with its month and its height.
  event_key text NOT NULL,
  call_id uuid,
  limit_name text,
  limit_value bigint,
  -- UTC month of the limit, YYYY-MM.
  month text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, notification_id),
  UNIQUE (tenant_id, event, event_key),
  FOREIGN KEY (tenant_id, call_id) REFERENCES calls ON DELETE CASCADE,
  CHECK ((call_id IS NULL) = (limit_name IS NOT NULL)),
  CHECK ((limit_name IS NULL) = (limit_value IS NULL) AND (limit_name IS NULL) = (month IS NULL))
);
CREATE INDEX notifications_call ON notifications (tenant_id, call_id);
CREATE INDEX notifications_age ON notifications (created_at);

-- One row for each whom a notification goes to.
CREATE TABLE notification_deliveries (
  tenant_id uuid NOT NULL,
  delivery_id uuid NOT NULL,
  notification_id uuid NOT NULL,
  channel text NOT NULL CHECK (channel IN ('Email', 'Webhook')),
  -- Of a mail. A webhook goes to the URL that is set when it is sent.
  address text,
  -- Dead: given up; people may have it sent again.
  state text NOT NULL DEFAULT 'Pending' CHECK (state IN ('Pending', 'Delivered', 'Dead')),
  attempts integer NOT NULL DEFAULT 0,
  -- The status of the last answer, or why there was none.
  response_status smallint,
  error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  give_up_at timestamptz(3) NOT NULL DEFAULT now() + interval '1 day',
  last_attempt_at timestamptz(3),
  settled_at timestamptz(3),
  PRIMARY KEY (tenant_id, delivery_id),
  FOREIGN KEY (tenant_id, notification_id) REFERENCES notifications ON DELETE CASCADE,
  CHECK ((channel = 'Email') = (address IS NOT NULL))
);
CREATE INDEX notification_deliveries_of ON notification_deliveries (tenant_id, notification_id);
CREATE INDEX notification_deliveries_by_time
  ON notification_deliveries (tenant_id, created_at DESC, delivery_id DESC);
CREATE INDEX notification_deliveries_dead
  ON notification_deliveries (tenant_id, created_at DESC, delivery_id DESC) WHERE state = 'Dead';

-- The secrets that webhooks are signed with.
CREATE TABLE webhook_secrets (
  tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
  secret_id uuid NOT NULL,
  -- AES-256-GCM under a key of the API server, which key_id names.
  sealed text NOT NULL,
  key_id text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  -- Null: the latest, which does not end by itself.
  ends_at timestamptz(3),
  PRIMARY KEY (tenant_id, secret_id)
);
CREATE UNIQUE INDEX webhook_secrets_latest ON webhook_secrets (tenant_id) WHERE ends_at IS NULL;

ALTER TABLE notifications ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE notification_deliveries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_all ON notifications TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON notification_deliveries TO veralux_owner USING (true) WITH CHECK (true);
CREATE POLICY owner_all ON webhook_secrets TO veralux_owner USING (true) WITH CHECK (true);

CREATE POLICY app_tenant ON notifications TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
CREATE POLICY app_tenant ON notification_deliveries TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
CREATE POLICY app_tenant ON webhook_secrets TO veralux_app
  USING (tenant_id = (SELECT current_tenant_id())) WITH CHECK (tenant_id = (SELECT current_tenant_id()));
GRANT SELECT ON notifications TO veralux_app;
GRANT SELECT, UPDATE (state, give_up_at, settled_at) ON notification_deliveries TO veralux_app;
-- A secret is written and never read.
GRANT SELECT (tenant_id, secret_id, created_at, ends_at), INSERT, UPDATE (sealed, key_id, ends_at), DELETE
  ON webhook_secrets TO veralux_app;

CREATE POLICY worker_all ON notifications TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON notification_deliveries TO veralux_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON webhook_secrets TO veralux_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications, notification_deliveries, webhook_secrets TO veralux_worker;

CREATE TRIGGER audit AFTER INSERT OR DELETE OR UPDATE OF ends_at ON webhook_secrets
  FOR EACH ROW EXECUTE FUNCTION audit_change('WebhookSecret', 'secret_id', 'created_at ends_at', '');
