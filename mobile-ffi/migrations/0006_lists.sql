-- What lists ask of many changes is read without their bytes.
CREATE INDEX changes_received ON changes (hash, received_at) WHERE received_at IS NOT NULL;
CREATE INDEX changes_unsent_of ON changes (document_id) WHERE unsent = 1;
