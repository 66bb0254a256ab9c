-- People see where and when their sessions were used. The address is kept while the session goes on, and no longer.
ALTER TABLE sessions ADD COLUMN last_used_at INTEGER;
ALTER TABLE sessions ADD COLUMN place TEXT;
