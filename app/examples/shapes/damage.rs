//! Answers in other spellings, and damaged ones. The reader reads the former as they are meant, and of the latter exactly
//! those that serde_json reads too.

use std::fmt::Debug;

use app::client::json;
use app::client::shape::Shape;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::view::{AccountView, AddressView};

/// The most places at which one text is cut.
const CUTS: usize = 1000;

/// Nesting deeper than recursion could follow.
const DEPTH: usize = 100_000;

/// Returns a line for each spelling of a sample, and for each damage to it, that is read wrongly.
pub fn faults<T: Shape + Serialize + PartialEq + Debug>(sample: &T) -> Vec<String> {
    let Ok(value) = serde_json::to_value(sample) else {
        return vec!["a sample cannot be written".to_owned()];
    };
    let mut faults = Vec::new();
    for text in spellings(&value) {
        let read: Option<T> = json::read(&text);
        if read.as_ref() != Some(sample) {
            faults.push(format!("{text:.300} was read as {read:?}"));
        }
    }
    let text = value.to_string();
    for cut in cuts(&text) {
        if json::read::<T>(cut).is_some() {
            faults.push(format!("{cut} was read although it is cut"));
        }
    }
    for damaged in damaged(&value) {
        let text = damaged.to_string();
        let (read, expected): (Option<T>, _) =
            (json::read(&text), serde_json::from_str(&text).ok());
        if read != expected {
            faults.push(format!(
                "{text} was read as {read:?} instead of {expected:?}"
            ));
        }
    }
    faults
}

/// Returns a line for each text of a string or of a number that is read wrongly.
pub fn text_faults() -> Vec<String> {
    let address = |email: &str| {
        let json = format!(r#"{{"email":{email},"confirmed":true,"pending":null}}"#);
        json::read::<AddressView>(&json).map(|address| address.email)
    };
    let days = |number: &str| {
        let json = format!(
            r#"{{"email":"","name":"","back":null,"owner":"","time_zone":"","warning_days":{number},"today":""}}"#
        );
        json::read::<AccountView>(&json).map(|account| account.warning_days)
    };
    let mut faults = Vec::new();
    for (text, expected) in [
        (r#""""#, Some("")),
        (r#""\"\\\/\b\f\n\r\t""#, Some("\"\\/\u{8}\u{c}\n\r\t")),
        (r#""\u00e9\u20AC""#, Some("\u{e9}\u{20ac}")),
        (r#""\ud83d\udd11""#, Some("\u{1f511}")),
        ("\"\u{1f511}\"", Some("\u{1f511}")),
        // A half of a pair is no character.
        (r#""a\ud83db""#, Some("a\u{fffd}b")),
        (r#""\udd11\ud83d""#, Some("\u{fffd}\u{fffd}")),
        (r#""\u0000""#, Some("\0")),
        (r#""\x41""#, None),
        (r#""\u12""#, None),
        (r#""open"#, None),
        ("'a'", None),
        ("\"a\nb\"", None),
        (r#""a","#, None),
    ] {
        let read = address(text);
        if read.as_deref() != expected {
            faults.push(format!("{text} was read as {read:?}"));
        }
    }
    for (text, expected) in [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("-14", Some(-14)),
        ("1e3", Some(1000)),
        ("0.14E+2", Some(14)),
        ("9007199254740991", Some((1 << 53) - 1)),
        ("-9007199254740991", Some(1 - (1 << 53))),
        ("014", None),
        ("+14", None),
        ("14.", None),
        (".5", None),
        ("0x0e", None),
        ("NaN", None),
        ("Infinity", None),
        ("\"14\"", None),
    ] {
        let read = days(text);
        if read != expected {
            faults.push(format!("{text} was read as {read:?}"));
        }
    }
    let nested = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    if json::read::<AccountView>(&nested).is_some() || days(&nested).is_some() {
        faults.push("nested arrays were read".to_owned());
    }
    faults
}

/// The same object in other spellings.
fn spellings(value: &Value) -> Vec<String> {
    let text = value.to_string();
    let Value::Object(fields) = value else {
        return vec![text];
    };
    let rest = &text[1..];
    let nested = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    let mut spellings = vec![
        format!(" \r\n\t{value:#}\n"),
        escaped(value),
        format!(r#"{{"unknown":{nested},{rest}"#),
        format!(r#"{{"__proto__":{{"name":1}},{rest}"#),
    ];
    // Of two values the last one counts, as everywhere in JavaScript.
    let doubled = fields
        .keys()
        .map(|name| format!(r#"{{"{name}":null,{rest}"#));
    spellings.extend(doubled);
    spellings
}

/// Writes a value with each character of its strings as an escape.
fn escaped(value: &Value) -> String {
    let string = |text: &str| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    };
    match value {
        Value::String(text) => string(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(escaped).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields: Vec<_> = fields
                .map(|(name, value)| format!("{}:{}", string(name), escaped(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        other => other.to_string(),
    }
}

/// The beginnings of a text.
fn cuts(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.char_indices().map(|(end, _)| end);
    ends.step_by(text.len() / CUTS + 1).map(|end| &text[..end])
}

/// A value with one of its parts replaced or missing. Of each array it damages the first item only: the others are alike.
fn damaged(value: &Value) -> Vec<Value> {
    let mut all = vec![
        Value::Null,
        Value::Bool(true),
        Value::from(-1),
        Value::from("x"),
        Value::from(vec![1]),
        Value::Object(Map::new()),
    ];
    match value {
        Value::Array(items) => {
            for first in items.first().map(damaged).into_iter().flatten() {
                let mut items = items.clone();
                items[0] = first;
                all.push(Value::Array(items));
            }
        }
        Value::Object(fields) => {
            for (name, part) in fields {
                let mut others = fields.clone();
                others.remove(name);
                all.push(Value::Object(others.clone()));
                for part in damaged(part) {
                    others.insert(name.clone(), part);
                    all.push(Value::Object(others.clone()));
                }
            }
        }
        _ => {}
    }
    all
}
