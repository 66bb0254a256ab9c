-- What is given out again after a restore must not meet what was given out before it. An epoch that a restore began is
-- named as such: no cursor of an epoch before it goes on. A block of sheet numbers carries the series of the epoch that
-- gave it, so that blocks of two copies of one database never meet; the first epoch's series has no name.
ALTER TABLE server_epochs ADD COLUMN restored_at INTEGER;
ALTER TABLE sheet_number_blocks ADD COLUMN series TEXT NOT NULL DEFAULT '';
