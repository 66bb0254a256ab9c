-- What reaches people beside the feed: phones that are woken, the list of enterprises that were not sampled, and what becomes
-- of cases. Times are milliseconds since 1970 UTC; documents are named by 32 bytes; lists are JSON in TEXT.

-- Where a phone is reached by a push provider. The newest registration of a token is the one that holds.
CREATE TABLE push_tokens (
    device_id     TEXT PRIMARY KEY REFERENCES devices (device_id),
    endpoint      TEXT NOT NULL,       -- by the name that the operator gave it
    token         TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    UNIQUE (endpoint, token)
);

-- The wake that a phone is owed, or got last: one a phone, however much waits for it.
CREATE TABLE wakes (
    device_id  TEXT PRIMARY KEY REFERENCES devices (device_id),
    wake_id    TEXT NOT NULL,          -- the same for every attempt
    state      TEXT NOT NULL,          -- waiting, sent, given_up
    version    BIGINT NOT NULL,       -- grows with each cause: one that came while it was sent is not lost
    attempts   BIGINT NOT NULL,
    wanted_at  BIGINT NOT NULL,       -- since when it is owed
    due_at     BIGINT NOT NULL,
    last_error TEXT,
    changed_at BIGINT NOT NULL
);
CREATE INDEX wakes_due ON wakes (due_at) WHERE state = 'waiting';
-- How far the feed was looked through for phones to wake.
INSERT INTO log_counters (name, position) VALUES ('wakes', 0);

-- Sealed records of what was not sampled (未抽到样品), as documents have them.
CREATE TABLE not_sampled (
    document_id    BYTEA NOT NULL,
    not_sampled_id TEXT NOT NULL,
    name           TEXT NOT NULL,      -- 受检单位 as the form has it
    uscc           TEXT,
    address        TEXT NOT NULL,
    licence_no     TEXT NOT NULL,
    reason         TEXT NOT NULL,      -- closed, deregistered, …
    explanation    TEXT NOT NULL,
    stamped        BIGINT NOT NULL,   -- a photo of the local bureau's stamp is named
    evidence       TEXT NOT NULL,      -- ids and hashes, as sealed
    samplers       TEXT NOT NULL,      -- ids of those whose signature holds
    recorded_at    BIGINT NOT NULL,
    PRIMARY KEY (document_id, not_sampled_id)
);
CREATE INDEX not_sampled_recorded_at ON not_sampled (recorded_at);
-- Documents of before this table are told again by the server that opens.
UPDATE documents SET evidence_version = 0 WHERE document_id IN (SELECT document_id FROM visits
    WHERE fact LIKE '%"not_sampled":true%');

-- 产品, as the refusal names it.
ALTER TABLE cases ADD COLUMN product_name TEXT;
-- The earliest moment at which it can have happened: its time runs from then.
ALTER TABLE cases ADD COLUMN happened_from BIGINT;
CREATE INDEX cases_opened_at ON cases (opened_at);

-- What people do with a case: take it (领办), give it back, and for a report its way to the case office. Append-only.
CREATE TABLE case_events (
    case_event_id   TEXT PRIMARY KEY,
    document_id     BYTEA NOT NULL,
    subject_id      TEXT NOT NULL,
    version         BIGINT NOT NULL,  -- 1, 2, …
    act             TEXT NOT NULL,     -- taken, given_back, received, handed_over, disposed
    user_id         TEXT NOT NULL,
    organisation_id TEXT NOT NULL,
    body            TEXT NOT NULL,     -- JSON: reason, receipt number, office, outcome
    at              BIGINT NOT NULL,
    UNIQUE (document_id, subject_id, version)
);
CREATE INDEX case_events_user_id ON case_events (user_id);

-- Where that leads: who has a case, how far a report is, and to which organisation it was handed over.
CREATE TABLE case_progress (
    document_id BYTEA NOT NULL,
    subject_id  TEXT NOT NULL,
    holder      TEXT,
    held_since  BIGINT,
    step        TEXT,                  -- received, handed_over, disposed
    step_at     BIGINT,
    office_id   TEXT,                  -- the case office (案件机构), where it is an organisation here
    version     BIGINT NOT NULL,
    PRIMARY KEY (document_id, subject_id)
);
CREATE INDEX case_progress_holder ON case_progress (holder);
CREATE INDEX case_progress_office ON case_progress (office_id);
