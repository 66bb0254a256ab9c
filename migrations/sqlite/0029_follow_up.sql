-- What follows: to whom details of tasks went before anybody walked in (不得提前通知), and how far messages to the credit publicity
-- system (国家企业信用信息公示系统) are on their way. Times are milliseconds since 1970 UTC.

-- Details of a task that left the house: the first export by each person, and what somebody found an enterprise to have been
-- told. Every single export is on the audit trail.
CREATE TABLE task_disclosures (
    disclosure_id  TEXT PRIMARY KEY NOT NULL,
    task_id        TEXT NOT NULL REFERENCES tasks (task_id),
    how            TEXT NOT NULL,       -- export, told
    enterprise_key TEXT,                -- whom it reached, as it was called then; none where nobody knows
    user_id        TEXT,                -- who gave it out, where that is known
    at             INTEGER NOT NULL,
    detail         TEXT NOT NULL,       -- in the words of whoever noted it
    noted_by       TEXT NOT NULL REFERENCES users (user_id),
    noted_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX task_disclosures_exports ON task_disclosures (task_id, user_id) WHERE how = 'export';
CREATE INDEX task_disclosures_task_id ON task_disclosures (task_id, at);

-- Delivery over HTTP: tried again until it is taken, or entered by hand, or overtaken.
ALTER TABLE publicity_messages ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE publicity_messages ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE publicity_messages ADD COLUMN last_error TEXT;
CREATE INDEX publicity_messages_due ON publicity_messages (due_at) WHERE state = 'waiting';
