-- What lists of calls are asked for: a caller's number, and the calls that are going on.

CREATE INDEX calls_by_caller ON calls (tenant_id, from_number, started_at DESC, call_id DESC);
CREATE INDEX calls_live ON calls (tenant_id, started_at DESC, call_id DESC) WHERE ended_at IS NULL;
