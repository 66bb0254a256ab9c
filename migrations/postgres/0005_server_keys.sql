-- Public keys that this server has signed with, so that tokens and certificates stay checkable after a rotation.
CREATE TABLE server_keys (
    key_id     TEXT PRIMARY KEY,            -- first 8 bytes of the key's SHA-256, hex
    public_key BYTEA NOT NULL,              -- 32 bytes, Ed25519
    added_at   BIGINT NOT NULL
);
