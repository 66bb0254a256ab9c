-- Who may act: organisations, people, devices, sessions, and the trail of what they did to each other's access.
-- Times are milliseconds since 1970 UTC; lists are JSON in TEXT; identifiers are hyphenated UUIDs in TEXT.

CREATE TABLE organisations (
    organisation_id TEXT PRIMARY KEY NOT NULL,
    kind            TEXT NOT NULL,     -- authority, inspection_body, entrusted_unit, station, consulted
    name            TEXT NOT NULL,
    uscc            TEXT UNIQUE,       -- unified social credit code (统一社会信用代码)
    authority_level TEXT,              -- national, province, city, county; of authorities alone
    region          TEXT NOT NULL,     -- GB/T 2260, six digits
    parent_id       TEXT REFERENCES organisations (organisation_id),
    created_at      BIGINT NOT NULL
);
CREATE INDEX organisations_region ON organisations (region);

CREATE TABLE users (
    user_id         TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisations (organisation_id),
    username        TEXT NOT NULL UNIQUE,   -- lower case
    display_name    TEXT NOT NULL,
    roles           TEXT NOT NULL,          -- JSON list
    password_hash   TEXT NOT NULL,          -- PHC string, Argon2id
    active          BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL
);
CREATE INDEX users_organisation_id ON users (organisation_id);

-- The regions whose rows a person may see, as prefixes: '14' holds '1405', which holds '140525'; '' is the country.
CREATE TABLE user_regions (
    user_id TEXT NOT NULL REFERENCES users (user_id),
    prefix  TEXT NOT NULL,
    PRIMARY KEY (user_id, prefix)
);

CREATE TABLE devices (
    device_id       TEXT PRIMARY KEY NOT NULL,
    user_id         TEXT NOT NULL REFERENCES users (user_id),
    organisation_id TEXT NOT NULL REFERENCES organisations (organisation_id),
    actor           BYTEA NOT NULL UNIQUE,   -- the Automerge actor of the install, 16 bytes
    public_key      BYTEA NOT NULL UNIQUE,   -- P-256, SEC1
    label           TEXT NOT NULL,
    certificate     TEXT NOT NULL,          -- JSON: the exact signed bytes and their signature
    enrolled_at     BIGINT NOT NULL,
    revoked_at      BIGINT,
    revoked_by      TEXT REFERENCES users (user_id),
    revoked_reason  TEXT
);
CREATE INDEX devices_user_id ON devices (user_id);
CREATE INDEX devices_organisation_id ON devices (organisation_id);

-- People beside the owner who sign on a device: the second sampler has a key of their own on the first one's phone.
CREATE TABLE device_signers (
    signer_id   TEXT PRIMARY KEY NOT NULL,
    device_id   TEXT NOT NULL REFERENCES devices (device_id),
    user_id     TEXT NOT NULL REFERENCES users (user_id),
    public_key  BYTEA NOT NULL UNIQUE,
    certificate TEXT NOT NULL,
    enrolled_at BIGINT NOT NULL
);
CREATE INDEX device_signers_device_id ON device_signers (device_id);

CREATE TABLE enrolment_codes (
    code_hash  BYTEA PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (user_id),
    created_by TEXT NOT NULL REFERENCES users (user_id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

CREATE TABLE challenges (
    challenge_hash BYTEA PRIMARY KEY NOT NULL,
    expires_at     BIGINT NOT NULL
);
CREATE INDEX challenges_expires_at ON challenges (expires_at);

-- A session is a family of refresh tokens, each rotated into the next.
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (user_id),
    device_id  TEXT REFERENCES devices (device_id),
    created_at BIGINT NOT NULL,
    ended_at   BIGINT,
    end_reason TEXT
);
CREATE INDEX sessions_user_id ON sessions (user_id);

CREATE TABLE refresh_tokens (
    token_hash BYTEA PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions (session_id),
    generation BIGINT NOT NULL,   -- the first is 1, each rotation one more
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id);

-- Failed attempts by what they were made on (an account, an address), hashed: no name and no address is kept.
CREATE TABLE login_attempts (
    subject_hash BYTEA PRIMARY KEY NOT NULL,
    failures     BIGINT NOT NULL,
    window_at    BIGINT NOT NULL
);
CREATE INDEX login_attempts_window_at ON login_attempts (window_at);

CREATE TABLE audit_events (
    audit_event_id TEXT PRIMARY KEY NOT NULL,
    at             BIGINT NOT NULL,
    act            TEXT NOT NULL,
    user_id        TEXT,
    device_id      TEXT,
    subject        TEXT NOT NULL,      -- what it was done to, as kind:id
    detail         TEXT NOT NULL,      -- JSON
    request_id     TEXT NOT NULL
);
CREATE INDEX audit_events_subject ON audit_events (subject, at);

-- Counters that every replica shares, such as the serial number of certificates.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
