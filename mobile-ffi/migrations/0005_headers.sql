-- What names a document, a second time and apart from its snapshot: no damage to one page takes with it what its changes
-- are sent under.
CREATE TABLE document_headers (
    document_id TEXT PRIMARY KEY NOT NULL,
    kind        TEXT NOT NULL,
    preimage    TEXT NOT NULL
) STRICT;
INSERT INTO document_headers (document_id, kind, preimage) SELECT document_id, kind, preimage FROM documents;
