-- What is known before anybody travels: campaigns, tasks, teams, enterprises, product rules, rulebooks, samplings made
-- elsewhere; who may not act; and what the laboratory reports. Times are milliseconds since 1970 UTC; lists are JSON in
-- TEXT; quantities are thousandths of the unit.

-- The version of every record that travels to phones: grows with each publication.
CREATE TABLE reference_versions (
    kind      TEXT NOT NULL,
    record_id TEXT NOT NULL,
    version   INTEGER NOT NULL,
    PRIMARY KEY (kind, record_id)
) STRICT;

-- The product tasks of one commission: within one, a body enters an enterprise once (一次任务进一次门).
CREATE TABLE campaigns (
    campaign_id  TEXT PRIMARY KEY NOT NULL,
    authority_id TEXT NOT NULL REFERENCES organisations (organisation_id),
    code         TEXT NOT NULL,          -- number of the plan, as JC-2025-01
    name         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (authority_id, code)
) STRICT;

CREATE TABLE teams (
    team_id     TEXT PRIMARY KEY NOT NULL,
    body_id     TEXT NOT NULL REFERENCES organisations (organisation_id),
    campaign_id TEXT NOT NULL REFERENCES campaigns (campaign_id),
    name        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (campaign_id, body_id, name)
) STRICT;

CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (team_id),
    user_id TEXT NOT NULL REFERENCES users (user_id),
    PRIMARY KEY (team_id, user_id)
) STRICT;
CREATE INDEX team_members_user_id ON team_members (user_id);

CREATE TABLE enterprises (
    enterprise_id        TEXT PRIMARY KEY NOT NULL,
    enterprise_key       TEXT NOT NULL UNIQUE,   -- uscc:… where there is a valid one, else server:…
    uscc                 TEXT,                   -- unified social credit code (统一社会信用代码)
    name                 TEXT NOT NULL,
    address              TEXT,
    region               TEXT NOT NULL,          -- GB/T 2260
    legal_representative TEXT,
    sites                TEXT NOT NULL,          -- JSON list: plants under one code
    created_at           INTEGER NOT NULL,
    changed_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX enterprises_region ON enterprises (region);

-- One key stands for another: corrected codes, merged enterprises, those that phones made offline. Undone, never deleted.
CREATE TABLE enterprise_aliases (
    alias_id    TEXT PRIMARY KEY NOT NULL,
    from_key    TEXT NOT NULL,
    to_key      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    created_by  TEXT NOT NULL REFERENCES users (user_id),
    created_at  INTEGER NOT NULL,
    undone_by   TEXT REFERENCES users (user_id),
    undone_at   INTEGER,
    undo_reason TEXT
) STRICT;
CREATE UNIQUE INDEX enterprise_aliases_one_standing ON enterprise_aliases (from_key) WHERE undone_at IS NULL;
CREATE INDEX enterprise_aliases_to_key ON enterprise_aliases (to_key);

CREATE TABLE tasks (
    task_id       TEXT PRIMARY KEY NOT NULL,
    campaign_id   TEXT NOT NULL REFERENCES campaigns (campaign_id),
    code          TEXT NOT NULL,           -- T1, T2, …
    authority_id  TEXT NOT NULL REFERENCES organisations (organisation_id),
    product_name  TEXT NOT NULL,
    product_kind  TEXT NOT NULL,           -- the name, normalised
    sampling_kind TEXT NOT NULL,           -- routine, special, emergency, tracking, linked, evaluative, recheck
    plan_no       TEXT,
    quota_batches INTEGER NOT NULL,
    regions       TEXT NOT NULL,           -- JSON list
    state         TEXT NOT NULL,           -- draft, approved, assigned, accepted, …, cancelled
    body_id       TEXT REFERENCES organisations (organisation_id),
    team_id       TEXT REFERENCES teams (team_id),
    due_on        TEXT,
    approved_at   INTEGER,
    cancelled_at  INTEGER,
    created_at    INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL,
    UNIQUE (campaign_id, code)
) STRICT;
CREATE INDEX tasks_body_id ON tasks (body_id);
CREATE INDEX tasks_team_id ON tasks (team_id);
CREATE INDEX tasks_product_kind ON tasks (product_kind);
CREATE INDEX tasks_authority_id ON tasks (authority_id);

CREATE TABLE task_targets (
    task_id       TEXT NOT NULL REFERENCES tasks (task_id),
    enterprise_id TEXT NOT NULL REFERENCES enterprises (enterprise_id),
    PRIMARY KEY (task_id, enterprise_id)
) STRICT;
CREATE INDEX task_targets_enterprise_id ON task_targets (enterprise_id);

-- Where it is done, as prefixes: '1405' holds 140525.
CREATE TABLE task_regions (
    task_id TEXT NOT NULL REFERENCES tasks (task_id),
    prefix  TEXT NOT NULL,
    PRIMARY KEY (task_id, prefix)
) STRICT;

-- Who had the task when: rules ask about a reassignment or cancellation while a team was offline.
CREATE TABLE task_events (
    task_event_id TEXT PRIMARY KEY NOT NULL,
    task_id       TEXT NOT NULL REFERENCES tasks (task_id),
    ordinal       INTEGER NOT NULL,         -- several may come in one millisecond
    at            INTEGER NOT NULL,
    event         TEXT NOT NULL,           -- created, approved, assigned, reassigned, cancelled, …
    body_id       TEXT,                    -- who had it before
    team_id       TEXT,
    user_id       TEXT NOT NULL,
    reason        TEXT
) STRICT;
CREATE INDEX task_events_task_id ON task_events (task_id, ordinal);

-- Detailed rules for one product (实施细则), versioned.
CREATE TABLE product_rules (
    product_rule_id TEXT PRIMARY KEY NOT NULL,
    authority_id    TEXT NOT NULL REFERENCES organisations (organisation_id),
    product_name    TEXT NOT NULL,
    product_kind    TEXT NOT NULL,
    version         INTEGER NOT NULL,
    standards       TEXT NOT NULL,         -- JSON list
    unit            TEXT NOT NULL,
    min_base_milli  INTEGER NOT NULL,
    test_qty_milli  INTEGER NOT NULL,
    spare_qty_milli INTEGER NOT NULL,
    method          TEXT,
    items           TEXT NOT NULL,         -- JSON list
    created_at      INTEGER NOT NULL,
    UNIQUE (authority_id, product_kind, version)
) STRICT;
CREATE INDEX product_rules_product_kind ON product_rules (product_kind);

-- Which rules hold where, with which numbers; an old version stays, for the rulings that name it.
CREATE TABLE rulebooks (
    rulebook_id  TEXT NOT NULL,
    version      INTEGER NOT NULL,
    text         TEXT NOT NULL,            -- TOML
    published_by TEXT NOT NULL REFERENCES users (user_id),
    published_at INTEGER NOT NULL,
    PRIMARY KEY (rulebook_id, version)
) STRICT;

-- Samplings made elsewhere or before, with source and confidence.
CREATE TABLE prior_samplings (
    prior_sampling_id TEXT PRIMARY KEY NOT NULL,
    natural_key       BLOB NOT NULL UNIQUE,  -- SHA-256 of what tells one from another
    source            TEXT NOT NULL,
    confidence        TEXT NOT NULL,         -- confirmed, reported, uncertain
    authority_id      TEXT REFERENCES organisations (organisation_id),
    body_id           TEXT,
    region            TEXT,
    product_name      TEXT,
    product_kind      TEXT,
    sampled_on        TEXT NOT NULL,
    fact              TEXT NOT NULL,         -- SampleFact
    created_at        INTEGER NOT NULL
) STRICT;
CREATE INDEX prior_samplings_authority_id ON prior_samplings (authority_id);
CREATE INDEX prior_samplings_region ON prior_samplings (region);

-- A body that broke the rules is ineligible for a year (暂停承检资格).
CREATE TABLE body_suspensions (
    suspension_id TEXT PRIMARY KEY NOT NULL,
    body_id       TEXT NOT NULL REFERENCES organisations (organisation_id),
    authority_id  TEXT NOT NULL REFERENCES organisations (organisation_id),
    decided_at    INTEGER NOT NULL,
    until_at      INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    decided_by    TEXT NOT NULL REFERENCES users (user_id),
    UNIQUE (body_id, authority_id, decided_at)
) STRICT;

-- Conflicts of interest (回避) declared when a task is assigned.
CREATE TABLE recusals (
    recusal_id     TEXT PRIMARY KEY NOT NULL,
    task_id        TEXT NOT NULL REFERENCES tasks (task_id),
    body_id        TEXT NOT NULL,
    user_id        TEXT,                   -- none when it is the whole body
    enterprise_key TEXT NOT NULL,
    reason         TEXT NOT NULL,
    declared_by    TEXT NOT NULL REFERENCES users (user_id),
    declared_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX recusals_door ON recusals (body_id, enterprise_key);

-- Permissions to walk in again (补样、复入许可).
CREATE TABLE re_entry_grants (
    grant_id       TEXT PRIMARY KEY NOT NULL,
    campaign_id    TEXT NOT NULL REFERENCES campaigns (campaign_id),
    body_id        TEXT NOT NULL REFERENCES organisations (organisation_id),
    enterprise_key TEXT NOT NULL,
    reason         TEXT NOT NULL,
    granted_by     TEXT NOT NULL REFERENCES users (user_id),
    granted_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    signed         TEXT NOT NULL           -- JSON: the exact signed bytes
) STRICT;
CREATE INDEX re_entry_grants_door ON re_entry_grants (campaign_id, body_id);

-- Numbers of sheets (抽样单编号) handed to a device before it goes offline.
CREATE TABLE sheet_number_blocks (
    first_no   INTEGER PRIMARY KEY NOT NULL,
    last_no    INTEGER NOT NULL,
    device_id  TEXT NOT NULL REFERENCES devices (device_id),
    request_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (device_id, request_id)
) STRICT;

-- What the laboratory reported, each report once; a second, different one is kept beside the first.
CREATE TABLE custody_events (
    custody_event_id TEXT PRIMARY KEY NOT NULL,
    sample_id        TEXT NOT NULL,
    act              TEXT NOT NULL,        -- receipt, testing_started, service
    standing         INTEGER NOT NULL,     -- 1: it counts; 0: refused, or in conflict with the one that counts
    body_hash        BLOB NOT NULL,
    body             TEXT NOT NULL,
    at               INTEGER NOT NULL,
    user_id          TEXT NOT NULL REFERENCES users (user_id),
    organisation_id  TEXT NOT NULL REFERENCES organisations (organisation_id),
    rule_id          TEXT,                 -- why it was refused
    ruling_id        TEXT,
    without_sheet    INTEGER NOT NULL      -- 1: no sheet was known when it came (只做不录)
) STRICT;
CREATE INDEX custody_events_sample_id ON custody_events (sample_id, at);
CREATE UNIQUE INDEX custody_events_one_standing ON custody_events (sample_id, act) WHERE standing = 1;

-- The duplicate index for phones: keyed hashes, no names, no results.
CREATE TABLE index_rows (
    row_id        TEXT PRIMARY KEY NOT NULL,
    sample_id     TEXT NOT NULL,
    kind          TEXT NOT NULL,           -- product, year
    key_hash      BLOB NOT NULL,
    sampled_on    TEXT NOT NULL,
    authority_id  TEXT NOT NULL,
    level         TEXT NOT NULL,
    sampling_kind TEXT NOT NULL,
    product_kind  TEXT,
    region        TEXT,
    removed       INTEGER NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX index_rows_sample_id ON index_rows (sample_id);
CREATE INDEX index_rows_product_kind ON index_rows (product_kind);

CREATE TABLE index_keys (
    name TEXT PRIMARY KEY NOT NULL,
    key  BLOB NOT NULL
) STRICT;
