//! Parameters of a statement that is composed: their numbers are given in the order in which they are added.

use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::QueryAs;

enum Parameter {
    Number(i64),
    Text(String),
}

/// The parameters of one statement.
#[derive(Default)]
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    /// Adds a number. Returns its placeholder: `$1` for the first.
    pub fn number(&mut self, number: i64) -> String {
        self.add(Parameter::Number(number))
    }

    /// Adds a text. Returns its placeholder.
    pub fn text(&mut self, text: impl Into<String>) -> String {
        self.add(Parameter::Text(text.into()))
    }

    /// Adds texts. Returns their placeholders as a list for `IN`.
    pub fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> String {
        let placeholders: Vec<String> = texts.into_iter().map(|text| self.text(text)).collect();
        placeholders.join(", ")
    }

    fn add(&mut self, parameter: Parameter) -> String {
        self.0.push(parameter);
        format!("${}", self.0.len())
    }

    /// Binds all of them to their statement.
    pub fn bind<O>(
        self,
        query: QueryAs<'_, Any, O, AnyArguments>,
    ) -> QueryAs<'_, Any, O, AnyArguments> {
        let parameters = self.0.into_iter();
        parameters.fold(query, |query, parameter| match parameter {
            Parameter::Number(number) => query.bind(number),
            Parameter::Text(text) => query.bind(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_from_one() {
        let mut parameters = Parameters::default();
        assert_eq!(parameters.number(7), "$1");
        assert_eq!(parameters.texts(["a", "b"]), "$2, $3");
        assert_eq!(parameters.text("c"), "$4");
    }
}
