//! Reasons for not using a PostgreSQL server.

/// The reasons why a server is not used, although it answers.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Unreachable(String),
    #[error("PostgreSQL {0} is too old: Keyhold needs 15 or later")]
    Old(String),
    #[error("it only reads, as a standby does. Give the address of the primary")]
    Standby,
    #[error(
        "it is behind a pooler that gives each transaction another session, as PgBouncer's pool_mode = transaction does: \
         Keyhold needs LISTEN, which then does not work. Use pool_mode = session, or connect to the server itself"
    )]
    Pooler,
    #[error("the user {0} may not create tables in it: GRANT CREATE, USAGE ON SCHEMA {1} TO {0}")]
    NoCreation(String, String),
    #[error("the user {0} may not change the table {1}: make it the owner of Keyhold's tables")]
    NoChange(String, String),
    #[error("no schema of its search_path exists")]
    NoSchema,
    #[error(
        "its encoding is {0}, and names need UTF8: createdb --encoding=UTF8 --template=template0"
    )]
    Encoding(String),
}
