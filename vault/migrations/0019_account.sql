-- What an account shows and settles about itself: its sessions, how it writes dates, and its deletion.

-- From where a session was started: the start of the User-Agent header, and the network address; empty where unknown, and
-- for sessions of earlier versions.
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT '';

-- An account without a password is deleted: its row stays, without address and keys, until the mail that says so has been
-- removed.
CREATE INDEX accounts_deleted ON accounts (id) WHERE password = '';

-- How dates and times are written for the account.
ALTER TABLE accounts ADD COLUMN date_style TEXT NOT NULL DEFAULT 'day_month_year';
ALTER TABLE accounts ADD COLUMN clock_style TEXT NOT NULL DEFAULT 'hours_24';
