-- The log (存证日志): what stood when, so that nobody can change it unnoticed, this server's operator included.
-- Times are milliseconds since 1970 UTC; hashes are 32 bytes. A chain is named by its visit's document, or by zeros for what
-- belongs to no visit.

CREATE TABLE log_chains (
    chain  BLOB PRIMARY KEY NOT NULL,
    lines  INTEGER NOT NULL,
    head   BLOB NOT NULL,              -- hash of the last line
    sealed INTEGER NOT NULL DEFAULT 0  -- lines under the newest checkpoint
) STRICT;
CREATE INDEX log_chains_moved ON log_chains (chain) WHERE lines > sealed;

CREATE TABLE log_lines (
    chain BLOB NOT NULL,
    line  INTEGER NOT NULL,            -- 1, 2, …
    kind  TEXT NOT NULL,
    text  TEXT NOT NULL,               -- the whole line, exactly
    hash  BLOB NOT NULL,               -- of the text and its newline
    PRIMARY KEY (chain, line)
) STRICT;

-- Heads as checkpoints took them in, in the order of the tree.
CREATE TABLE log_leaves (
    leaf  INTEGER PRIMARY KEY NOT NULL,
    chain BLOB NOT NULL,
    lines INTEGER NOT NULL,
    head  BLOB NOT NULL,
    UNIQUE (chain, lines)
) STRICT;

-- Full nodes of the tree: level * 2^48 + index. Once there, they never change.
CREATE TABLE log_nodes (
    node INTEGER PRIMARY KEY NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoints (
    number        INTEGER PRIMARY KEY NOT NULL,
    leaves        INTEGER NOT NULL,
    root          BLOB NOT NULL,
    made_at       INTEGER NOT NULL,
    signed        TEXT NOT NULL,       -- JSON: Signed<CheckpointPayload>
    stamp_state   TEXT NOT NULL,       -- none, waiting, stamped: the time stamp (可信时间戳) of an authority
    stamp_due_at  INTEGER NOT NULL,
    stamp_attempts INTEGER NOT NULL DEFAULT 0,
    stamp         BLOB,                -- the authority's answer, DER
    stamp_problem TEXT
) STRICT;
CREATE INDEX checkpoints_stamps ON checkpoints (stamp_due_at) WHERE stamp_state = 'waiting';

-- Bundles (证据包) that were made: what is in each was fixed when it was asked for, so that its bytes are the same again.
CREATE TABLE exports (
    export_id   TEXT PRIMARY KEY NOT NULL,
    document_id BLOB NOT NULL,
    user_id     TEXT NOT NULL,
    made_at     INTEGER NOT NULL,
    line        INTEGER NOT NULL,      -- which line of the visit's chain tells of it
    sm3         INTEGER NOT NULL,      -- whether it has sums in SM3
    size_bytes  INTEGER NOT NULL,
    plan        TEXT NOT NULL,         -- JSON: what lies where
    files       BLOB                   -- all but evidence; none once it is too old to be continued
) STRICT;
CREATE INDEX exports_of_visit ON exports (document_id, user_id, made_at);
CREATE INDEX exports_kept ON exports (made_at) WHERE files IS NOT NULL;

-- Sums of originals beside their SHA-256, computed once.
CREATE TABLE blob_sums (
    sha256 BLOB PRIMARY KEY NOT NULL REFERENCES blobs (sha256),
    crc32  INTEGER NOT NULL,
    sm3    BLOB                        -- where somebody asked for it
) STRICT;
