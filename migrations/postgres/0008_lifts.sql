-- Suspensions and recusals that were lifted: what was decided stays beside it. A lift is undone when the same is decided
-- again; neither is ever erased. Times are milliseconds since 1970 UTC.

CREATE TABLE lifts (
    lift_id     TEXT PRIMARY KEY,
    subject_id  TEXT NOT NULL,             -- of the suspension or recusal
    from_at     BIGINT,                   -- from when it no longer holds; none: it never did
    reason      TEXT NOT NULL,
    lifted_by   TEXT NOT NULL REFERENCES users (user_id),
    lifted_at   BIGINT NOT NULL,
    undone_by   TEXT REFERENCES users (user_id),
    undone_at   BIGINT,
    undo_reason TEXT
);
CREATE INDEX lifts_subject_id ON lifts (subject_id, lifted_at);
CREATE UNIQUE INDEX lifts_one_standing ON lifts (subject_id) WHERE undone_at IS NULL;
