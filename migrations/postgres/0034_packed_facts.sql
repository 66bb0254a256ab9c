-- Facts are kept packed (zstd): eight scopes of a visit tell much the same, and were two thirds of the file. Those of a
-- time before stay as they are in `text`, which is empty where they are packed.
ALTER TABLE ruled_facts ADD COLUMN packed BYTEA;
