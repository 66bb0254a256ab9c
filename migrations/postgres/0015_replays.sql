-- Requests that arrive twice. A challenge remembers for which request it was taken, and the session that this began; an
-- answer given under an `Idempotency-Key` is kept, sealed under that key, of which only the hash is here.
ALTER TABLE challenges ADD COLUMN taken_for BYTEA;
ALTER TABLE challenges ADD COLUMN session_id TEXT;

CREATE TABLE kept_answers (
    caller      TEXT NOT NULL,     -- the person, or `public`
    key_hash    BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,     -- of operation, path and body
    claimed_at  BIGINT NOT NULL,
    status      BIGINT,           -- none while the request is under way
    answer      BYTEA,
    PRIMARY KEY (caller, key_hash)
);
CREATE INDEX kept_answers_claimed_at ON kept_answers (claimed_at);
