//! `keyhold config check`: the effective settings, and the checks of a start that need no database.

use std::fmt::Write;

use serde::{Serialize, Serializer};
use vault::OpenError;
use vault::mail::transport::Transport;

use crate::config::Config;
use crate::config::commands::ConfigCheck;
use crate::config::effective::{Effective, located};
use crate::config::error::ConfigError;

/// The reasons why a server would not start with these settings.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Files(#[from] OpenError),
}

/// What a server would log about its settings at the start.
#[derive(Debug, Serialize)]
pub struct Checked {
    pub base_url: String,
    /// The destination and the sender of emails.
    #[serde(serialize_with = "as_text")]
    pub emails: Transport,
    pub warnings: Vec<String>,
}

fn as_text<S: Serializer>(transport: &Transport, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(transport)
}

/// The JSON of the report.
#[derive(Serialize)]
struct Report<'a> {
    settings: &'a [Effective],
    #[serde(flatten)]
    checked: Option<&'a Checked>,
    error: Option<String>,
}

/// Returns the settings as a report, and the obstacle to a start.
pub fn run(command: &ConfigCheck, settings: &[Effective]) -> (String, Result<(), CheckError>) {
    let outcome = check(&command.config);
    let text = if command.json {
        let report = Report {
            settings,
            checked: outcome.as_ref().ok(),
            error: outcome
                .as_ref()
                .err()
                .map(|error| located(&error.to_string(), settings)),
        };
        json(&report)
    } else {
        let mut text = table(settings);
        if let Ok(checked) = &outcome {
            text.push_str(&summary(checked));
        }
        text
    };
    (text, outcome.map(drop))
}

/// Checks the settings as a start does, without opening the database or listening.
///
/// # Errors
/// The obstacle.
pub fn check(config: &Config) -> Result<Checked, CheckError> {
    config.resolved_site_root()?;
    config.listeners_apart()?;
    // The address that the listener would take: only port 0 is not known before.
    let bound = config.http.listen;
    let base_url = config.resolved_base_url(bound)?;
    let name = &config.brand.name.name;
    let transport = config.mail.transport(name, &base_url)?;
    config.brand.pages(&config.links)?;
    let files = &config.files;
    vault::check_files(&files.database.database_url, &files.pepper_file)?;
    Ok(Checked {
        warnings: config.warnings(&base_url, bound),
        base_url,
        emails: transport,
    })
}

/// Returns a value as JSON for people and programs.
pub fn json(value: &impl Serialize) -> String {
    // Only a map with keys that are no texts cannot be written.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

fn table(settings: &[Effective]) -> String {
    let rows: Vec<[String; 3]> = settings
        .iter()
        .map(|setting| {
            let value = setting.value.clone().unwrap_or_else(|| "-".to_owned());
            [setting.key.clone(), value, setting.source.to_string()]
        })
        .collect();
    let width = |column: usize, title: &str| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default().max(title.len())
    };
    let (first, second) = (width(0, "setting"), width(1, "value"));
    let mut text = format!("{:first$}  {:second$}  source\n", "setting", "value");
    for [key, value, source] in &rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key:first$}  {value:second$}  {source}");
    }
    text
}

fn summary(checked: &Checked) -> String {
    let mut text = format!(
        "\nReached at {}. Emails go to {}.\n",
        checked.base_url, checked.emails
    );
    for warning in &checked.warnings {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "WARNING: {warning}");
    }
    text
}
