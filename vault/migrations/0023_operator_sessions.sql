-- Browsers in which an operator has signed in with a token, on the operators' page. A session ends with its row, at its end, or
-- with its token.
CREATE TABLE operator_sessions (
    -- SHA-256 of the text in the cookie.
    digest BYTEA NOT NULL PRIMARY KEY,
    token_id TEXT NOT NULL REFERENCES operator_tokens (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX operator_sessions_by_token ON operator_sessions (token_id);
CREATE INDEX operator_sessions_by_end ON operator_sessions (expires_at);
