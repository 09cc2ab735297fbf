-- Several processes on one database (PostgreSQL). On SQLite both tables stay as they are here.

-- The change log: what each committed change means for the key directory, in the order of the commits. The newest entry
-- that all nodes have seen is kept, so there is always one.
CREATE TABLE key_changes (
    -- Without gaps: the number is given in the write turn.
    seq BIGINT NOT NULL PRIMARY KEY,
    -- Random: after a failover that lost commits, another entry can have the same number.
    tag TEXT NOT NULL,
    -- The highest instant of this and all earlier entries.
    at BIGINT NOT NULL,
    body TEXT NOT NULL
);

INSERT INTO key_changes (seq, tag, at, body) VALUES (0, '', 0, '[]');

-- One row for each process that may verify.
CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    address TEXT NOT NULL,
    pepper_id TEXT NOT NULL,
    -- The newest entry of the log that is in the node's memory.
    seen BIGINT NOT NULL,
    -- Counts the renewals of the lease. 0: none yet.
    renewals BIGINT NOT NULL,
    lease_ms BIGINT NOT NULL,
    -- By the database's clock, for people: no decision uses it.
    lease_until BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    -- By how much the node's clock is ahead of the database's.
    skew_ms BIGINT NOT NULL
);
