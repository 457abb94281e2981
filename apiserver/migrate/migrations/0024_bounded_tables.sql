-- What is deleted by age and by number, and how far the deletion of what calls left is.

GRANT DELETE ON ledger_rejects TO veralux_worker;
CREATE INDEX ledger_rejects_age ON ledger_rejects (rejected_at);
CREATE INDEX tenant_revisions_age ON tenant_revisions (recorded_at);

ALTER TABLE tenants
  -- The last call that was looked at since the last time that all were; null between two such times.
  ADD COLUMN transcripts_slice_at timestamptz(3),
  ADD COLUMN transcripts_slice_call uuid,
  ADD COLUMN recordings_slice_at timestamptz(3),
  ADD COLUMN recordings_slice_call uuid,
  -- Whose turn it is: who was looked at longest ago.
  ADD COLUMN transcripts_looked_at timestamptz(3),
  ADD COLUMN recordings_looked_at timestamptz(3);
