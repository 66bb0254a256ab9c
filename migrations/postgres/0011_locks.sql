-- Rows that are locks on PostgreSQL, where writers run side by side: whoever upserts a row holds it until the transaction
-- ends. SQLite has one writer and never fills this table; it stands here so that both have the same tables.
CREATE TABLE locks (
    name  TEXT PRIMARY KEY,
    taken BIGINT NOT NULL           -- how often
);
