-- Settled mails are removed once they are old enough.
CREATE INDEX outbox_by_end ON outbox (finished_at);
