-- Seals (签封) by what was signed: whoever holds a printed form and so the digest asks whether it is known here.
-- Times are milliseconds since 1970 UTC.

CREATE TABLE seals (
    document_id BYTEA NOT NULL,
    seal_id     TEXT NOT NULL,
    digest      BYTEA NOT NULL,     -- 32 bytes, as the form shows them
    sealed_from BIGINT,           -- what is proven: none where no time of this server stood before it
    sealed_to   BIGINT,
    standing    TEXT NOT NULL,     -- stands, amended, withdrawn, replaced
    PRIMARY KEY (document_id, seal_id, digest)
);
CREATE INDEX seals_digest ON seals (digest);

-- What was stored before is read again by the next server that opens.
UPDATE documents SET evidence_version = 0;

-- The certificates (PEM) by which the time stamp of a checkpoint was believed.
ALTER TABLE checkpoints ADD COLUMN stamp_roots TEXT;
