//! The sample of a configuration file, `deploy/keyhold.toml`.

use clap::CommandFactory;
use serde_json::Value;
use server::config::commands::CommandLine;
use server::config::settings::{Kind, Setting, settings};

use super::file::{FILE, checked, folder, setting};

/// The sample has each setting with its help and its default, as a comment.
#[test]
fn the_sample_has_every_setting() {
    let sample = include_str!("../../../../deploy/keyhold.toml");
    let (head, _) = sample.split_once("\n\n").unwrap();
    let command = CommandLine::command();
    let expected: String = settings(&command).map(described).collect();
    let expected = format!("{head}\n{expected}");
    assert!(
        sample == expected,
        "deploy/keyhold.toml should be:\n{expected}"
    );
}

/// Without the signs of the comments it is a file that is accepted, and that changes nothing.
#[test]
fn the_sample_is_a_configuration_file() {
    let sample = include_str!("../../../../deploy/keyhold.toml");
    let lines = sample.lines().filter_map(|line| line.strip_prefix('#'));
    let settings = lines.filter(|line| !line.starts_with([' ', '#']) && !line.is_empty());
    let folder = folder(&settings.collect::<Vec<_>>().join("\n"));
    let given = checked(folder.path(), &[], &[FILE]);
    let by_default = checked(folder.path(), &[], &[]);
    let values = |report: &Value| -> Vec<Value> {
        let settings = report["settings"].as_array().unwrap();
        settings
            .iter()
            .map(|setting| setting["value"].clone())
            .collect()
    };
    assert_eq!(values(&given), values(&by_default));
    assert_eq!(setting(&given, "lease")["source"], "file");
}

fn described(setting: Setting<'_>) -> String {
    let mut text = "\n".to_owned();
    let mut line = "#".to_owned();
    // clap removes the full stop.
    let help = format!("{}.", setting.arg().get_help().unwrap());
    for word in help.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 120 {
            text.push_str(&line);
            text.push('\n');
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    let default = setting.arg().get_default_values().first();
    let default = default.map_or("", |value| value.to_str().unwrap());
    let value = match (setting.kind(), default) {
        (Kind::Switch, _) => "false".to_owned(),
        (Kind::Number, number) if !number.is_empty() => number.to_owned(),
        (_, default) => format!("\"{default}\""),
    };
    text + &format!("{line}\n#{} = {value}\n", setting.key())
}
