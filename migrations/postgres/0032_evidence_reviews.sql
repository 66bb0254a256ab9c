-- What the authority decides on pieces of evidence (影像审查). Times are milliseconds since 1970 UTC; documents and hashes are
-- 32 bytes.

-- Every decision, for ever.
CREATE TABLE evidence_reviews (
    review_id       TEXT PRIMARY KEY,
    document_id     BYTEA NOT NULL,
    evidence_id     TEXT NOT NULL,
    version         BIGINT NOT NULL,  -- 1, 2, …: the highest stands
    sha256          BYTEA NOT NULL,     -- the bytes that were looked at
    verdict         TEXT NOT NULL,     -- accepted, questioned, rejected
    reason          TEXT NOT NULL,
    user_id         TEXT NOT NULL,
    organisation_id TEXT NOT NULL,
    decided_at      BIGINT NOT NULL,
    UNIQUE (document_id, evidence_id, version)
);

-- The one that stands, for lists; whoever writes the next version compares this one first.
CREATE TABLE evidence_verdicts (
    document_id BYTEA NOT NULL,
    evidence_id TEXT NOT NULL,
    version     BIGINT NOT NULL,
    sha256      BYTEA NOT NULL,
    verdict     TEXT NOT NULL,
    PRIMARY KEY (document_id, evidence_id)
);

-- The highest version that its samplers answered (补正), as the document has it; 0 where none.
ALTER TABLE evidence ADD COLUMN answered BIGINT NOT NULL DEFAULT 0;
