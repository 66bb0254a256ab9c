-- Which document a change belongs to: a change that waits for one of another document was transplanted. The first change
-- of documents that are there already is noted by the server when it opens.
ALTER TABLE documents ADD COLUMN skeleton BYTEA;
CREATE INDEX documents_skeleton ON documents (skeleton);
CREATE INDEX changes_hash ON changes (hash);
CREATE INDEX changes_waiting_for ON changes (waiting_for);
