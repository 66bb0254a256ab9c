-- What enforcement confirms (现场确认), the cases that wait for it, and what follows (处置): the tracking list (跟踪抽查名单) and
-- the outbox of the credit publicity system (国家企业信用信息公示系统). Times are milliseconds since 1970 UTC; documents are
-- named by 32 bytes.

-- The number on an officer's certificate (执法证号); certified on their phones.
ALTER TABLE users ADD COLUMN certificate_no TEXT;

-- Documents of the kind confirmation as projected. `fact` is what the rules of the visit take, and none before it is sealed.
CREATE TABLE confirmations (
    document_id     BLOB PRIMARY KEY NOT NULL,
    visit_id        BLOB NOT NULL,     -- the visit's document, which may not be here yet
    confirmation_id TEXT NOT NULL,
    subject_kind    TEXT NOT NULL,     -- refusal, on_site_report
    subject_id      TEXT NOT NULL,
    region          TEXT NOT NULL,     -- GB/T 2260: for which it is written
    outcome         TEXT,              -- as its sealed form says
    confirmed_at    INTEGER,
    faults          TEXT NOT NULL,     -- JSON: codes of what is wrong with it
    fact            TEXT,              -- JSON
    changed_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX confirmations_visit_id ON confirmations (visit_id);
CREATE INDEX confirmations_region ON confirmations (region);

-- Documents that go to enforcement of a region beside the people whom their identity names.
CREATE TABLE shared_documents (
    document_id BLOB PRIMARY KEY NOT NULL,
    region      TEXT NOT NULL
) STRICT;
CREATE INDEX shared_documents_region ON shared_documents (region);

-- One sealed refusal or on-site report of one visit: a case (案件线索) that enforcement has before it.
CREATE TABLE cases (
    document_id     BLOB NOT NULL,     -- the visit
    subject_id      TEXT NOT NULL,
    kind            TEXT NOT NULL,     -- refusal, on_site_report
    detail          TEXT NOT NULL,     -- kind of the refusal, grounds of the report
    campaign_id     TEXT NOT NULL,
    body_id         TEXT NOT NULL,
    enterprise      TEXT NOT NULL,     -- after aliases
    enterprise_name TEXT,
    region          TEXT,
    happened_at     INTEGER,           -- the latest moment at which it can have happened
    latitude_e7     INTEGER,           -- WGS-84: where the team walked in
    longitude_e7    INTEGER,
    accuracy_mm     INTEGER,
    state           TEXT NOT NULL,     -- in the words of its kind
    opened_at       INTEGER NOT NULL,  -- when the server first had it
    changed_at      INTEGER NOT NULL,
    PRIMARY KEY (document_id, subject_id)
) STRICT;
CREATE INDEX cases_region ON cases (region, state);
CREATE INDEX cases_enterprise ON cases (enterprise);

-- What follows from rulings, each once by its name. It is taken back, never deleted.
CREATE TABLE effects (
    effect_key  TEXT PRIMARY KEY NOT NULL,  -- track/refusal/…, publish/refusal/…
    effect_id   TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,              -- track, publish
    document_id BLOB NOT NULL,
    refusal_id  TEXT NOT NULL,
    campaign_id TEXT NOT NULL,
    enterprise  TEXT NOT NULL,              -- after aliases
    region      TEXT,
    record      TEXT NOT NULL,              -- JSON: what is told of it
    holds       INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    began_at    INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX effects_enterprise ON effects (enterprise);
CREATE INDEX effects_document_id ON effects (document_id);

CREATE TABLE effect_versions (
    effect_key TEXT NOT NULL,
    version    INTEGER NOT NULL,
    holds      INTEGER NOT NULL,
    record     TEXT NOT NULL,
    facts      BLOB NOT NULL,               -- hash of what it was ruled from
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (effect_key, version)
) STRICT;

-- What the credit publicity system is told, one message for each version that it must know of, in their order.
CREATE TABLE publicity_messages (
    message_id   TEXT PRIMARY KEY NOT NULL,
    effect_key   TEXT NOT NULL,
    version      INTEGER NOT NULL,
    action       TEXT NOT NULL,             -- enter, correct, withdraw
    record       TEXT NOT NULL,             -- JSON: what is told
    state        TEXT NOT NULL,             -- waiting, delivered, superseded
    receipt      TEXT,                      -- the number under which it stands there
    delivered_by TEXT,                      -- who entered it there
    created_at   INTEGER NOT NULL,
    delivered_at INTEGER,
    UNIQUE (effect_key, version)
) STRICT;
CREATE INDEX publicity_messages_effect_key ON publicity_messages (effect_key);

-- Visits that hold refusals or reports are projected again when the server starts, which makes their cases.
UPDATE documents SET evidence_version = 0 WHERE document_id IN (SELECT document_id FROM visits
    WHERE fact LIKE '%"refusals":{%' OR fact LIKE '%"reports":{%');

-- What enforcement or the authority decides on a refusal: confirmed, not_established, resolved_sampled.
ALTER TABLE decisions ADD COLUMN refusal TEXT;
