//! The clock's floor across restarts: the latest of all recorded instants. A decision stands: a key that was expired is
//! not good again because the machine restarted with its clock set back.
//!
//! Every change, every sign-in and every sweep records its instant. A sweep follows within moments when a key expires
//! by itself. Counted calls record none, so a restart forgets a leap of the clock during which nothing was changed or
//! swept. Only the operator can lower the floor (`accept`).

use sqlx::{Any, Executor};

use crate::error::OpenError;
use crate::storage::Database;
use crate::time::clock::Clock;
use crate::time::format::rfc3339;

/// By instant and not by id: entries of earlier versions can be out of order. `+ 0` keeps SQLite from searching by the
/// id, which would read the whole trail.
const RECORDED: &str = "SELECT
        (SELECT u.at FROM audit u WHERE u.id + 0 > c.disbelieved ORDER BY u.at DESC LIMIT 1),
        (SELECT MAX(swept_to) FROM sweeps),
        (SELECT MAX(seen_at) FROM sessions)
    FROM clock c WHERE c.id = 1";

/// Returns the latest of all recorded instants, UTC epoch milliseconds; none in a new database.
pub async fn recorded<'a>(
    database: impl Executor<'a, Database = Any>,
) -> Result<Option<i64>, OpenError> {
    let instants: (Option<i64>, Option<i64>, Option<i64>) =
        sqlx::query_as(RECORDED).fetch_one(database).await?;
    Ok([instants.0, instants.1, instants.2]
        .into_iter()
        .flatten()
        .max())
}

/// Raises the clock to the latest of all recorded instants, and returns that instant. This runs before any decision by
/// the clock.
pub async fn raise(database: &Database, clock: &dyn Clock) -> Result<Option<i64>, OpenError> {
    let recorded = recorded(&database.readers).await?;
    if let Some(latest) = recorded {
        let wall = clock.wall();
        if wall < latest {
            tracing::warn!(
                "the machine's clock says {}, but something was recorded at {}: until then time stands still",
                rfc3339(wall),
                rfc3339(latest)
            );
        }
        clock.raise(latest);
        database.believe(latest);
    }
    Ok(recorded)
}
