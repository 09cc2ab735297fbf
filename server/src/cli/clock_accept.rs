//! `keyhold clock accept`: the return to the machine's clock, after it ran ahead and was corrected.

use std::fmt::Write;
use std::sync::Arc;

use vault::clock::SystemClock;
use vault::{OpenError, accept_clock};

use crate::config::commands::ClockAccept;

/// Accepts the machine's clock, and reports what that changes.
///
/// # Errors
/// Those of the vault.
pub async fn run(command: &ClockAccept) -> Result<String, OpenError> {
    let clock = Arc::new(SystemClock::default());
    let accepted = accept_clock(&command.database.database_url, clock, command.dry_run).await?;
    let Some(accepted) = accepted else {
        return Ok("nothing was recorded ahead of the machine's clock: nothing to do".to_owned());
    };
    let mut text = String::new();
    if command.dry_run {
        text.push_str("dry run, nothing is changed: ");
    }
    let (now, recorded) = (
        vault::rfc3339(accepted.now),
        vault::rfc3339(accepted.recorded),
    );
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "the next start follows the machine's clock, {now}, instead of the latest record, {recorded}. Keys that expire in \
         between are good again"
    );
    if accepted.expired.is_empty() {
        text.push('.');
    }
    for (index, (name, access_key)) in accepted.expired.iter().enumerate() {
        if index == 0 {
            text.push_str(
                ", except those that were expired manually in that time. They expire now:",
            );
        }
        let _ = write!(text, "\n  {access_key} {name}");
    }
    Ok(text)
}
