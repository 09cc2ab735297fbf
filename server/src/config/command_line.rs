//! The command line, read together with the environment and the configuration file: an empty value is as if it were not
//! given, and an error names what was set, a flag or a variable.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgMatches, Command, CommandFactory, Error, FromArgMatches};

use super::commands::CommandLine;
use super::effective::Effective;
use super::error::FileError;
use super::file::File;
use super::settings::{settings, shown_refused};

/// The command line of the process, with the settings of its command.
pub struct Given {
    pub line: CommandLine,
    pub settings: Vec<Effective>,
}

/// The end of a process whose command line names nothing to do.
#[derive(Debug)]
pub enum Ended {
    /// A mistake, or help or version.
    Line(Error),
    File(FileError),
}

impl Ended {
    /// Prints the text or the mistake, and returns the exit code: 1 for a mistake, as for everything that the caller can
    /// correct.
    pub fn report(&self) -> ExitCode {
        match self {
            Self::Line(error) => {
                // A closed output is ignored.
                let _ = error.print();
                ExitCode::from(u8::from(error.use_stderr()))
            }
            Self::File(error) => {
                let _ = writeln!(std::io::stderr(), "error: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

impl Given {
    /// Reads the command line of the process.
    ///
    /// # Errors
    /// The mistake, or the text of help or version.
    pub fn of_process() -> Result<Self, Ended> {
        Self::read(std::env::args_os().collect())
    }

    fn read(given: Vec<OsString>) -> Result<Self, Ended> {
        let defined = CommandLine::command();
        let given = without_empty_values(&defined, given);
        let mut command = without_empty_variables(defined);
        let parse = |command: &Command| {
            command
                .clone()
                .try_get_matches_from(&given)
                .map_err(|error| explained(error, command, &given))
        };
        let mut matches = parse(&command).map_err(Ended::Line)?;
        let path: Option<&std::path::PathBuf> = matches.get_one("config");
        let file = match path {
            Some(path) if uses_settings(&command, &matches) => {
                Some(File::read(path, &command).map_err(Ended::File)?)
            }
            _ => None,
        };
        if let Some(file) = &file {
            command = file.apply(command);
            matches = parse(&command).map_err(Ended::Line)?;
        }
        let settings = Effective::of(&matches, &command, file.as_ref());
        CommandLine::from_arg_matches_mut(&mut matches)
            .map(|line| Self { line, settings })
            .map_err(|error| Ended::Line(explained(error, &command, &given)))
    }
}

/// Returns whether the chosen command shares a setting with `keyhold serve`.
fn uses_settings(command: &Command, matches: &ArgMatches) -> bool {
    let mut chosen = (command, matches);
    while let Some((name, below)) = chosen.1.subcommand() {
        let Some(command) = chosen.0.find_subcommand(name) else {
            return false;
        };
        chosen = (command, below);
    }
    let mut args = chosen.0.get_arguments();
    args.any(|arg| settings(command).any(|setting| setting.is(arg)))
}

/// Ignores variables that are set to nothing, as Compose files do with a variable that should be absent.
fn without_empty_variables(command: Command) -> Command {
    command
        .mut_args(|arg| {
            let empty = value_of(&arg).is_some_and(|value| is_empty(&value));
            if empty {
                arg.env(Resettable::<clap::builder::OsStr>::Reset)
            } else {
                arg
            }
        })
        .mut_subcommands(without_empty_variables)
}

fn value_of(arg: &Arg) -> Option<OsString> {
    std::env::var_os(arg.get_env()?)
}

fn is_empty(value: &OsStr) -> bool {
    value.to_str().is_some_and(|text| text.trim().is_empty())
}

/// Drops settings with an empty value: `--base-url ""` and `--base-url=`. Other flags keep it, also those of another command
/// than `serve` that are spelled like a setting: it may remove something, and a list without the filter that was meant would
/// be another list.
fn without_empty_values(command: &Command, given: Vec<OsString>) -> Vec<OsString> {
    let chosen = chosen(command, &given);
    let takes_value = |flag: &str| {
        // Those of the root are global.
        let mut args = command.get_arguments().chain(chosen.get_arguments());
        args.any(|arg| {
            let is_setting = arg.get_action().takes_values() && arg.get_env().is_some();
            is_setting && arg.get_long() == Some(flag)
        })
    };
    let mut kept: Vec<OsString> = Vec::with_capacity(given.len());
    for value in given {
        let flag_before = kept
            .last()
            .and_then(|last| last.to_str()?.strip_prefix("--"));
        let whole = value.to_str().and_then(|text| text.strip_prefix("--"));
        let in_one = whole
            .and_then(|text| text.strip_suffix('='))
            .is_some_and(takes_value);
        if is_empty(&value) && flag_before.is_some_and(takes_value) {
            kept.pop();
        } else if !in_one {
            kept.push(value);
        }
    }
    kept
}

/// Returns the command that the words name.
fn chosen<'a>(command: &'a Command, given: &[OsString]) -> &'a Command {
    given.iter().fold(command, |command, word| {
        command.find_subcommand(word).unwrap_or(command)
    })
}

fn all_args(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    let below = command.get_subcommands().flat_map(all_args);
    Box::new(command.get_arguments().chain(below))
}

/// Names the variable in an error about a value that no flag gave, and hides what of the value may be a password.
fn explained(mut error: Error, command: &Command, given: &[OsString]) -> Error {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let flag = shown
        .split([' ', '='])
        .next()
        .unwrap_or_default()
        .to_owned();
    let is_given = given
        .iter()
        .filter_map(|value| value.to_str())
        .any(|value| {
            value
                .strip_prefix(&flag)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        });
    let arg = all_args(command).find(|arg| arg.get_long() == flag.strip_prefix("--"));
    if let (Some(arg), Some(ContextValue::String(value))) =
        (arg, error.get(ContextKind::InvalidValue))
    {
        let shown = ContextValue::String(shown_refused(arg, value));
        error.insert(ContextKind::InvalidValue, shown);
    }
    let variable = arg.and_then(|arg| arg.get_env()?.to_str());
    if let (false, Some(variable)) = (is_given, variable) {
        let variable = ContextValue::String(variable.to_owned());
        error.insert(ContextKind::InvalidArg, variable);
    }
    error
}
