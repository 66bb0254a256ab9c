-- The server's keys rotate: each is announced under the signature of an older one before it signs, and one that fell into
-- wrong hands is revoked under the signature of another. The key that signs is the newest whose time has come.
ALTER TABLE server_keys ADD COLUMN number INTEGER NOT NULL DEFAULT 0;   -- grows with every key
ALTER TABLE server_keys ADD COLUMN activates_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE server_keys ADD COLUMN announcement TEXT;   -- JSON: Signed<ServerKeyPayload>; none for the first key
ALTER TABLE server_keys ADD COLUMN revoked_at INTEGER;
ALTER TABLE server_keys ADD COLUMN revocation TEXT;     -- JSON: Signed<KeyRevocationPayload>
UPDATE server_keys SET activates_at = added_at;
