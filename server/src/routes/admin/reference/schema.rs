//! The schemas of the document in words: the members of an object, their types and bounds, and an example.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::examples;

/// The schemas of the document, by name.
#[derive(Clone, Copy)]
pub struct Schemas<'a> {
    pub all: &'a Value,
    /// The id of an example.
    pub id: &'a str,
}

/// A member of an object.
pub struct Member<'a> {
    pub name: &'a str,
    pub schema: &'a Value,
    pub required: bool,
}

impl<'a> Schemas<'a> {
    /// Returns the objects that answers are made of, by name.
    pub fn objects(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let all = self.all.as_object().into_iter().flatten();
        all.map(|(name, schema)| (name.as_str(), schema))
            .filter(move |(name, schema)| !is_page(name) && !self.members(schema).is_empty())
    }

    /// Returns the name and the schema that a reference leads to; a schema itself as it is.
    pub fn follow(self, schema: &'a Value) -> (Option<&'a str>, &'a Value) {
        let reference = schema["$ref"].as_str();
        let name = reference.and_then(|path| path.strip_prefix("#/components/schemas/"));
        match name {
            Some(name) => (Some(name), &self.all[name]),
            None => (None, schema),
        }
    }

    /// Returns the members of an object, the required ones first.
    pub fn members(self, schema: &'a Value) -> Vec<Member<'a>> {
        let mut members = Vec::new();
        self.collect(schema, &mut members);
        members.sort_by_key(|member| !member.required);
        members
    }

    fn collect(self, schema: &'a Value, members: &mut Vec<Member<'a>>) {
        let (_, schema) = self.follow(schema);
        for part in parts(schema, "allOf") {
            self.collect(part, members);
        }
        let required = schema["required"].as_array();
        let is_required =
            |name: &str| required.is_some_and(|names| names.iter().any(|each| each == name));
        let properties = schema["properties"].as_object().into_iter().flatten();
        members.extend(properties.map(|(name, schema)| Member {
            name,
            schema,
            required: is_required(name),
        }));
    }

    /// The type of a value: "string or null", "array of Key". `null`: whether null is one.
    pub fn kind(self, schema: &'a Value, null: bool) -> Markup {
        let (name, schema) = self.follow(schema);
        let choices: Vec<&Value> = ["oneOf", "anyOf"]
            .into_iter()
            .flat_map(|key| parts(schema, key))
            .filter(|choice| choice["type"] != "null")
            .collect();
        let nullable = null && parts(schema, "oneOf").any(|choice| choice["type"] == "null");
        html! {
            @if let (Some(name), false) = (name, self.members(schema).is_empty()) {
                @if is_page(name) {
                    "a page of "
                    @for member in self.members(schema) {
                        @if member.name == "data" { (self.kind(&member.schema["items"], null)) }
                    }
                } @else {
                    a href=(format!("#object-{name}")) { (name) }
                }
            } @else if !choices.is_empty() {
                @for (at, choice) in choices.iter().enumerate() {
                    @if at > 0 { " or " }
                    (self.kind(choice, null))
                }
                @if nullable { " or null" }
            } @else if schema["type"] == "array" {
                "array of " (self.kind(&schema["items"], null))
            } @else {
                (named(schema, null))
            }
        }
    }

    /// The bounds of a value, each as a phrase.
    pub fn bounds(self, schema: &'a Value) -> Vec<String> {
        let (_, schema) = self.follow(schema);
        let number = |key: &str| schema[key].as_u64();
        let mut found = Vec::new();
        let mut range = |least: &str, most: &str, unit: &str| {
            found.extend(match (number(least), number(most)) {
                (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
                (Some(least), None) => Some(format!("at least {least}{unit}")),
                (None, Some(most)) => Some(format!("at most {most}{unit}")),
                (None, None) => None,
            });
        };
        range("minLength", "maxLength", " characters");
        range("minimum", "maximum", "");
        range("minItems", "maxItems", " entries");
        found.extend(
            schema["pattern"]
                .as_str()
                .map(|text| format!("matches `{text}`")),
        );
        let (_, items) = self.follow(&schema["items"]);
        for values in [&schema["enum"], &items["enum"]] {
            let values = values.as_array().into_iter().flatten();
            let values: Vec<_> = values
                .filter_map(Value::as_str)
                .map(|value| format!("`{value}`"))
                .collect();
            if !values.is_empty() {
                found.push(format!("one of {}", values.join(", ")));
            }
        }
        found
    }

    /// An example of a value, by the name of its member.
    pub fn example(self, name: &str, schema: &'a Value) -> Value {
        let (_, schema) = self.follow(schema);
        if let Some(example) = examples::of(name) {
            return example;
        }
        let members = self.members(schema);
        if !members.is_empty() {
            return self.example_of(members);
        }
        match schema["type"].as_str() {
            Some("array") => Value::from(vec![self.example(name, &schema["items"])]),
            Some("integer") => 1.into(),
            Some("boolean") => true.into(),
            Some("object") => Value::Object(Map::new()),
            Some("string") if name == "id" => self.id.into(),
            Some("string") => schema["enum"]
                .as_array()
                .and_then(|values| values.first())
                .cloned()
                .unwrap_or_else(|| "…".into()),
            _ => Value::Null,
        }
    }

    fn example_of(self, members: Vec<Member<'a>>) -> Value {
        let members = members.into_iter();
        let members = members.map(|member| {
            (
                member.name.to_owned(),
                self.example(member.name, member.schema),
            )
        });
        Value::Object(members.collect())
    }
}

fn parts<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    schema[key].as_array().into_iter().flatten()
}

/// A page of a list is described with the lists.
fn is_page(name: &str) -> bool {
    name.starts_with("Page")
}

/// The type by its name: "string, RFC 3339".
fn named(schema: &Value, null: bool) -> String {
    let names: Vec<&str> = match &schema["type"] {
        Value::Array(names) => names
            .iter()
            .filter_map(Value::as_str)
            .filter(|name| null || *name != "null")
            .collect(),
        name => name.as_str().into_iter().collect(),
    };
    let names = names.join(" or ");
    if schema["format"] == "date-time" {
        names.replacen("string", "time", 1)
    } else {
        names
    }
}
