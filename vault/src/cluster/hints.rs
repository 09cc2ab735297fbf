//! Notifications from the database. They only make a node look sooner: a lost one costs a quarter of a second, because
//! the log and the rows are read that often anyway.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::follower::ANSWER;

/// The silence after which the connection is checked: one that was cut looks like one without notifications.
const SILENCE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(500);

#[derive(Default)]
pub struct Hints {
    /// The log may have a new entry.
    pub changes: Notify,
    /// A node may have seen a change.
    pub seen: Notify,
}

impl Hints {
    /// Receives notifications, without end.
    pub async fn receive(&self, url: &str) {
        loop {
            // The follower reports a database that is away.
            if let Err(error) = self.listen(url).await {
                tracing::debug!("notifications ended: {error}");
            }
            sleep(RETRY).await;
        }
    }

    async fn listen(&self, url: &str) -> sqlx::Result<()> {
        let silent = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
        let connect = async {
            let mut listener = PgListener::connect(url).await?;
            listener
                .listen_all(["keyhold_changes", "keyhold_seen"])
                .await?;
            Ok::<_, sqlx::Error>(listener)
        };
        let mut listener = timeout(ANSWER, connect).await.map_err(silent)??;
        self.changes.notify_one();
        loop {
            match timeout(SILENCE, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => match notification.channel() {
                    "keyhold_seen" => self.seen.notify_one(),
                    _ => self.changes.notify_one(),
                },
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_) => {
                    let check = sqlx::query("SELECT 1").execute(&mut listener);
                    timeout(ANSWER, check).await.map_err(silent)??;
                }
            }
        }
    }
}
