-- Uploads (上传) of evidence by tus: how far each one is, and where its parts lie. The offset moves by compare-and-set under
-- the claim of the request that writes; a finished upload waits for its hash to be computed, and one whose bytes are not
-- those of the manifest keeps them aside. Times are milliseconds since 1970 UTC.

CREATE TABLE uploads (
    upload_id    TEXT PRIMARY KEY,
    device_id    TEXT NOT NULL REFERENCES devices (device_id),
    user_id      TEXT NOT NULL REFERENCES users (user_id),
    document_id  BYTEA NOT NULL,
    evidence_id  TEXT NOT NULL,
    sha256       BYTEA NOT NULL,        -- as the manifest names it
    size_bytes   BIGINT NOT NULL,
    metadata     TEXT NOT NULL,        -- the header Upload-Metadata, as it came
    state        TEXT NOT NULL,        -- uploading, checking, verified, mismatch, expired, terminated, lost
    offset_bytes BIGINT NOT NULL,
    claim        BYTEA,                 -- of the request that writes
    created_at   BIGINT NOT NULL,
    touched_at   BIGINT NOT NULL,     -- when bytes last came
    expires_at   BIGINT NOT NULL,
    finished_at  BIGINT,              -- when the last byte came
    ended_at     BIGINT,              -- when it left uploading and checking
    found_sha256 BYTEA,                 -- of the bytes, where it is another
    cleaned_at   BIGINT               -- when its parts were deleted
);
-- One that is asked for again before a byte came is the same.
CREATE UNIQUE INDEX uploads_untouched ON uploads (device_id, document_id, evidence_id, sha256)
    WHERE state = 'uploading' AND offset_bytes = 0;
CREATE INDEX uploads_document ON uploads (document_id, evidence_id);
CREATE INDEX uploads_expiring ON uploads (expires_at) WHERE state = 'uploading';
CREATE INDEX uploads_checking ON uploads (finished_at) WHERE state = 'checking';
CREATE INDEX uploads_unclean ON uploads (ended_at) WHERE cleaned_at IS NULL AND ended_at IS NOT NULL;
CREATE INDEX uploads_cleaned ON uploads (cleaned_at);

CREATE TABLE upload_parts (
    upload_id    TEXT NOT NULL REFERENCES uploads (upload_id),
    offset_bytes BIGINT NOT NULL,
    size_bytes   BIGINT NOT NULL,
    object       TEXT NOT NULL,        -- its name in the store of objects
    PRIMARY KEY (upload_id, offset_bytes)
);
