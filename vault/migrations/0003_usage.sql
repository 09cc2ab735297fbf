-- Usage: how often each key is used and by whom, written each second in tables of its own. Nothing here can
-- alter a key.

-- Calls with the right secret, per key and hour: accepted, and refused because the key had expired. They
-- outlive their key, since an account's calls were made whether or not the key still exists.
CREATE TABLE usage_hours (
    access_key TEXT NOT NULL,
    -- Whole hours since the UTC epoch.
    hour BIGINT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    PRIMARY KEY (access_key, hour)
);

-- With the counts, so that a chart of a thousand busy keys is read from the index alone.
CREATE INDEX usage_hours_by_account ON usage_hours (account_id, hour, accepted, refused);
CREATE INDEX usage_hours_by_hour ON usage_hours (hour);

-- When a key was last accepted. The callers below do not tell, once newer ones were all refused.
CREATE TABLE last_uses (
    access_key TEXT NOT NULL PRIMARY KEY REFERENCES api_keys (access_key) ON DELETE CASCADE,
    used_at BIGINT NOT NULL
);

-- From where a key was called, with the right secret: the last five distinct pairs of address and user agent.
CREATE TABLE callers (
    access_key TEXT NOT NULL REFERENCES api_keys (access_key) ON DELETE CASCADE,
    -- Empty where unknown.
    address TEXT NOT NULL,
    -- The start of the User-Agent header; empty where there was none.
    agent TEXT NOT NULL,
    -- The last call, accepted or not.
    seen_at BIGINT NOT NULL,
    -- The last call that was refused because the key had expired; null if there was none.
    refused_at BIGINT,
    PRIMARY KEY (access_key, address, agent)
);
