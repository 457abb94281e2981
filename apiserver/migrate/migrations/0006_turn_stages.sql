-- Where the time went before an answer of the agent, in milliseconds by stage.
ALTER TABLE call_turns ADD COLUMN stages jsonb;
