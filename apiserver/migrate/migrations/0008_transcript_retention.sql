-- How long transcripts are kept.

ALTER TABLE tenants
  -- As the resource says; null until observed, and then nothing is deleted.
  ADD COLUMN transcript_days integer CHECK (transcript_days > 0),
  -- Of calls that began before this nothing that was said is left; null where nothing was deleted yet.
  ADD COLUMN transcripts_cut_at timestamptz(3);
