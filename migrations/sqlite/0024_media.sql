-- What the server made of originals (影像): the work that waits, what was found, and which pictures look alike.
-- Times are milliseconds since 1970 UTC; hashes are 32 bytes.

-- One row for each original. Work and its result in one: whoever examines it holds the lease until `due_at`.
CREATE TABLE media (
    sha256      BLOB PRIMARY KEY NOT NULL REFERENCES blobs (sha256),
    state       TEXT NOT NULL,     -- waiting, examined, given_up
    attempts    INTEGER NOT NULL,  -- begun, and not given back for a reason of the store's
    due_at      INTEGER NOT NULL,  -- when it may be taken, or taken over
    lease       TEXT,              -- who examines it
    found       TEXT,              -- JSON: what was found
    phash       INTEGER,           -- fingerprints of a picture that shows something
    dhash       INTEGER,
    examined_at INTEGER
) STRICT;
CREATE INDEX media_waiting ON media (due_at) WHERE state = 'waiting';

-- The dHash in four pieces of sixteen bits: two pictures within six bits of each other have one piece in common but for a
-- single bit.
CREATE TABLE media_bands (
    band   INTEGER NOT NULL,
    piece  INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    PRIMARY KEY (band, piece, sha256)
) STRICT;

-- Nearly the same pictures, each pair from either side.
CREATE TABLE media_matches (
    sha256     BLOB NOT NULL,
    other      BLOB NOT NULL,
    phash_bits INTEGER NOT NULL,
    dhash_bits INTEGER NOT NULL,
    PRIMARY KEY (sha256, other)
) STRICT;

INSERT INTO media (sha256, state, attempts, due_at) SELECT sha256, 'waiting', 0, 0 FROM blobs;
