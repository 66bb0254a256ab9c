-- 首次设置: hashes of the one-time tokens that stand in the log of a server where there is nobody yet.
CREATE TABLE setup_tokens (
    token_hash BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
