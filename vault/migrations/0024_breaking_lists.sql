-- Lists of the management API with few hits, at once. Breaking, because a change is recorded for other nodes with the
-- instant of a key's creation, and with the end of an account.

-- The texts of an account that are searched for, in lower case, one a line, as keys have theirs. Empty: the next start
-- computes it.
ALTER TABLE accounts ADD COLUMN folded TEXT NOT NULL DEFAULT '';

-- The company's own id of the account, where an entry is about the account: the trail of a deleted account is found by it.
ALTER TABLE audit ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
UPDATE audit SET external_id = detail WHERE action = 'account.created';
CREATE INDEX audit_by_external_id ON audit (external_id, account_id) WHERE external_id <> '';

-- The trail by one property each, in its order.
CREATE INDEX audit_by_account ON audit (account_id, id);
CREATE INDEX audit_by_action ON audit (action, id);
-- Most entries are of accounts, so a list of those needs no index to find them.
CREATE INDEX audit_by_kind ON audit (actor_kind, id) WHERE actor_kind <> 'account';
