-- Alarms of the Dashboard that the owner has put off. Only its banner reads them: mails are sent as ever.
CREATE TABLE snoozes (
    access_key TEXT NOT NULL PRIMARY KEY REFERENCES api_keys (access_key) ON DELETE CASCADE,
    -- The expiration that it is about: with another one, the key has another alarm.
    expires_at BIGINT NOT NULL,
    -- When it was set. If that was before the expiration, it ends there.
    set_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- The callers that failed when it was set. When there are more, it ends.
    failing BIGINT NOT NULL
);

-- When the owner dismissed the first steps from the Dashboard; null until then.
ALTER TABLE accounts ADD COLUMN steps_dismissed_at BIGINT;
