-- What a change of a key replaced: for undo, and for the history. All of these are null for creations, deletions, what
-- concerns an account, and entries of earlier versions.

-- The change that the entry belongs to: one change of many keys has many entries. That of an undo is the change it undid.
-- Null also for what cannot be undone.
ALTER TABLE audit ADD COLUMN change_id TEXT;
-- The machine's clock then. The time to undo a change is short by this one too: the instants of the trail stand still
-- after a clock was set back.
ALTER TABLE audit ADD COLUMN wall_at BIGINT;
-- Null: unchanged.
ALTER TABLE audit ADD COLUMN old_name TEXT;
ALTER TABLE audit ADD COLUMN old_description TEXT;
-- Null: never. With old_set_at, which no before-image lacks.
ALTER TABLE audit ADD COLUMN old_expires_at BIGINT;
ALTER TABLE audit ADD COLUMN old_set_at BIGINT;

CREATE INDEX audit_by_change ON audit (change_id) WHERE change_id IS NOT NULL;
