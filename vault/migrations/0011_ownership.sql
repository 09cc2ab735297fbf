-- When it was shown that the account's maker reads mail at its address: by a link opened in a browser on which the
-- owner has signed in, or by a password reset. confirmed_at says only that mail arrives. Until then the maker may be
-- a stranger to the mailbox, and the first password reset expires the keys made before.
ALTER TABLE accounts ADD COLUMN owned_at BIGINT;

-- Earlier confirmations are taken for their owners': otherwise the keys of everybody who forgets a password after the
-- upgrade would expire. But for those that a reset made without expiring what a stranger may have made before: they have
-- the instant of that reset.
UPDATE accounts SET owned_at = confirmed_at WHERE NOT EXISTS (
    SELECT 1 FROM audit u
    WHERE u.account_id = accounts.id AND u.subject = '' AND u.action = 'account.password_reset'
      AND u.at = accounts.confirmed_at AND u.detail <> 'claimed');
