-- On PostgreSQL several servers sign with one key, so it lies where they all find it. On SQLite it stays in a file of the
-- data folder, and this column is empty. PKCS #8; none where only the public half is known.
ALTER TABLE server_keys ADD COLUMN private_key BLOB;
