-- Where an account was logged into before, as one hash of account and place: no name and no address is kept. Failed
-- attempts of strangers elsewhere do not keep the owner out there.
CREATE TABLE known_login_places (
    subject_hash BLOB PRIMARY KEY NOT NULL,
    seen_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX known_login_places_seen_at ON known_login_places (seen_at);
