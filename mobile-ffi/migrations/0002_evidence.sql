-- Evidence: originals lie as files in the folder beside this database, each once under its hash.

CREATE TABLE media (
    sha256      TEXT PRIMARY KEY NOT NULL,
    size_bytes  INTEGER NOT NULL,
    captured_at INTEGER NOT NULL,
    on_phone    INTEGER NOT NULL,              -- 1: its bytes lie in the folder
    paused      INTEGER NOT NULL DEFAULT 0     -- 1: its owner wants it to wait
) STRICT;

-- Entries of manifests for which this phone has, or had, the bytes.
CREATE TABLE media_entries (
    document_id TEXT NOT NULL,
    evidence_id TEXT NOT NULL,
    sha256      TEXT NOT NULL REFERENCES media (sha256),
    media_type  TEXT NOT NULL,
    captured_at INTEGER NOT NULL,
    change_hash TEXT,                          -- the change that names it; none where it was found again
    upload      TEXT,                          -- where the server takes it
    sent_bytes  INTEGER NOT NULL DEFAULT 0,    -- what the server last said it has
    state       TEXT NOT NULL,                 -- waiting, checking, aside
    code        TEXT,                          -- why it is aside, or what the server last said
    PRIMARY KEY (document_id, evidence_id)
) STRICT;
CREATE INDEX media_entries_sha256 ON media_entries (sha256);

-- What the server signed. One that a restored server may know nothing of stands for nothing until it says so again.
CREATE TABLE evidence_receipts (
    document_id TEXT NOT NULL,
    evidence_id TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    size_bytes  INTEGER NOT NULL,
    verified_at INTEGER NOT NULL,
    signed      TEXT NOT NULL,
    stands      INTEGER NOT NULL,
    PRIMARY KEY (document_id, evidence_id, sha256)
) STRICT;

-- Before this a phone kept hashes alone, which the manifests have.
DROP TABLE evidence_files;
