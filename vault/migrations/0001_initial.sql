-- One text for SQLite and PostgreSQL: times are BIGINT UTC epoch milliseconds, digests BYTEA, ids TEXT.

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    -- Argon2id, PHC string.
    password TEXT NOT NULL,
    -- IANA name.
    time_zone TEXT NOT NULL,
    warning_days BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    -- SHA-256 of the token in the cookie.
    digest BYTEA NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_account ON sessions (account_id);

CREATE TABLE api_keys (
    access_key TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Name, description and access key in lower case, one a line: what searching and sorting by name read.
    -- The database cannot lower-case beyond ASCII by itself, and the two databases differ.
    folded TEXT NOT NULL,
    -- HMAC-SHA-256 of the secret key under the pepper named beside it.
    digest BYTEA NOT NULL,
    pepper_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- None: never.
    expires_at BIGINT
);

CREATE INDEX api_keys_by_creation ON api_keys (account_id, created_at);
CREATE INDEX api_keys_by_expiration ON api_keys (account_id, expires_at);

-- What was done, by whom and from where. Rows are only ever added; they outlive what they speak of.
CREATE TABLE audit (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    account_id TEXT NOT NULL,
    action TEXT NOT NULL,
    -- An access key, or empty where the account itself is meant.
    subject TEXT NOT NULL,
    -- The fields that an edit changed, or the name of what was deleted. Never a secret.
    detail TEXT NOT NULL,
    -- The expiration that was set, where one was; none also for never.
    expires_at BIGINT,
    -- The caller's network address, or empty where unknown.
    address TEXT NOT NULL
);

CREATE INDEX audit_by_subject ON audit (account_id, subject, id);
