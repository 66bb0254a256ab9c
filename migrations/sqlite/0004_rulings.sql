-- What is to be ruled, what was ruled, and what persons decided. Times are milliseconds since 1970 UTC.

-- Put by whoever changes a fact, in the transaction that changes it; taken by whoever rules.
CREATE TABLE dirty_scopes (
    scope     TEXT PRIMARY KEY NOT NULL,
    key       TEXT NOT NULL,          -- ScopeKey as JSON
    stratum   INTEGER NOT NULL,
    mark      INTEGER NOT NULL,       -- grows with each marking: one that came while it was ruled is not lost
    marked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dirty_scopes_stratum ON dirty_scopes (stratum, marked_at);

-- The upserted row is the lock under which a scope is ruled.
CREATE TABLE scopes (
    scope    TEXT PRIMARY KEY NOT NULL,
    key      TEXT NOT NULL,
    ruled    INTEGER NOT NULL,        -- how often
    facts    BLOB,                    -- hash of what was ruled last
    ruled_at INTEGER NOT NULL
) STRICT;

-- Each scope's present word on each subject; merged into one outcome a subject.
CREATE TABLE scope_verdicts (
    scope    TEXT NOT NULL,
    subject  TEXT NOT NULL,
    stratum  INTEGER NOT NULL,
    outcome  TEXT,                    -- Outcome as JSON; none where there are findings alone
    findings TEXT NOT NULL,
    PRIMARY KEY (scope, subject)
) STRICT;
CREATE INDEX scope_verdicts_subject ON scope_verdicts (subject);

-- Every version of the ruling on a subject, for ever.
CREATE TABLE rulings (
    ruling_id   TEXT PRIMARY KEY NOT NULL,
    subject     TEXT NOT NULL,        -- visit/…, entry/…, sample/…
    version     INTEGER NOT NULL,
    scope       TEXT NOT NULL,        -- which one brought this version about
    document_id BLOB NOT NULL,
    outcome     TEXT NOT NULL,        -- standing or validity as one word; none for a visit
    findings    TEXT NOT NULL,
    actor       TEXT NOT NULL,        -- engine, or the user who decided
    rulebook    TEXT NOT NULL,
    facts       BLOB NOT NULL,
    decided_at  INTEGER NOT NULL,
    UNIQUE (subject, version)
) STRICT;
CREATE INDEX rulings_document_id ON rulings (document_id, decided_at);

-- The version that stands, for lists, the laboratory and quotas.
CREATE TABLE subject_outcomes (
    subject     TEXT PRIMARY KEY NOT NULL,
    document_id BLOB NOT NULL,
    kind        TEXT NOT NULL,
    outcome     TEXT NOT NULL,
    door        TEXT,                 -- scope of an entry
    ruling_id   TEXT NOT NULL REFERENCES rulings (ruling_id),
    version     INTEGER NOT NULL,
    findings    INTEGER NOT NULL
) STRICT;
CREATE INDEX subject_outcomes_document_id ON subject_outcomes (document_id);
-- An alarm, never the arbiter: the rulings come from the whole set.
CREATE UNIQUE INDEX subject_outcomes_one_first_a_door ON subject_outcomes (door) WHERE outcome = 'first';

CREATE TABLE decisions (
    decision_id TEXT PRIMARY KEY NOT NULL,
    subject     TEXT NOT NULL,
    document_id BLOB NOT NULL,
    standing    TEXT,
    validity    TEXT,
    user_id     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    disposal    TEXT,                 -- what becomes of the sample: returned, paid_for, kept
    make_up     INTEGER,              -- whether the quota gets a make-up sample
    decided_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX decisions_subject ON decisions (subject, decided_at);
CREATE INDEX decisions_document_id ON decisions (document_id);

-- Quarantined changes that a person let in; append-only.
CREATE TABLE admissions (
    admission_id TEXT PRIMARY KEY NOT NULL,
    document_id  BLOB NOT NULL,
    hash         BLOB NOT NULL,
    user_id      TEXT NOT NULL,
    reason       TEXT NOT NULL,
    admitted_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX admissions_document_id ON admissions (document_id);
