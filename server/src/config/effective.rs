//! The effective settings: the value of each one, and where it comes from.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use serde::Serialize;

use super::file::File;
use super::masked::masked;
use super::settings::{Setting, settings};

/// A setting that a command uses.
#[derive(Clone, Debug, Serialize)]
pub struct Effective {
    pub key: String,
    /// With passwords masked; none if the setting is absent and has no fixed default.
    pub value: Option<String>,
    #[serde(flatten)]
    pub source: Source,
    /// The environment variable of the setting, by which sentences name it.
    #[serde(skip)]
    variable: Option<String>,
}

/// Where a value comes from, the strongest first.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum Source {
    Flag { flag: String },
    Environment { variable: String },
    File { file: PathBuf, line: usize },
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag { flag } => f.write_str(flag),
            Self::Environment { variable } => f.write_str(variable),
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Effective {
    /// Returns the settings that the chosen command uses. `command` is the whole command line.
    pub fn of(matches: &ArgMatches, command: &Command, file: Option<&File>) -> Vec<Self> {
        let chosen = chosen(matches);
        settings(command)
            .filter_map(|setting| Self::read(chosen, setting, file))
            .collect()
    }

    fn read(matches: &ArgMatches, setting: Setting<'_>, file: Option<&File>) -> Option<Self> {
        let id = setting.id().as_str();
        // An error means that the command does not have the setting.
        let raw = matches.try_get_raw(id).ok()?;
        let text = raw.and_then(|mut values| Some(values.next()?.to_string_lossy().into_owned()));
        let value = text.filter(|text| !text.trim().is_empty()).map(|text| {
            let shown = if setting.is_url() {
                masked(text.trim())
            } else {
                text
            };
            on_one_line(&shown)
        });
        let entry = file.and_then(|file| Some((&*file.path, file.entry(setting)?.line)));
        let flag = || format!("--{}", setting.long());
        let source = match (matches.value_source(id), entry) {
            (Some(ValueSource::CommandLine), _) => Source::Flag { flag: flag() },
            (Some(ValueSource::EnvVariable), _) => Source::Environment {
                variable: setting.variable().map_or_else(flag, str::to_owned),
            },
            (_, Some((path, line))) => Source::File {
                file: Path::to_owned(path),
                line,
            },
            (_, None) => Source::Default,
        };
        Some(Self {
            key: setting.key(),
            value,
            source,
            variable: setting.variable().map(str::to_owned),
        })
    }
}

/// Returns the matches of the command that was chosen, without the commands above it.
fn chosen(matches: &ArgMatches) -> &ArgMatches {
    let mut chosen = matches;
    while let Some((_, below)) = chosen.subcommand() {
        chosen = below;
    }
    chosen
}

/// Escapes control characters, which a terminal would obey.
fn on_one_line(text: &str) -> String {
    let characters = text.chars().map(|character| {
        if character.is_control() {
            character.escape_default().to_string()
        } else {
            character.to_string()
        }
    });
    characters.collect()
}

/// Adds to a sentence where the settings that it names stand in the configuration file.
pub fn located(sentence: &str, settings: &[Effective]) -> String {
    let places = settings.iter().filter_map(|setting| {
        let variable = setting.variable.as_ref()?;
        let is_named = matches!(setting.source, Source::File { .. }) && sentence.contains(variable);
        is_named.then(|| format!("{} stands at {}", setting.key, setting.source))
    });
    let places: Vec<_> = places.collect();
    if places.is_empty() {
        sentence.to_owned()
    } else {
        format!("{sentence} ({})", places.join(", "))
    }
}
