//! What is wrong with a member that serde refuses: a JSON Pointer to it, and a sentence instead of serde's text.

use serde_path_to_error::{Error, Path, Segment};

use super::problem::{Code, FieldProblem, Problem};

/// Returns the problem with a member of a body.
pub fn refused(error: &Error<serde_json::Error>) -> Problem {
    let text = error.inner().to_string();
    // What follows is the place in the text, which the pointer says better.
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(text, _)| text);
    let mut pointer = pointer(error.path());
    let (code, named, detail) = sentence(text);
    // The path of a member that is missing or unknown may end at its object.
    if let Some(name) = named {
        let step = step(name);
        if !pointer.ends_with(&step) {
            pointer.push_str(&step);
        }
    }
    let error = FieldProblem {
        pointer,
        code,
        detail,
    };
    Problem::of_member(Code::Invalid, error)
}

/// Returns the JSON Pointer of a path.
fn pointer(path: &Path) -> String {
    let steps = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(step(&index.to_string())),
        Segment::Map { key } => Some(step(key)),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    steps.collect()
}

/// Returns a step of a JSON Pointer (RFC 6901, section 3).
pub fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Returns the code of an error of serde, the member that it names itself, and a sentence about it.
fn sentence(text: &str) -> (&'static str, Option<&str>, String) {
    if let Some(rest) = text.strip_prefix("unknown field `") {
        let end = rest
            .find("`, expected ")
            .or_else(|| rest.find("`, there are "));
        let (name, list) = rest.split_at(end.unwrap_or(rest.len()));
        let known = names(list.get(1..).unwrap_or_default());
        let detail = if known.is_empty() {
            "There is no such member: leave it out.".to_owned()
        } else {
            format!("There is no such member. Known are {}.", known.join(", "))
        };
        return ("unknown", Some(name), detail);
    }
    if let Some(name) = quoted(text, "missing field `") {
        return ("missing", Some(name), "This member is required.".to_owned());
    }
    if let Some(name) = quoted(text, "duplicate field `") {
        let detail = "This member is given twice.".to_owned();
        return ("invalid", Some(name), detail);
    }
    let detail = if text.starts_with("unknown variant `") {
        let known = text
            .rsplit_once("`, expected ")
            .map_or("", |(_, known)| known);
        format!("One of {}.", names(known).join(", "))
    } else if let Some((kind, expected)) = text.rsplit_once(", expected ")
        && kind.starts_with("invalid ")
    {
        format!("This must be {}.", in_json(expected))
    } else if text == "expected value" {
        "This must be a string.".to_owned()
    } else {
        // Written here, for people.
        let end = if text.ends_with('.') { "" } else { "." };
        format!("{text}{end}")
    };
    ("invalid", None, detail)
}

fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix('`')
}

/// Returns the names in a list of serde: "expected one of `a`, `b`".
fn names(list: &str) -> Vec<&str> {
    list.split('`').skip(1).step_by(2).collect()
}

/// Returns the type that serde expects, as JSON calls it.
fn in_json(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "a boolean" => "true or false",
        "string or map" => "a string",
        _ if expected.starts_with("struct ") => "an object",
        _ if ["i", "u"].contains(&expected.get(..1).unwrap_or_default()) => "an integer",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_serde_becomes_a_sentence() {
        for (text, code, named, detail) in [
            (
                "unknown field `a`b`, expected `name`",
                "unknown",
                Some("a`b"),
                "There is no such member. Known are name.",
            ),
            (
                "unknown field `x`, expected one of `name`, `description`, `expiry`",
                "unknown",
                Some("x"),
                "There is no such member. Known are name, description, expiry.",
            ),
            (
                "unknown field `x`, there are no fields",
                "unknown",
                Some("x"),
                "There is no such member: leave it out.",
            ),
            (
                "missing field `name`",
                "missing",
                Some("name"),
                "This member is required.",
            ),
            (
                "unknown variant `x`, expected `a` or `b`",
                "invalid",
                None,
                "One of a, b.",
            ),
            (
                "invalid type: integer `1`, expected a string",
                "invalid",
                None,
                "This must be a string.",
            ),
            (
                "invalid type: string \"a, expected b\", expected struct KeyInput",
                "invalid",
                None,
                "This must be an object.",
            ),
            (
                "invalid type: floating point `1.5`, expected i64",
                "invalid",
                None,
                "This must be an integer.",
            ),
        ] {
            let expected = (code, named, detail.to_owned());
            assert_eq!(sentence(text), expected, "{text}");
        }
    }
}
