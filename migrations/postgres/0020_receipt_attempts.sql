-- A sample that the laboratory turned away can be delivered again: each delivery is an attempt with a receipt of its own,
-- and the last one stands. Nothing of the earlier ones is overwritten. What a binary before this writes is a first attempt.

ALTER TABLE custody_events ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1;
DROP INDEX custody_events_one_standing;
CREATE UNIQUE INDEX custody_events_one_standing ON custody_events (sample_id, act, attempt) WHERE standing = 1;
