-- The company's own people, as its portal links name them, for the trail and for the makers of keys.
CREATE TABLE people (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- The company's own id of the person.
    external_id TEXT NOT NULL,
    -- As the last link had it.
    label TEXT NOT NULL,
    PRIMARY KEY (account_id, external_id)
);
-- The person who made the key; null: none that a link has named.
ALTER TABLE api_keys ADD COLUMN made_by TEXT;
CREATE INDEX api_keys_by_maker ON api_keys (made_by) WHERE made_by IS NOT NULL;
