-- What is written to find out whether the database takes changes again. Its one row is as large as an ordinary change,
-- so that a disk with room for a single page does not count as a good one.
CREATE TABLE write_probe (
    id BIGINT NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);
