-- Accounts that somebody else may have made, and the edition of what is derived from names.

-- When a password reset confirmed the address of this account, which expired the keys made before; null once the
-- owner has read so.
ALTER TABLE accounts ADD COLUMN claimed_at BIGINT;

-- By which edition of the rule api_keys.folded was computed. No row: by the first.
CREATE TABLE foldings (
    id BIGINT NOT NULL PRIMARY KEY,
    edition BIGINT NOT NULL
);
