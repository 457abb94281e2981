-- How long what was said on calls, and what is known of recordings, is kept.

ALTER TABLE tenants
  -- As the resource says; null until observed, and then nothing is deleted.
  ADD COLUMN transcript_days integer CHECK (transcript_days > 0),
  ADD COLUMN recording_days integer CHECK (recording_days > 0),
  -- Of calls that began before this nothing of the kind is left; null where nothing was deleted yet.
  ADD COLUMN transcripts_cut_at timestamptz(3),
  ADD COLUMN recordings_cut_at timestamptz(3);
