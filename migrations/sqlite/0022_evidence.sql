-- Evidence (影像证据): what the signed manifests name, which bytes are here, and for which documents they were shown to be.
-- Times are milliseconds since 1970 UTC; hashes are 32 bytes.

-- The version of a document of which `evidence` tells. A server of before this table raises the version alone: what lags
-- is told again by the next server that opens.
ALTER TABLE documents ADD COLUMN evidence_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX documents_evidence_lags ON documents (document_id) WHERE evidence_version <> version;

-- One row for each entry of each manifest (影像清单), as the document has it now.
CREATE TABLE evidence (
    document_id BLOB NOT NULL,
    evidence_id TEXT NOT NULL,
    sha256      BLOB NOT NULL,
    size_bytes  INTEGER NOT NULL,
    media_type  TEXT NOT NULL,     -- as the manifest claims it
    kind        TEXT NOT NULL,     -- place, label, stock, sealing, …
    entry       TEXT NOT NULL,     -- JSON: the manifest's entry, whole
    captured    TEXT NOT NULL,     -- JSON: both intervals
    author      TEXT,              -- whose certified key listed it
    PRIMARY KEY (document_id, evidence_id)
) STRICT;
CREATE INDEX evidence_sha256 ON evidence (sha256);

-- Originals that lie in the object store: each once, whoever showed it.
CREATE TABLE blobs (
    sha256     BLOB PRIMARY KEY NOT NULL,
    size_bytes INTEGER NOT NULL,
    stored_at  INTEGER NOT NULL    -- written, and its hash verified
) STRICT;

-- For which documents somebody brought the bytes themselves: who only names a hash proves nothing, and reads nothing.
CREATE TABLE evidence_proofs (
    document_id BLOB NOT NULL,
    sha256      BLOB NOT NULL REFERENCES blobs (sha256),
    device_id   TEXT NOT NULL,     -- that brought them
    proved_at   INTEGER NOT NULL,
    PRIMARY KEY (document_id, sha256)
) STRICT;
CREATE INDEX evidence_proofs_sha256 ON evidence_proofs (sha256);

-- Receipts that were published: which entries of which manifests phones were told to be safe. They are signed when they are
-- read, by the key that signs then.
CREATE TABLE evidence_receipts (
    document_id BLOB NOT NULL,
    evidence_id TEXT NOT NULL,
    sha256      BLOB NOT NULL,
    PRIMARY KEY (document_id, evidence_id, sha256)
) STRICT;
