-- 监督抽查通知书: what an authority issued, by the number that stands on it. Phones of the body hold it, so that who walks in shows
-- what was issued, and NOTICE judges what was shown.
CREATE TABLE sampling_notices (
    notice_id      TEXT PRIMARY KEY NOT NULL,
    authority_id   TEXT NOT NULL REFERENCES organisations (organisation_id),
    number_key     TEXT NOT NULL,          -- the number as it is compared
    notice_no      TEXT NOT NULL,
    campaign_id    TEXT NOT NULL REFERENCES campaigns (campaign_id),
    body_id        TEXT NOT NULL REFERENCES organisations (organisation_id),
    enterprise_key TEXT NOT NULL,
    tasks          TEXT NOT NULL,          -- JSON: ids
    samplers       TEXT NOT NULL,          -- JSON: ids; empty where it names nobody
    valid_from     TEXT NOT NULL,          -- first day, Asia/Shanghai
    valid_until    TEXT NOT NULL,          -- last day
    issued_by      TEXT NOT NULL REFERENCES users (user_id),
    issued_at      INTEGER NOT NULL,
    UNIQUE (authority_id, number_key)
) STRICT;
CREATE INDEX sampling_notices_campaign ON sampling_notices (campaign_id, body_id);
