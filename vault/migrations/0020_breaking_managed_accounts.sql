-- The company's side: accounts that it manages, its operators' tokens, and the record of who did what. Breaking, because a
-- node of an earlier version would go on to accept the keys of a suspended account.

-- The company's own id of the account; null for an account made by sign-up. An account without an address of its own has
-- its id as `email`, as a deleted one, and '-' as `password`, which no password matches.
ALTER TABLE accounts ADD COLUMN external_id TEXT;
CREATE UNIQUE INDEX accounts_by_external_id ON accounts (external_id);
ALTER TABLE accounts ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- A JSON object, for the company only.
ALTER TABLE accounts ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
-- Null: not suspended.
ALTER TABLE accounts ADD COLUMN suspended_at BIGINT;
ALTER TABLE accounts ADD COLUMN suspended_reason TEXT NOT NULL DEFAULT '';
-- The orders in which all accounts and all keys are listed.
CREATE INDEX accounts_by_creation ON accounts (created_at, id);
CREATE INDEX api_keys_by_age ON api_keys (created_at, access_key);

-- Where the notices of a managed account go.
CREATE TABLE notice_addresses (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- From 0.
    place BIGINT NOT NULL,
    address TEXT NOT NULL,
    PRIMARY KEY (account_id, place)
);

-- Rows stay when a token is revoked or expires: the trail names them.
CREATE TABLE operator_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- HMAC-SHA-256 of the token under the pepper named beside it.
    digest BYTEA NOT NULL UNIQUE,
    pepper_id TEXT NOT NULL,
    -- Slugs, separated by blanks.
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    last_used_at BIGINT
);

-- Answers to requests with an Idempotency-Key, for 24 hours.
CREATE TABLE idempotency_keys (
    token_id TEXT NOT NULL REFERENCES operator_tokens (id) ON DELETE CASCADE,
    -- Method, path and key.
    request TEXT NOT NULL,
    -- HMAC-SHA-256 of the body under the pepper: the body may hold a credential.
    body BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    status BIGINT NOT NULL,
    -- Without the secret.
    answer TEXT NOT NULL,
    -- The account that the answer is about; with it, the answer goes. Null: none.
    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
    -- What the secret of the answer is derived from, under the pepper; empty for an answer without one.
    nonce BYTEA NOT NULL,
    PRIMARY KEY (token_id, request)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_account ON idempotency_keys (account_id);

-- Who did it: 'account' (its owner), 'token' (an operator's, with its id) or 'system'; and the id of the request.
ALTER TABLE audit ADD COLUMN actor_kind TEXT NOT NULL DEFAULT 'account';
ALTER TABLE audit ADD COLUMN actor_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_by_actor ON audit (actor_id, id) WHERE actor_id <> '';
