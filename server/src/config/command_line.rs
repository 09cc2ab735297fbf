//! The command line, read together with the environment: an empty value is as if it were not given, and an error
//! names what was set, a flag or a variable.

use std::ffi::{OsStr, OsString};

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, CommandFactory, Error, FromArgMatches};

use super::commands::CommandLine;

impl CommandLine {
    /// Reads the command line of the process. Ends the process with an error, or after help or version.
    pub fn of_process() -> Self {
        Self::read(std::env::args_os().collect()).unwrap_or_else(|error| error.exit())
    }

    /// # Errors
    /// The mistake, with the flag or variable that holds it.
    fn read(given: Vec<OsString>) -> Result<Self, Error> {
        let command = Self::command();
        let command = command.mut_subcommands(without_empty_variables);
        let given = without_empty_values(&command, given);
        command
            .clone()
            .try_get_matches_from(&given)
            .and_then(|mut matches| Self::from_arg_matches_mut(&mut matches))
            .map_err(|error| named_by_variable(error, &command, &given))
    }
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

/// Drops flags with an empty value: `--base-url ""` and `--base-url=`.
fn without_empty_values(command: &Command, given: Vec<OsString>) -> Vec<OsString> {
    let mut kept: Vec<OsString> = Vec::with_capacity(given.len());
    for value in given {
        let flag_before = kept
            .last()
            .and_then(|last| last.to_str()?.strip_prefix("--"));
        let whole = value.to_str().and_then(|text| text.strip_prefix("--"));
        let in_one = whole
            .and_then(|text| text.strip_suffix('='))
            .is_some_and(|flag| takes_value(command, flag));
        if is_empty(&value) && flag_before.is_some_and(|flag| takes_value(command, flag)) {
            kept.pop();
        } else if !in_one {
            kept.push(value);
        }
    }
    kept
}

fn takes_value(command: &Command, flag: &str) -> bool {
    all_args(command).any(|arg| arg.get_long() == Some(flag) && arg.get_action().takes_values())
}

fn all_args(command: &Command) -> Box<dyn Iterator<Item = &Arg> + '_> {
    let below = command.get_subcommands().flat_map(all_args);
    Box::new(command.get_arguments().chain(below))
}

/// Names the variable in an error about a value that no flag gave.
fn named_by_variable(mut error: Error, command: &Command, given: &[OsString]) -> Error {
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
    let variable = all_args(command)
        .find(|arg| arg.get_long() == flag.strip_prefix("--"))
        .and_then(|arg| arg.get_env()?.to_str());
    if let (false, Some(variable)) = (is_given, variable) {
        let variable = ContextValue::String(variable.to_owned());
        error.insert(ContextKind::InvalidArg, variable);
    }
    error
}
