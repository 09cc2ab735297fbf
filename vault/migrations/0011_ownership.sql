-- When it was shown that the account's maker reads mail at its address: by a link opened in a browser on which the
-- owner has signed in, or by a password reset. confirmed_at says only that mail arrives. Until then the maker may be
-- a stranger to the mailbox, and the first password reset expires the keys made before.
ALTER TABLE accounts ADD COLUMN owned_at BIGINT;

-- Of earlier confirmations it is not known how they came about, but for resets of the password.
UPDATE accounts SET owned_at = confirmed_at WHERE EXISTS (
    SELECT 1 FROM audit u
    WHERE u.account_id = accounts.id AND u.subject = '' AND u.action = 'account.password_reset');
