//! The list of settings, derived from the command line of `keyhold serve`: the configuration file and the list of
//! effective settings have no list of their own.

use std::any::TypeId;
use std::num::NonZeroUsize;

use clap::{Arg, Command, Id};

use vault::return_hosts::ReturnHosts;

use super::Networks;
use super::masked::refused;

/// A setting: a flag of `keyhold serve`, which other commands may share.
#[derive(Clone, Copy)]
pub struct Setting<'a>(&'a Arg);

/// The type of a setting's value in the configuration file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Text,
    Number,
    Switch,
    /// Texts in an array, or in one text with commas.
    List,
}

/// Returns the settings in the order of the help. `command` is the whole command line.
pub fn settings(command: &Command) -> impl Iterator<Item = Setting<'_>> {
    let serve = command.find_subcommand("serve");
    let flags = serve.into_iter().flat_map(Command::get_arguments);
    // clap adds its own --help when it parses.
    flags
        .filter(|arg| arg.get_long().is_some_and(|long| long != "help"))
        .filter(|arg| !arg.is_global_set())
        .map(Setting)
}

impl<'a> Setting<'a> {
    /// Returns the name in the configuration file: that of the flag, with underscores.
    pub fn key(self) -> String {
        self.long().replace('-', "_")
    }

    /// Returns the name of the flag, without the hyphens before it.
    pub fn long(self) -> &'a str {
        self.0.get_long().unwrap_or_default()
    }

    pub fn id(self) -> &'a Id {
        self.0.get_id()
    }

    pub fn arg(self) -> &'a Arg {
        self.0
    }

    /// Returns the environment variable, if the setting has one.
    pub fn variable(self) -> Option<&'a str> {
        self.0.get_env()?.to_str()
    }

    /// Returns whether the value is a URL, which may hold a password by right or by mistake. The help shows no such value.
    pub fn is_url(self) -> bool {
        self.0.is_hide_env_values_set()
    }

    /// Returns whether a flag of another command is this setting too.
    pub fn is(self, arg: &Arg) -> bool {
        arg.get_long() == self.0.get_long() && arg.get_env() == self.0.get_env()
    }

    pub fn kind(self) -> Kind {
        if !self.0.get_action().takes_values() {
            return Kind::Switch;
        }
        let value = self.0.get_value_parser().type_id();
        let numbers = [
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
            TypeId::of::<NonZeroUsize>(),
        ];
        if numbers.iter().any(|number| value == *number) {
            Kind::Number
        } else if value == TypeId::of::<Networks>() || value == TypeId::of::<ReturnHosts>() {
            Kind::List
        } else {
            Kind::Text
        }
    }
}

/// Returns a value as the sentence that refuses it may repeat it. `arg` is a flag of any command.
pub fn shown_refused(arg: &Arg, value: &str) -> String {
    let setting = Setting(arg);
    if setting.is_url() || setting.kind() == Kind::List {
        refused(value)
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::commands::CommandLine;

    #[test]
    fn settings_have_the_names_of_their_flags_and_a_type() {
        let command = CommandLine::command();
        let kind = |key: &str| {
            settings(&command)
                .find(|setting| setting.key() == key)
                .map(Setting::kind)
        };
        for (key, expected) in [
            ("listen", Some(Kind::Text)),
            ("smtp_url", Some(Kind::Text)),
            ("sign_up", Some(Kind::Text)),
            ("notice_wait", Some(Kind::Number)),
            ("limit_keys", Some(Kind::Number)),
            ("connections_per_address", Some(Kind::Number)),
            ("trusted_proxies", Some(Kind::List)),
            ("return_hosts", Some(Kind::List)),
            ("demo", Some(Kind::Switch)),
            ("config", None),
            ("help", None),
        ] {
            assert_eq!(kind(key), expected, "{key}");
        }
    }

    /// A URL of any command may hold a password, if only by mistake.
    #[test]
    fn no_url_from_the_environment_is_in_the_help() {
        fn check(command: &Command) {
            for arg in command
                .get_arguments()
                .filter(|arg| arg.get_env().is_some())
            {
                let is_url = arg.get_long().is_some_and(|long| long.ends_with("url"));
                let said = format!("{} {:?}", command.get_name(), arg.get_env());
                assert_eq!(Setting(arg).is_url(), is_url, "{said}");
            }
            command.get_subcommands().for_each(check);
        }
        check(&CommandLine::command());
    }

    /// A default that is a number shows that the setting is one, so that no type of number is forgotten above.
    #[test]
    fn a_setting_with_a_number_as_its_default_is_a_number() {
        let command = CommandLine::command();
        for setting in settings(&command) {
            let default = setting.arg().get_default_values().first();
            let default = default.and_then(|value| value.to_str()?.parse::<u64>().ok());
            if default.is_some() {
                assert_eq!(setting.kind(), Kind::Number, "{}", setting.key());
            }
        }
    }
}
