-- Links by which the company's app hands its customers over to their pages, and the sessions that they start. Breaking,
-- because a node of an earlier version would take such a session for one without an end and without limits.

CREATE TABLE portal_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- The operator's token that made it.
    token_id TEXT NOT NULL REFERENCES operator_tokens (id) ON DELETE CASCADE,
    -- HMAC-SHA-256 of the link's code under the pepper.
    digest BYTEA NOT NULL UNIQUE,
    -- The company's own person; null: not named.
    actor_external_id TEXT,
    actor_label TEXT,
    -- Slugs, separated by blanks.
    capabilities TEXT NOT NULL,
    -- Where the link leads to: a path on this server.
    page TEXT NOT NULL,
    -- Where the way back leads to; null: nowhere.
    return_url TEXT,
    created_at BIGINT NOT NULL,
    code_expires_at BIGINT NOT NULL,
    -- The end of the session, whenever it began.
    expires_at BIGINT NOT NULL,
    -- When the link was used; null: not yet.
    redeemed_at BIGINT,
    -- When it was ended before its time.
    ended_at BIGINT
);
CREATE INDEX portal_sessions_by_account ON portal_sessions (account_id);
CREATE INDEX portal_sessions_by_end ON portal_sessions (expires_at);
CREATE INDEX portal_sessions_by_token ON portal_sessions (token_id);

-- Null: a session of an own sign-in.
ALTER TABLE sessions ADD COLUMN portal_id TEXT REFERENCES portal_sessions (id) ON DELETE CASCADE;
CREATE INDEX sessions_by_portal ON sessions (portal_id);
