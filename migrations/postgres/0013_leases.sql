-- Leases (门锁): one team goes to one door, and no other team of its body does meanwhile. A row is never erased. A lease
-- stays open until it is given back, or until somebody takes the door anew after its time and a day of grace; the unique
-- index is what makes two open leases on one door impossible. Times are milliseconds since 1970 UTC.

CREATE TABLE leases (
    lease_id       TEXT PRIMARY KEY,
    campaign_id    TEXT NOT NULL REFERENCES campaigns (campaign_id),
    body_id        TEXT NOT NULL REFERENCES organisations (organisation_id),
    enterprise_key TEXT NOT NULL,          -- the key that stood when it was given
    team_id        TEXT NOT NULL REFERENCES teams (team_id),
    device_id      TEXT NOT NULL REFERENCES devices (device_id),
    taken_by       TEXT NOT NULL REFERENCES users (user_id),
    granted_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    signed         TEXT NOT NULL,          -- JSON: the exact payload, key id and signature
    ending         TEXT,                   -- released, lapsed
    ended_at       BIGINT,
    ended_by       TEXT REFERENCES users (user_id)
);
CREATE UNIQUE INDEX leases_one_open ON leases (campaign_id, body_id, enterprise_key) WHERE ended_at IS NULL;
CREATE INDEX leases_door ON leases (enterprise_key, campaign_id, body_id, expires_at);
CREATE INDEX leases_device ON leases (device_id, expires_at);
