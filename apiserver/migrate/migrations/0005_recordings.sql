-- What the carrier recorded of a call; the sound itself is at the carrier.

ALTER TABLE calls
  -- {purpose, startedAt, durationMs, carrierLegID}; null where nothing was recorded.
  ADD COLUMN recording jsonb;
