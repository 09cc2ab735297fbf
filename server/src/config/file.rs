//! The configuration file: TOML, with one key for each setting of `keyhold serve`. Its values become the defaults of the
//! command line, so flags and variables win over them. It is checked as a whole, also where something else wins.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command};
use toml::de::{DeTable, DeValue};

use super::error::{FileError, Mistake};
use super::masked::has_password;
use super::settings::{Kind, Setting, settings, shown_refused};

/// How alike an unknown key and a setting are, from 0 to 1, so that the setting is suggested. clap has the same bound.
const ALIKE: f64 = 0.7;

/// A configuration file that was read and checked.
#[derive(Debug)]
pub struct File {
    pub path: PathBuf,
    entries: Vec<Entry>,
}

/// A value of the file.
#[derive(Debug)]
pub struct Entry {
    key: String,
    /// The value as a flag would have it; empty if it counts as absent.
    text: String,
    /// From 1.
    pub line: usize,
}

impl File {
    /// Reads the file at `path`. `command` is the whole command line.
    ///
    /// # Errors
    /// The first mistake, without the value of a setting that may hold a password.
    pub fn read(path: &Path, command: &Command) -> Result<Self, FileError> {
        let mistake = |line, mistake| FileError {
            path: path.to_owned(),
            line,
            mistake,
        };
        let (text, mode) = read(path).map_err(|error| mistake(None, Mistake::Read(error)))?;
        let table = DeTable::parse(&text).map_err(|error| {
            let line = error.span().map(|span| line_of(&text, span.start));
            mistake(line, Mistake::Syntax(error.message().to_owned()))
        })?;
        let mut pairs: Vec<_> = table.get_ref().iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let line = line_of(&text, key.span().start);
            let entry = entry(command, key.get_ref(), value.get_ref(), line, mode);
            entries.push(entry.map_err(|reason| mistake(Some(line), reason))?);
        }
        Ok(Self {
            path: path.to_owned(),
            entries,
        })
    }

    /// Returns the value of a setting, unless it is absent or empty.
    pub fn entry(&self, setting: Setting<'_>) -> Option<&Entry> {
        let key = setting.key();
        let mut entries = self.entries.iter();
        entries.find(|entry| entry.key == key && !entry.text.is_empty())
    }

    /// Makes the values of the file the defaults of all commands that have these settings.
    pub fn apply(&self, command: Command) -> Command {
        let known = command.clone();
        let values: Vec<_> = settings(&known)
            .filter_map(|setting| Some((setting, self.entry(setting)?)))
            .collect();
        with_defaults(command, &values)
    }
}

fn with_defaults(command: Command, values: &[(Setting<'_>, &Entry)]) -> Command {
    command
        .mut_args(|arg| match values.iter().find(|(of, _)| of.is(&arg)) {
            Some((_, entry)) => arg.default_value(entry.text.clone()),
            None => arg,
        })
        .mut_subcommands(|command| with_defaults(command, values))
}

/// Returns the text of a file, and its mode.
fn read(path: &Path) -> std::io::Result<(String, u32)> {
    let mut file = fs::File::open(path)?;
    let mode = file.metadata()?.mode();
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((text, mode & 0o777))
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

fn entry(
    command: &Command,
    key: &str,
    value: &DeValue<'_>,
    line: usize,
    mode: u32,
) -> Result<Entry, Mistake> {
    let setting = settings(command)
        .find(|setting| setting.key() == key)
        .ok_or_else(|| Mistake::Unknown {
            key: key.to_owned(),
            suggestion: suggestion(command, key, value),
        })?;
    let text = text_of(setting.kind(), value).ok_or_else(|| Mistake::Type {
        key: key.to_owned(),
        wanted: wanted(setting.kind()),
    })?;
    let text = text.trim().to_owned();
    if setting.is_url() && mode & 0o007 != 0 && has_password(&text) {
        return Err(Mistake::Exposed {
            key: key.to_owned(),
            mode,
        });
    }
    if setting.kind() != Kind::Switch && !text.is_empty() {
        check(setting, &text).map_err(|reason| Mistake::Value {
            key: key.to_owned(),
            reason,
        })?;
    }
    Ok(Entry {
        key: key.to_owned(),
        text,
        line,
    })
}

/// Returns a value as a flag would have it; none if it has the wrong type. An empty text is one of any type: it counts as
/// absent.
fn text_of(kind: Kind, value: &DeValue<'_>) -> Option<String> {
    match (kind, value) {
        (Kind::Text | Kind::List, DeValue::String(text)) => Some(text.to_string()),
        (_, DeValue::String(text)) if text.trim().is_empty() => Some(String::new()),
        (Kind::Number, DeValue::Integer(number)) => Some(
            i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
        ),
        (Kind::Switch, DeValue::Boolean(value)) => Some(value.to_string()),
        (Kind::List, DeValue::Array(values)) => {
            let texts = values.iter().map(|value| value.get_ref().as_str());
            Some(texts.collect::<Option<Vec<_>>>()?.join(","))
        }
        _ => None,
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "a text in quotes",
        Kind::Number => "a whole number without quotes",
        Kind::Switch => "true or false",
        Kind::List => "a text in quotes, or an array of such texts",
    }
}

/// Returns what is meant by an unknown key.
fn suggestion(command: &Command, key: &str, value: &DeValue<'_>) -> String {
    if value.is_table() {
        return ": the file has no sections, only settings such as listen = \"127.0.0.1:3000\""
            .to_owned();
    }
    let plain = key.to_lowercase().replace('-', "_");
    let plain = plain.strip_prefix("keyhold_").unwrap_or(&plain);
    let alike = settings(command)
        .map(|setting| (strsim::jaro(plain, &setting.key()), setting.key()))
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match alike {
        Some((alike, near)) if alike > ALIKE => format!(": do you mean {near}?"),
        _ => ": `keyhold config check` lists all settings".to_owned(),
    }
}

/// Parses a value as clap would parse that of the flag.
///
/// # Errors
/// What is wrong with it.
fn check(setting: Setting<'_>, text: &str) -> Result<(), String> {
    let alone: Arg = setting.arg().clone().env(Resettable::Reset);
    let given = format!("--{}={text}", setting.long());
    let parsed = Command::new("keyhold")
        .arg(alone)
        .try_get_matches_from(["keyhold", &given]);
    let Err(error) = parsed else {
        return Ok(());
    };
    if let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) {
        return Err(format!("{text:?} is not one of {}", values.join(", ")));
    }
    let shown = shown_refused(setting.arg(), text);
    Err(std::error::Error::source(&error).map_or_else(
        || format!("{shown:?} is not valid"),
        |reason| match reason.to_string() {
            reason if reason.contains(text) => reason,
            reason => format!("{shown:?}: {reason}"),
        },
    ))
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use clap::CommandFactory;
    use tempfile::TempDir;

    use super::*;
    use crate::config::commands::CommandLine;

    /// Returns the values that a file gives, or its mistake.
    fn read_text(text: &str, mode: u32) -> Result<Vec<(String, String)>, Box<dyn Error>> {
        let folder = TempDir::new()?;
        let path = folder.path().join("keyhold.toml");
        fs::write(&path, text)?;
        fs::set_permissions(&path, Permissions::from_mode(mode))?;
        let command = CommandLine::command();
        let read = File::read(&path, &command);
        let file = read.map_err(|error| {
            let sentence = error.to_string();
            sentence.replace(&format!("{}/", folder.path().display()), "")
        })?;
        Ok(settings(&command)
            .filter_map(|setting| Some((setting.key(), file.entry(setting)?.text.clone())))
            .collect())
    }

    fn mistake(text: &str) -> String {
        read_text(text, 0o600).map_or_else(
            |error| error.to_string(),
            |values| format!("accepted: {values:?}"),
        )
    }

    #[test]
    fn values_have_the_types_of_their_settings() -> Result<(), Box<dyn Error>> {
        let values = read_text(
            "# A comment.\n\
             listen = \"127.0.0.1:4000\"\n\
             base_url = \" https://keys.example.com \"\n\
             limit_keys = 1_000\n\
             lease = 0x1e\n\
             notice_wait = \"\"\n\
             docs_url = \" \"\n\
             trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n\
             demo = true\n",
            0o644,
        )?;
        let expected = [
            ("listen", "127.0.0.1:4000"),
            ("base_url", "https://keys.example.com"),
            ("lease", "30"),
            ("limit_keys", "1000"),
            ("trusted_proxies", "10.0.0.0/8,::1"),
            ("demo", "true"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(values, expected);
        Ok(())
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_key() {
        for (text, expected) in [
            (
                "listen = \"127.0.0.1:0\"\n\nlimit_key = 3",
                "keyhold.toml:3: limit_key is not a setting: do you mean limit_keys?",
            ),
            ("base-url = \"\"", "do you mean base_url?"),
            ("KEYHOLD_SMTP_URL = \"\"", "do you mean smtp_url?"),
            ("zzz = 1", "zzz is not a setting: `keyhold config check`"),
            (
                "\n[mail]\nsmtp_url = \"\"",
                "keyhold.toml:2: mail is not a setting: the file has no sections",
            ),
            (
                "listen = 3000",
                "keyhold.toml:1: listen must be a text in quotes",
            ),
            ("notice_wait = \"60\"", "notice_wait must be a whole number"),
            ("lease = 30.5", "lease must be a whole number"),
            ("demo = \"yes\"", "demo must be true or false"),
            ("trusted_proxies = [1]", "trusted_proxies must be a text"),
            (
                "lease = 301",
                "keyhold.toml:1: lease: 301 is not in 5..=300",
            ),
            ("limit_keys = -1", "limit_keys: -1 is not in"),
            (
                "sign_up = \"perhaps\"",
                "sign_up: \"perhaps\" is not one of open, closed",
            ),
            ("listen = \"nowhere\"", "listen: \"nowhere\""),
            (
                "trusted_proxies = \"0.0.0.0/0\"",
                "trusted_proxies: \"0.0.0.0/0\" covers every address",
            ),
            ("lease = 5\nlease = 6", "keyhold.toml:2: duplicate key"),
            ("lease =", "keyhold.toml:1: "),
        ] {
            let mistake = mistake(text);
            assert!(mistake.contains(expected), "{text}: {mistake}");
            assert_eq!(mistake.lines().count(), 1, "{text}: {mistake}");
        }
    }

    #[test]
    fn no_mistake_repeats_a_password() {
        for text in [
            "smtp_url = \"smtp://u:hunter22@h",
            "smtp_url = smtp://u:hunter22@h",
            "smtp_url = [\"smtp://u:hunter22@h\"]",
            "smtp_urls = \"smtp://u:hunter22@h\"",
            "docs_url = \"https://u:hunter22@h\"",
            "terms_url = \"https://u:hunter22@h\"",
            "support_url = \"u:hunter22@h\"",
            "api_url = \"https://h/?hunter22\"",
            "base_url = \"https://h/?hunter22\"",
            "sign_in_url = \"https://h/?hunter22#top\"",
            "return_hosts = \"a.example,https://u:hunter22@h\"",
        ] {
            let mistake = mistake(text);
            assert!(!mistake.contains("accepted"), "{mistake}");
            assert!(!mistake.contains("hunter"), "{text}: {mistake}");
        }
    }

    /// A group may read the file: packages install such files for root and the service's group.
    #[test]
    fn a_password_is_not_for_every_user_of_the_machine() {
        let with = "smtp_url = \"smtp://u:hunter22@mail.example.com\"";
        let without = "smtp_url = \"smtp://mail.example.com\"";
        for (text, mode, is_accepted) in [
            (with, 0o600, true),
            (with, 0o640, true),
            (with, 0o644, false),
            (without, 0o644, true),
            (
                "database_url = \"postgres://u:hunter22@db/k\"",
                0o604,
                false,
            ),
        ] {
            let read = read_text(text, mode);
            assert_eq!(read.is_ok(), is_accepted, "{mode:o} {text}: {read:?}");
            if let Err(error) = read {
                let sentence = error.to_string();
                assert!(sentence.contains("holds a password"), "{sentence}");
                assert!(!sentence.contains("hunter"), "{sentence}");
            }
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let read = File::read(Path::new("nowhere.toml"), &CommandLine::command());
        let sentence = read.map_or_else(|error| error.to_string(), |_| String::new());
        assert!(
            sentence.starts_with("nowhere.toml: the configuration file cannot be read"),
            "{sentence}"
        );
    }
}
