-- The log (存证日志): what stood when, so that nobody can change it unnoticed, this server's operator included.
-- Times are milliseconds since 1970 UTC; hashes are 32 bytes. A chain is named by its visit's document, or by zeros for what
-- belongs to no visit.

CREATE TABLE log_chains (
    chain  BYTEA PRIMARY KEY NOT NULL,
    lines  BIGINT NOT NULL,
    head   BYTEA NOT NULL,              -- hash of the last line
    sealed BIGINT NOT NULL DEFAULT 0  -- lines under the newest checkpoint
);
CREATE INDEX log_chains_moved ON log_chains (chain) WHERE lines > sealed;

CREATE TABLE log_lines (
    chain BYTEA NOT NULL,
    line  BIGINT NOT NULL,            -- 1, 2, …
    kind  TEXT NOT NULL,
    text  TEXT NOT NULL,               -- the whole line, exactly
    hash  BYTEA NOT NULL,               -- of the text and its newline
    PRIMARY KEY (chain, line)
);

-- Heads as checkpoints took them in, in the order of the tree.
CREATE TABLE log_leaves (
    leaf  BIGINT PRIMARY KEY NOT NULL,
    chain BYTEA NOT NULL,
    lines BIGINT NOT NULL,
    head  BYTEA NOT NULL,
    UNIQUE (chain, lines)
);

-- Full nodes of the tree: level * 2^48 + index. Once there, they never change.
CREATE TABLE log_nodes (
    node BIGINT PRIMARY KEY NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE checkpoints (
    number        BIGINT PRIMARY KEY NOT NULL,
    leaves        BIGINT NOT NULL,
    root          BYTEA NOT NULL,
    made_at       BIGINT NOT NULL,
    signed        TEXT NOT NULL,       -- JSON: Signed<CheckpointPayload>
    stamp_state   TEXT NOT NULL,       -- none, waiting, stamped: the time stamp (可信时间戳) of an authority
    stamp_due_at  BIGINT NOT NULL,
    stamp_attempts BIGINT NOT NULL DEFAULT 0,
    stamp         BYTEA,                -- the authority's answer, DER
    stamp_problem TEXT
);
CREATE INDEX checkpoints_stamps ON checkpoints (stamp_due_at) WHERE stamp_state = 'waiting';

-- Bundles (证据包) that were made: what is in each was fixed when it was asked for, so that its bytes are the same again.
CREATE TABLE exports (
    export_id   TEXT PRIMARY KEY NOT NULL,
    document_id BYTEA NOT NULL,
    user_id     TEXT NOT NULL,
    made_at     BIGINT NOT NULL,
    line        BIGINT NOT NULL,      -- which line of the visit's chain tells of it
    sm3         BIGINT NOT NULL,      -- whether it has sums in SM3
    size_bytes  BIGINT NOT NULL,
    plan        TEXT NOT NULL,         -- JSON: what lies where
    files       BYTEA                   -- all but evidence; none once it is too old to be continued
);
CREATE INDEX exports_of_visit ON exports (document_id, user_id, made_at);
CREATE INDEX exports_kept ON exports (made_at) WHERE files IS NOT NULL;

-- Sums of originals beside their SHA-256, computed once.
CREATE TABLE blob_sums (
    sha256 BYTEA PRIMARY KEY NOT NULL REFERENCES blobs (sha256),
    crc32  BIGINT NOT NULL,
    sm3    BYTEA                       -- where somebody asked for it
);
