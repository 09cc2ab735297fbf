-- The latest commit of each process (PostgreSQL): after a connection has ended before the answer to a COMMIT, this shows
-- whether the commit was made. On SQLite the table stays empty.
CREATE TABLE commits (
    -- Random, for one process.
    writer TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    -- By the database's clock, for removal.
    at BIGINT NOT NULL
);
