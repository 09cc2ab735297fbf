//! One operation in the reference: its scope, parameters, body and answer, with an example of each.

use maud::{Markup, html};
use serde_json::Value;

use super::schema::{Member, Schemas};
use super::{example, examples, prose};

/// The methods in the order in which the reference lists them.
const METHODS: [&str; 4] = ["get", "post", "patch", "delete"];

#[derive(Clone, Copy)]
pub struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    value: &'a Value,
    schemas: Schemas<'a>,
}

/// Returns the operations of a group, by path.
pub fn of_tag<'a>(document: &'a Value, tag: &str) -> Vec<Operation<'a>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        METHODS.into_iter().filter_map(move |method| {
            let value = item.get(method)?;
            let id = if path.starts_with("/tokens") {
                examples::TOKEN
            } else {
                examples::ACCOUNT
            };
            let all = &document["components"]["schemas"];
            let schemas = Schemas { all, id };
            Some(Operation {
                method,
                path,
                value,
                schemas,
            })
        })
    });
    all.filter(|operation| operation.value["tags"][0] == tag)
        .collect()
}

impl<'a> Operation<'a> {
    /// The anchor: `post-accounts-id-suspend`.
    pub fn id(self) -> String {
        let parts = self
            .path
            .split(['/', '{', '}'])
            .filter(|part| !part.is_empty());
        let parts: Vec<_> = [self.method].into_iter().chain(parts).collect();
        parts.join("-")
    }

    pub fn title(self) -> &'a str {
        self.value["summary"].as_str().unwrap_or_default()
    }

    pub fn scope(self) -> &'a str {
        let scope = &self.value["security"][0]["operator_token"][0];
        scope.as_str().unwrap_or_default()
    }

    /// Returns the name of the schema of its body.
    pub fn body_name(self) -> Option<&'a str> {
        self.schemas.follow(self.body()?).0
    }

    /// Returns the schema of the body, if it can have members.
    fn body(self) -> Option<&'a Value> {
        let schema = &self.value["requestBody"]["content"]["application/json"]["schema"];
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        choices
            .chain([schema])
            .find(|schema| schema.get("$ref").is_some())
    }

    pub fn show(self) -> Markup {
        let description = self.value["description"].as_str().unwrap_or_default();
        html! {
            section.operation aria-labelledby=(self.id()) {
                h3 #(self.id()) { (self.title()) }
                p.call {
                    span.(["method ", self.method].concat()) { (self.method.to_uppercase()) } " "
                    code { "/admin/v1" (self.path) }
                }
                @if !description.is_empty() { p { (prose(description)) } }
                p { "Scope " code { (self.scope()) } }
                (self.parameters())
                (self.members_of_body())
                h4 { "Example" }
                (example(&self.curl()))
                (self.answers())
            }
        }
    }

    fn parameters(self) -> Markup {
        let all = self.value["parameters"].as_array();
        html! {
            @if let Some(all) = all.filter(|all| !all.is_empty()) {
                h4 { "Parameters" }
                dl.members {
                    @for parameter in all {
                        @let required = parameter["required"] == true;
                        @let description = parameter["description"].as_str().unwrap_or_default();
                        @let place = match parameter["in"].as_str() {
                            Some("path") => "in the path",
                            Some("header") => "header",
                            _ => "in the query",
                        };
                        (self.row(parameter["name"].as_str().unwrap_or_default(), &parameter["schema"], Some(place), required, description))
                    }
                }
            }
        }
    }

    fn members_of_body(self) -> Markup {
        let members = self.body().map(|body| self.schemas.members(body));
        html! {
            @if let Some(members) = members.filter(|members| !members.is_empty()) {
                h4 { "Body" }
                (rows(self.schemas, members))
            }
        }
    }

    fn row(
        self,
        name: &str,
        schema: &'a Value,
        place: Option<&str>,
        required: bool,
        description: &str,
    ) -> Markup {
        row(self.schemas, name, schema, place, required, description)
    }

    fn answers(self) -> Markup {
        let responses = self.value["responses"].as_object().into_iter().flatten();
        let good = responses.filter(|(status, _)| status.starts_with('2'));
        html! {
            @for (status, answer) in good {
                @let schema = answer["content"].get("application/json").map(|content| &content["schema"]);
                h4 { "Answer " code { (status) } }
                @match schema {
                    Some(schema) => {
                        p { "JSON, " (self.schemas.kind(schema, true)) ". Any other answer is a " a href="#errors" { "problem" } "." }
                        (example(&pretty(&self.schemas.example("", schema))))
                    }
                    None => p { (prose(answer["description"].as_str().unwrap_or_default())) " Any other answer is a " a href="#errors" { "problem" } "." }
                }
            }
        }
    }

    /// The call as a command of a shell.
    fn curl(self) -> String {
        let id = if self.path.starts_with("/accounts") {
            examples::EXTERNAL
        } else {
            self.schemas.id
        };
        let path = self.path.replace("{id}", id);
        let path = path.replace("{access_key}", examples::ACCESS_KEY);
        let mut lines = vec![match self.method {
            "get" => format!("curl \"$KEYHOLD_URL/admin/v1{path}\""),
            method => format!(
                "curl -X {} \"$KEYHOLD_URL/admin/v1{path}\"",
                method.to_uppercase()
            ),
        }];
        lines.push("-H \"Authorization: Bearer $KEYHOLD_TOKEN\"".to_owned());
        if self.method == "post" {
            lines.push("-H \"Idempotency-Key: $(uuidgen)\"".to_owned());
        }
        let body = self.body().map(|body| self.schemas.example("", body));
        if let Some(body) =
            body.filter(|body| body.as_object().is_some_and(|body| !body.is_empty()))
        {
            lines.push("-H \"Content-Type: application/json\"".to_owned());
            lines.push(format!("-d '{body}'"));
        }
        lines.join(" \\\n  ")
    }
}

/// The members of an object.
pub fn rows(schemas: Schemas<'_>, members: Vec<Member<'_>>) -> Markup {
    html! {
        dl.members {
            @for Member { name, schema, required } in members {
                @let description = schema["description"].as_str().unwrap_or_default();
                (row(schemas, name, schema, None, required, description))
            }
        }
    }
}

fn row(
    schemas: Schemas<'_>,
    name: &str,
    schema: &Value,
    place: Option<&str>,
    required: bool,
    description: &str,
) -> Markup {
    let known = description.to_lowercase();
    let bounds = schemas.bounds(schema).into_iter();
    let bounds = bounds.filter(|bound| !known.contains(bound.as_str()));
    // A parameter that is left out has no value, not even null.
    let kind = schemas.kind(schema, place.is_none());
    html! {
        div {
            dt {
                code { (name) } " "
                span.kind { (kind) @if let Some(place) = place { ", " (place) } }
                @if required { " " span.required { "required" } }
            }
            dd {
                (prose(description))
                @for bound in bounds {
                    " " span.bound { (prose(&bound)) }
                }
            }
        }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
