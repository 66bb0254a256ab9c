-- The facts that scopes were ruled from, by their hash: what a ruling names can be read again and ruled again elsewhere.
-- Facts that no ruling names and that do not stand any more are dropped. Scopes ruled before this table existed have
-- theirs from the next time that they are ruled.
CREATE TABLE ruled_facts (
    facts     BYTEA PRIMARY KEY, -- SHA-256 of the text
    scope     TEXT NOT NULL,
    text      TEXT NOT NULL,             -- canonical JSON, exactly as hashed
    findings  TEXT NOT NULL,             -- what the engine said last of these facts, exactly
    rulebooks TEXT NOT NULL,             -- versions in force then, as JSON
    ruled_at  BIGINT NOT NULL
);
CREATE INDEX ruled_facts_scope ON ruled_facts (scope);
CREATE INDEX rulings_facts ON rulings (facts);
