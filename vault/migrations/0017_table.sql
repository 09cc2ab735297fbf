-- The table of keys: how an account has laid it out, and its small charts.

-- Rows on a page.
ALTER TABLE accounts ADD COLUMN page_size BIGINT NOT NULL DEFAULT 50;
-- 1: the column "Created" is shown.
ALTER TABLE accounts ADD COLUMN created_column BIGINT NOT NULL DEFAULT 0;

-- Calls per key and day of UTC, summed up from key_hours once the day is over. A chart of a hundred busy keys reads thirty
-- rows a key, and they outlast the hours.
CREATE TABLE key_days (
    access_key TEXT NOT NULL REFERENCES api_keys (access_key) ON DELETE CASCADE,
    -- Whole days since the UTC epoch.
    day BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (access_key, day)
);

CREATE INDEX key_days_by_day ON key_days (day);

-- One row: how far key_hours have been summed up.
CREATE TABLE day_sums (
    id BIGINT NOT NULL PRIMARY KEY,
    -- The last day that is in key_days for all keys.
    day BIGINT NOT NULL,
    -- Of the day after it, the keys up to this one are in.
    up_to TEXT NOT NULL
);

INSERT INTO day_sums (id, day, up_to) VALUES (1, 0, '');

-- With the access key, which makes the order of the table total, so that a late page of many keys is found in the index
-- alone.
DROP INDEX api_keys_by_creation;
CREATE INDEX api_keys_by_creation ON api_keys (account_id, created_at, access_key);
