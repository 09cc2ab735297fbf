-- The hours of an account stand by themselves, so that a chart of all its keys reads one row an hour, and the hours of
-- a key are changed without an index over their counts being changed too: each second, for each key in use.

-- Calls per account and hour, those of keys that are deleted since among them.
CREATE TABLE account_hours (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- Whole hours since the UTC epoch.
    hour BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (account_id, hour)
);

INSERT INTO account_hours (account_id, hour, accepted, refused)
SELECT account_id, hour, CAST(SUM(accepted) AS BIGINT), CAST(SUM(refused) AS BIGINT)
FROM usage_hours GROUP BY account_id, hour;

CREATE INDEX account_hours_by_hour ON account_hours (hour);

-- The same per key; they go with it.
CREATE TABLE key_hours (
    access_key TEXT NOT NULL REFERENCES api_keys (access_key) ON DELETE CASCADE,
    hour BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (access_key, hour)
);

INSERT INTO key_hours (access_key, hour, accepted, refused)
SELECT access_key, hour, accepted, refused
FROM usage_hours WHERE access_key IN (SELECT access_key FROM api_keys);

CREATE INDEX key_hours_by_hour ON key_hours (hour);

DROP TABLE usage_hours;
