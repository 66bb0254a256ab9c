-- What a phone holds. Changes are kept raw for ever; snapshots and columns can be made again from them.
-- Times are milliseconds since 1970 UTC; hashes and identifiers are text as on the wire; bytes are BLOBs.

CREATE TABLE settings (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE documents (
    document_id     TEXT PRIMARY KEY NOT NULL,
    kind            TEXT NOT NULL,
    preimage        TEXT NOT NULL,
    snapshot        BLOB NOT NULL,
    campaign_id     TEXT NOT NULL,
    enterprise_key  TEXT NOT NULL,
    enterprise_name TEXT NOT NULL DEFAULT '',
    entered_at      INTEGER,
    sheets          INTEGER NOT NULL DEFAULT 0,
    sealed          INTEGER NOT NULL DEFAULT 0,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX documents_updated_at ON documents (updated_at);

-- Raw changes in the order in which they were applied here, which is causal; those that are not part of their document
-- are kept with their status.
CREATE TABLE changes (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    hash        TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL,
    actor       TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    bytes       BLOB NOT NULL,
    own         INTEGER NOT NULL,       -- 1: written by this install
    status      TEXT NOT NULL,          -- JSON of the wire's status; 'queued' before the server has spoken
    received_at INTEGER,                -- by the server's clock, from a verified receipt or the feed
    unsent      INTEGER NOT NULL        -- 1: in the outbox
) STRICT;
CREATE INDEX changes_document_id ON changes (document_id, position);
CREATE INDEX changes_unsent ON changes (position) WHERE unsent = 1;

CREATE TABLE tips (
    document_id TEXT NOT NULL,
    actor       TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    hash        TEXT NOT NULL,
    signature   TEXT NOT NULL,
    PRIMARY KEY (document_id, actor, seq, hash)
) STRICT;

CREATE TABLE receipts (
    receipt_hash TEXT PRIMARY KEY NOT NULL,
    document_id  TEXT NOT NULL,
    signed       TEXT NOT NULL
) STRICT;

CREATE TABLE certificates (
    serial     INTEGER PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL,
    device_id  TEXT NOT NULL,
    actor      TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    public_key BLOB NOT NULL,
    payload    TEXT NOT NULL,
    signed     TEXT NOT NULL
) STRICT;
CREATE INDEX certificates_actor ON certificates (actor);

CREATE TABLE revoked_devices (
    device_id  TEXT PRIMARY KEY NOT NULL,
    revoked_at INTEGER NOT NULL
) STRICT;

CREATE TABLE reference_records (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL,
    record  TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT;

CREATE TABLE index_rows (
    row_id        TEXT PRIMARY KEY NOT NULL,
    key_hash      TEXT NOT NULL,
    kind          TEXT NOT NULL,
    sampled_on    TEXT NOT NULL,
    authority_id  TEXT NOT NULL,
    level         TEXT NOT NULL,
    sampling_kind TEXT NOT NULL
) STRICT;
CREATE INDEX index_rows_key_hash ON index_rows (key_hash);

CREATE TABLE rulings (
    subject     TEXT PRIMARY KEY NOT NULL,
    document_id TEXT,
    version     INTEGER NOT NULL,
    notice      TEXT NOT NULL
) STRICT;
CREATE INDEX rulings_document_id ON rulings (document_id);

-- Numbers of sheets (抽样单编号) in the order in which they may be used. A number that was taken is never given again.
CREATE TABLE sheet_numbers (
    block_id TEXT NOT NULL,
    sheet_no TEXT PRIMARY KEY NOT NULL,
    taken_at INTEGER
) STRICT;

CREATE TABLE signers (
    user_id    TEXT PRIMARY KEY NOT NULL,
    public_key BLOB NOT NULL,
    payload    TEXT NOT NULL,          -- the certificate's
    signed     TEXT NOT NULL,
    salt       BLOB NOT NULL,
    nonce      BLOB NOT NULL,
    wrapped    BLOB NOT NULL,          -- the key under the PIN
    failures   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Files that the manifest of a signed change names, by their hash.
CREATE TABLE evidence_files (
    sha256      TEXT PRIMARY KEY NOT NULL,
    document_id TEXT NOT NULL,
    mime        TEXT NOT NULL,
    size_bytes  INTEGER NOT NULL,
    captured_at INTEGER NOT NULL
) STRICT;
