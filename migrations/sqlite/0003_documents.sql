-- The log of changes, the documents that follow from it, what is projected from them, and the feed that goes down again.
-- Times are milliseconds since 1970 UTC; lists and records are JSON in TEXT; hashes are 32 bytes.

-- Positions of the feed come from this row, updated last in its transaction: whoever holds it commits before anybody
-- takes a later position, so that a cursor skips nothing. A sequence would not do.
CREATE TABLE log_counters (
    name     TEXT PRIMARY KEY NOT NULL,
    position INTEGER NOT NULL
) STRICT;
INSERT INTO log_counters (name, position) VALUES ('feed', 0);

-- The last one stands. A restored server begins a new epoch, and phones offer everything again.
CREATE TABLE server_epochs (
    epoch    TEXT PRIMARY KEY NOT NULL,
    number   INTEGER NOT NULL UNIQUE,
    began_at INTEGER NOT NULL
) STRICT;

CREATE TABLE documents (
    document_id    BLOB PRIMARY KEY NOT NULL,  -- SHA-256 of the preimage
    kind           TEXT NOT NULL,              -- visit
    preimage       TEXT NOT NULL,              -- the exact text
    campaign_id    TEXT NOT NULL,
    body_id        TEXT NOT NULL,
    enterprise_key TEXT NOT NULL,              -- as in the preimage, before aliases
    team_id        TEXT,
    snapshot       BLOB NOT NULL,              -- disposable: the log replays
    heads          TEXT NOT NULL,
    version        INTEGER NOT NULL,           -- compared and set by every writer
    created_at     INTEGER NOT NULL,
    changed_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX documents_team_id ON documents (team_id);
CREATE INDEX documents_enterprise_key ON documents (enterprise_key);

-- Whose certified key wrote into a document.
CREATE TABLE document_authors (
    document_id BLOB NOT NULL,
    user_id     TEXT NOT NULL,
    PRIMARY KEY (document_id, user_id)
) STRICT;
CREATE INDEX document_authors_user_id ON document_authors (user_id);

-- Every change that came off the wire, for ever. `hash` is what we computed ourselves: of the chunk, or of the bytes
-- where there was no sound chunk, so that nobody takes another change's place by naming its hash.
CREATE TABLE changes (
    item_id           TEXT PRIMARY KEY NOT NULL,
    document_id       BLOB NOT NULL,
    hash              BLOB NOT NULL,
    claimed_hash      BLOB NOT NULL,     -- as pushed
    bytes             BLOB NOT NULL,
    actor             BLOB,              -- of the header, where it could be read
    seq               INTEGER,
    device_id         TEXT,              -- of the certified author
    user_id           TEXT,
    carrier_device_id TEXT NOT NULL,     -- who brought it first
    received_at       INTEGER NOT NULL,  -- the first time; a replay does not move it
    status            TEXT NOT NULL,     -- accepted, held, quarantined
    reason            TEXT,              -- waiting_for, depends_on_quarantined; unsafe, unauthorised, equivocation
    code              TEXT,
    detail            TEXT,
    waiting_for       BLOB,
    ordinal           INTEGER,           -- place among the accepted ones of the document: causal order
    position          INTEGER,           -- feed row that carried it down
    changed_at        INTEGER NOT NULL,
    admitted_by       TEXT,
    admitted_at       INTEGER,
    UNIQUE (document_id, hash)
) STRICT;
CREATE INDEX changes_number ON changes (document_id, actor, seq);
CREATE INDEX changes_status ON changes (status, document_id);
CREATE INDEX changes_carrier ON changes (carrier_device_id, status);
CREATE INDEX changes_device ON changes (device_id, status);
CREATE INDEX changes_position ON changes (position);

-- Signatures of devices over the tips of their own changes, verified before they are stored.
CREATE TABLE tips (
    document_id BLOB NOT NULL,
    actor       BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    signature   TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (document_id, actor, seq, hash)
) STRICT;

-- What comes down, by position. `audience` says for whom, and is compared when it is read: all, user/…, device/…,
-- organisation/…, team/….
CREATE TABLE feed (
    position    INTEGER PRIMARY KEY NOT NULL,
    audience    TEXT NOT NULL,
    entry       TEXT NOT NULL,   -- changes, grant, revoke, status, ruling, device_revoked, reference
    document_id BLOB,
    subject     TEXT,            -- hash, ruling id, device id, or kind/id of the reference record
    version     INTEGER,
    payload     TEXT,
    appended_at INTEGER NOT NULL
) STRICT;
CREATE INDEX feed_audience ON feed (audience, position);
CREATE INDEX feed_subject ON feed (subject, audience);
CREATE INDEX feed_document_id ON feed (document_id, position);

-- Projected from documents; facts are the rules' own structures as JSON.

CREATE TABLE visits (
    document_id     BLOB PRIMARY KEY NOT NULL,
    campaign_id     TEXT NOT NULL,
    body_id         TEXT NOT NULL,
    team_id         TEXT,
    enterprise      TEXT NOT NULL,   -- key after aliases
    uscc            TEXT,
    enterprise_name TEXT,
    region          TEXT,            -- GB/T 2260
    state           TEXT NOT NULL,   -- planned, entered, sampling, suspended, finished, refused, …
    entered_at      INTEGER,         -- earliest usable instant
    sort_at         INTEGER NOT NULL,-- entered_at, or when the document came: lists are in this order
    samples         INTEGER NOT NULL,
    conflicts       INTEGER NOT NULL,
    fact            TEXT NOT NULL,   -- VisitFact
    changed_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX visits_sort ON visits (sort_at, document_id);
CREATE INDEX visits_body ON visits (body_id, sort_at);
CREATE INDEX visits_campaign ON visits (campaign_id, sort_at);
CREATE INDEX visits_enterprise ON visits (enterprise, sort_at);
CREATE INDEX visits_team ON visits (team_id);

CREATE TABLE entries (
    entry_id    TEXT PRIMARY KEY NOT NULL,
    document_id BLOB NOT NULL,
    entered_at  INTEGER NOT NULL,
    fact        TEXT NOT NULL    -- EntryFact
) STRICT;
CREATE INDEX entries_document_id ON entries (document_id);

-- Prior samplings stand here too, with an empty document.
CREATE TABLE samples (
    sample_id    TEXT NOT NULL,
    document_id  BLOB NOT NULL,
    entry_id     TEXT,
    sheet_no     TEXT,
    task_id      TEXT,
    enterprise   TEXT,
    product_name TEXT,
    sampled_on   TEXT,           -- civil day in Asia/Shanghai
    signed       INTEGER NOT NULL,
    fact         TEXT NOT NULL,  -- SampleFact
    PRIMARY KEY (sample_id, document_id)
) STRICT;
CREATE INDEX samples_document_id ON samples (document_id);
CREATE INDEX samples_task_id ON samples (task_id);
CREATE INDEX samples_sheet_no ON samples (sheet_no);

-- Seal numbers (封条号) by sample, for whoever holds the sealed goods.
CREATE TABLE sample_seals (
    seal_no     TEXT NOT NULL,
    sample_id   TEXT NOT NULL,
    document_id BLOB NOT NULL,
    PRIMARY KEY (seal_no, sample_id, document_id)
) STRICT;
CREATE INDEX sample_seals_document_id ON sample_seals (document_id);

-- Concurrent values of one key, kept because the next put erases them from the document.
CREATE TABLE conflicts (
    document_id BLOB NOT NULL,
    path        TEXT NOT NULL,
    found       TEXT NOT NULL,       -- digest of the values, so that each is kept once
    record      TEXT NOT NULL,
    found_at    INTEGER NOT NULL,
    PRIMARY KEY (document_id, path, found)
) STRICT;

-- Which visits, entries and samples are ruled together.
CREATE TABLE scope_members (
    scope       TEXT NOT NULL,       -- ScopeKey in its text form
    kind        TEXT NOT NULL,       -- visit, entry, sample
    member_id   TEXT NOT NULL,
    document_id BLOB NOT NULL,
    key         TEXT NOT NULL,       -- ScopeKey as JSON
    PRIMARY KEY (scope, kind, member_id, document_id)
) STRICT;
CREATE INDEX scope_members_document_id ON scope_members (document_id);
CREATE INDEX scope_members_member_id ON scope_members (member_id);
