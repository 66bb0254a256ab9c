-- Work that takes longer than a request, so that whoever asked for it may leave. Times are milliseconds since 1970 UTC.

-- Files of records that are imported in the background (导入): tried whole first and then written, chunk by chunk. How far
-- one got is noted in the transaction of its chunk, so that a server that dies leaves nothing to be guessed.
CREATE TABLE imports (
    import_id      TEXT PRIMARY KEY NOT NULL,
    kind           TEXT NOT NULL,               -- enterprises, campaigns, tasks, product-rules, prior-samplings
    act            TEXT NOT NULL,               -- try, write, skip
    user_id        TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    made_at        INTEGER NOT NULL,
    state          TEXT NOT NULL,               -- waiting, trying, writing, done, failed
    rows_all       INTEGER NOT NULL DEFAULT 0,  -- of the step under way
    rows_done      INTEGER NOT NULL DEFAULT 0,
    chunks_written INTEGER NOT NULL DEFAULT 0,
    created        INTEGER NOT NULL DEFAULT 0,
    updated        INTEGER NOT NULL DEFAULT 0,
    unchanged      INTEGER NOT NULL DEFAULT 0,
    written        INTEGER NOT NULL DEFAULT 0,  -- whether its good rows were kept
    problem        TEXT,                        -- the code of why it failed
    detail         TEXT,                        -- and what else is to be said of it
    attempts       INTEGER NOT NULL DEFAULT 0,  -- since it last got on
    lease          TEXT,                        -- which attempt has it
    leased_until   INTEGER NOT NULL DEFAULT 0,
    steps          INTEGER NOT NULL DEFAULT 0,  -- grows with whatever is told of it
    ended_at       INTEGER,
    bad            TEXT NOT NULL DEFAULT '[]',  -- JSON: the rows that cannot be taken
    file           BLOB NOT NULL
) STRICT;
CREATE INDEX imports_of_user ON imports (user_id, made_at);
CREATE INDEX imports_open ON imports (made_at, import_id) WHERE ended_at IS NULL;
CREATE INDEX imports_ended ON imports (ended_at) WHERE ended_at IS NOT NULL;

-- What somebody at the console changed that many scopes are ruled anew for (重新认定), and how many had been marked by then.
CREATE TABLE rerulings (
    reruling_id TEXT PRIMARY KEY NOT NULL,
    user_id     TEXT NOT NULL,
    subject     TEXT NOT NULL,     -- enterprise:… or rulebook:…
    scopes      INTEGER NOT NULL,  -- that waited when it was written
    made_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX rerulings_of_user ON rerulings (user_id, made_at);
CREATE INDEX rerulings_made ON rerulings (made_at);

-- Of all pieces of evidence few are questioned or rejected: their visits are found by this.
CREATE INDEX evidence_verdicts_decided ON evidence_verdicts (verdict, document_id);
