-- When it was shown that the account's maker reads mail at its address: by a link opened in a browser on which the
-- owner has signed in, or by a password reset. confirmed_at says only that mail arrives. Until then the maker may be
-- a stranger to the mailbox, and the first password reset expires the keys made before.
ALTER TABLE accounts ADD COLUMN owned_at BIGINT;

-- Earlier confirmations are taken for their owners': otherwise the keys of everybody who forgets a password after the
-- upgrade would expire.
UPDATE accounts SET owned_at = confirmed_at;
