-- Notices: who wants which, the ledger of what was announced, and the mails that carry it.

-- Null until somebody has shown to read mail at the account's address. Notices go there either way.
ALTER TABLE accounts ADD COLUMN confirmed_at BIGINT;
-- The chosen stages, by their slugs, comma-separated.
ALTER TABLE accounts ADD COLUMN stages TEXT NOT NULL DEFAULT 'days_30,days_14,days_7,days_3,days_1,expired,day_after';
-- A second address for notices. It gets none until it has confirmed.
ALTER TABLE accounts ADD COLUMN second_recipient TEXT;
ALTER TABLE accounts ADD COLUMN second_confirmed_at BIGINT;
-- Goes into the address of the calendar feed, so that counting it up makes a new address.
ALTER TABLE accounts ADD COLUMN feed_generation BIGINT NOT NULL DEFAULT 0;

-- When the present expiration was set: how early it is announced depends on it.
ALTER TABLE api_keys ADD COLUMN expiration_set_at BIGINT NOT NULL DEFAULT 0;
UPDATE api_keys SET expiration_set_at = COALESCE(
    (SELECT MAX(u.at) FROM audit u
     WHERE u.account_id = api_keys.account_id AND u.subject = api_keys.access_key
       AND (u.action IN ('key.created', 'key.expired', 'key.restored')
            OR (u.action = 'key.edited' AND u.detail LIKE '%expiration%'))),
    created_at);

-- What the sweep reads, across all accounts.
CREATE INDEX api_keys_by_instant ON api_keys (expires_at);

-- One row: what was due before this instant has been written into the ledger.
CREATE TABLE sweeps (
    id BIGINT NOT NULL PRIMARY KEY,
    swept_to BIGINT NOT NULL
);

-- Mails to send, and those that were sent: the delivery log.
CREATE TABLE outbox (
    -- Also the Message-ID, before the @.
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When the first attempt began: five days from there it is given up.
    tried_since BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- When it is to be tried, 0 for at once; while it is leased, when the lease ends. Null once there is an
    -- outcome.
    next_at BIGINT,
    -- When the attempt began that is under way.
    leased_at BIGINT,
    -- 'sent', 'failed' or 'dropped', with the instant; null while it waits.
    outcome TEXT,
    finished_at BIGINT,
    -- What the mail server said last.
    words TEXT NOT NULL DEFAULT ''
);

CREATE INDEX outbox_by_turn ON outbox (next_at);
CREATE INDEX outbox_by_account ON outbox (account_id, created_at);

-- The ledger: that this expiration of this key was announced at this stage to this address, once.
CREATE TABLE notices (
    access_key TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    stage TEXT NOT NULL,
    recipient TEXT NOT NULL,
    mail_id TEXT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    -- As the key was called then; the ledger outlives it.
    name TEXT NOT NULL,
    -- Why the mail does not speak of it: 'superseded' by a more urgent stage, or 'dropped' because the key
    -- was changed or deleted before the mail left. Null: it does.
    left_out TEXT,
    PRIMARY KEY (access_key, expires_at, stage, recipient)
);

CREATE INDEX notices_by_mail ON notices (mail_id);

-- Links in mails. What one does and for whom stands in its mail's row; its token is computed, not stored.
CREATE TABLE links (
    id TEXT NOT NULL PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    -- Used, or made void by a later one.
    used_at BIGINT
);
