-- One row at most: the prefix of new keys, once it is another than Keyhold's own. It never changes, and there is no key with
-- any third one.
CREATE TABLE key_prefix (
    id BIGINT NOT NULL PRIMARY KEY,
    prefix TEXT NOT NULL
);

-- An earlier version takes a key with another prefix for a damaged one, so it must not run beside this one.
ALTER TABLE nodes ADD COLUMN key_prefix TEXT NOT NULL DEFAULT 'kh';
