-- Where the feed stood when an epoch began. Every start begins one; a cursor beyond the end of its epoch was given by a
-- database of which this one is an older copy.
ALTER TABLE server_epochs ADD COLUMN began_position BIGINT NOT NULL DEFAULT 0;
