-- What is quarantined here, for good: by the server's word, or by this phone's own judgement of what came in a parcel. No
-- parcel and no page of other changes lets it in again; the server does. It outlives the copy of its document.
CREATE TABLE quarantined (
    document_id TEXT NOT NULL,
    hash        TEXT NOT NULL,
    status      TEXT NOT NULL,          -- JSON of the wire's status
    by_server   INTEGER NOT NULL,       -- 1: its word, 0: judged here
    at          INTEGER NOT NULL,       -- wall clock
    PRIMARY KEY (document_id, hash)
) STRICT;

-- Whether the server let a change in. What came in a parcel is asked after here until it has.
ALTER TABLE changes ADD COLUMN vouched INTEGER NOT NULL DEFAULT 1;
UPDATE changes SET vouched = 0 WHERE own = 0 AND received_at IS NULL;
