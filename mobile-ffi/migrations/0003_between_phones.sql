-- Between two phones that have no network.

-- What this phone showed as a code, by its nonce: a question keeps what an answer is held against.
CREATE TABLE codes_shown (
    nonce    TEXT PRIMARY KEY NOT NULL,
    kind     TEXT NOT NULL,              -- question, answer
    spoken   TEXT NOT NULL,              -- JSON: what was signed, and the signature
    shown_at INTEGER NOT NULL            -- wall clock; after a day nothing answers it any more
) STRICT;

-- Answers that this phone heard, until they are written into a confirmation.
CREATE TABLE answers_heard (
    nonce         TEXT PRIMARY KEY NOT NULL,
    document_id   TEXT NOT NULL,         -- the visit of which it speaks
    subject       TEXT NOT NULL,         -- JSON: what in it
    co_signature  TEXT NOT NULL,         -- JSON: question and answer
    heard_at      INTEGER NOT NULL
) STRICT;

-- Parcels that were opened here, for good: none is opened twice.
CREATE TABLE parcels_opened (
    parcel_id TEXT PRIMARY KEY NOT NULL,
    sender    TEXT NOT NULL,             -- the phone that made it
    answers   TEXT NOT NULL,             -- the nonce that it named
    opened_at INTEGER NOT NULL
) STRICT;
