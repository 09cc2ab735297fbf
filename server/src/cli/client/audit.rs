//! `keyhold audit tail`: the audit trail, followed.

use std::io::Write;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;
use vault::clock::{Clock, SystemClock};
use vault::rfc3339;

use super::error::ClientError;
use super::http::account_name;
use super::table::{Column, Table};
use super::{Outcome, Session, screen};
use crate::config::client::Tail;
use crate::log;

/// Between two looks for new entries.
const INTERVAL: Duration = Duration::from_secs(1);

const COLUMNS: &[Column] = &[
    Column::instant("at", "at"),
    Column::id("action", "action"),
    Column::of("actor", actor),
    Column::text("subject", "subject"),
    Column::text("account", "account_id"),
    Column::text("detail", "detail"),
    Column::text("address", "address"),
];

fn actor(entry: &Value) -> String {
    let fields = ["actor_label", "actor_id", "actor_kind"];
    let name = fields.iter().find_map(|field| entry[*field].as_str());
    name.unwrap_or_default().to_owned()
}

/// Prints entries, and unless the command says otherwise each new one, until it is interrupted. Once it has had an answer, it
/// waits for a server that does not answer.
pub async fn tail(command: Tail, to: &mut dyn Write) -> Outcome {
    let since = instant(&command.since, SystemClock::default().now())?;
    let account = command.account.map(|account| account_name(&account));
    let mut session = Session::of(&command.target, to)?;
    let mut table = Table::new(COLUMNS, screen());
    let mut has_answered = false;
    let mut is_away = false;
    let mut after: Option<String> = None;
    loop {
        let query = [
            ("limit", Some("200")),
            ("since", Some(&*since)),
            ("account", account.as_deref()),
            ("actor", command.actor.as_deref()),
            ("action", command.action.as_deref()),
            ("after", after.as_deref()),
        ];
        let page = match session.api.get("/audit", &query).await {
            Ok(page) => page,
            Err(error) if has_answered && !command.no_follow && error.exit_code() == 2 => {
                if !is_away {
                    log::say(&format!("Waiting: {error}"));
                }
                is_away = true;
                sleep(INTERVAL).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let entries = page["data"].as_array().map_or(&[][..], Vec::as_slice);
        let text = if session.json {
            let lines: Vec<_> = entries.iter().map(|entry| format!("{entry}\n")).collect();
            lines.concat()
        } else {
            let rows = table.rows(entries);
            if has_answered {
                rows
            } else {
                table.titles() + &rows
            }
        };
        session.print(&text)?;
        (has_answered, is_away) = (true, false);
        if let Some(id) = entries.last().and_then(|entry| entry["id"].as_i64()) {
            after = Some(id.to_string());
        }
        if page["next"].is_null() {
            if command.no_follow {
                return session.print("");
            }
            sleep(INTERVAL).await;
        }
    }
}

/// Returns the instant that `--since` means, for the API: itself, or so long before `now`, UTC epoch milliseconds.
fn instant(since: &str, now: i64) -> Result<String, ClientError> {
    let second = 1_000;
    let unit = |letter: &str| match letter {
        "s" => Some(second),
        "m" => Some(60 * second),
        "h" => Some(3_600 * second),
        "d" => Some(86_400 * second),
        _ => None,
    };
    let ago = since
        .split_at_checked(since.len().saturating_sub(1))
        .and_then(|(number, letter)| Some((number.parse::<u32>().ok()?, unit(letter)?)));
    let Some((number, unit)) = ago else {
        return Ok(since.to_owned());
    };
    let at = now - i64::from(number) * unit;
    if at < 0 {
        return Err(ClientError::Since(since.to_owned()));
    }
    Ok(rfc3339(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_an_instant_or_a_time_ago() -> Result<(), ClientError> {
        let now = 1_795_435_200_000;
        for (since, expected) in [
            ("90s", "2026-11-23T11:58:30.000Z"),
            ("15m", "2026-11-23T11:45:00.000Z"),
            ("1h", "2026-11-23T11:00:00.000Z"),
            ("7d", "2026-11-16T12:00:00.000Z"),
            ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            ("d", "d"),
            ("-1d", "-1d"),
            ("", ""),
            ("ü", "ü"),
        ] {
            assert_eq!(instant(since, now)?, expected, "{since}");
        }
        assert!(instant("4000000000d", now).is_err());
        Ok(())
    }
}
