-- Logging in at an OpenID Connect provider. No token of a provider is stored, and of our own secrets only hashes.
CREATE TABLE oidc_logins (
    state_hash   BYTEA PRIMARY KEY NOT NULL,
    browser_hash BYTEA NOT NULL,     -- of the secret that the browser holds in a cookie
    expires_at   BIGINT NOT NULL
);
CREATE INDEX oidc_logins_expires_at ON oidc_logins (expires_at);

-- Taken once for tokens, after the provider said who it is.
CREATE TABLE oidc_codes (
    code_hash  BYTEA PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (user_id),
    expires_at BIGINT NOT NULL
);
CREATE INDEX oidc_codes_expires_at ON oidc_codes (expires_at);

-- Who a person is at a provider: bound once, by the first login.
CREATE TABLE oidc_identities (
    issuer   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    user_id  TEXT NOT NULL REFERENCES users (user_id),
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX oidc_identities_user ON oidc_identities (issuer, user_id);
