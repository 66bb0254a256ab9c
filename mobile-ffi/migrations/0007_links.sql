-- What a visit may share with others, written with its snapshot and apart from it: a verdict opens the few visits that bear on
-- it and no other. A visit that has no row here, or one of another version, is read anew.
CREATE TABLE visit_links (
    document_id TEXT PRIMARY KEY NOT NULL,
    version     INTEGER NOT NULL,
    links       TEXT NOT NULL            -- JSON
) STRICT;
