//! The scopes of operators' tokens.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// What a token may do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, ToSchema)]
pub enum Scope {
    #[serde(rename = "accounts:read")]
    AccountsRead,
    #[serde(rename = "accounts:write")]
    AccountsWrite,
    #[serde(rename = "keys:read")]
    KeysRead,
    #[serde(rename = "keys:write")]
    KeysWrite,
    #[serde(rename = "portal:create")]
    PortalCreate,
    #[serde(rename = "audit:read")]
    AuditRead,
    #[serde(rename = "tokens:write")]
    TokensWrite,
}

impl Scope {
    pub const ALL: [Self; 7] = [
        Self::AccountsRead,
        Self::AccountsWrite,
        Self::KeysRead,
        Self::KeysWrite,
        Self::PortalCreate,
        Self::AuditRead,
        Self::TokensWrite,
    ];

    /// The name of the scope, as requests and the database have it.
    pub fn slug(self) -> &'static str {
        match self {
            Self::AccountsRead => "accounts:read",
            Self::AccountsWrite => "accounts:write",
            Self::KeysRead => "keys:read",
            Self::KeysWrite => "keys:write",
            Self::PortalCreate => "portal:create",
            Self::AuditRead => "audit:read",
            Self::TokensWrite => "tokens:write",
        }
    }
}

/// No scope has this name. `Display` is the sentence for the member.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownScope;

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = Scope::ALL.map(Scope::slug).join(", ");
        write!(f, "There is no such scope. The scopes are {all}.")
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(slug: &str) -> Result<Self, UnknownScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.slug() == slug);
        found.ok_or(UnknownScope)
    }
}

/// From its name alone: what is derived would also read an object, and call another type a mistake of the syntax.
impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slug = String::deserialize(deserializer)?;
        slug.parse().map_err(serde::de::Error::custom)
    }
}

/// Scopes, each once and in one order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scopes(pub BTreeSet<Scope>);

impl Scopes {
    pub fn all() -> Self {
        Self(Scope::ALL.into())
    }

    /// Reads the stored form. A scope that this version does not know allows nothing here.
    pub(super) fn stored(text: &str) -> Self {
        let known = text.split_whitespace().filter_map(|slug| slug.parse().ok());
        Self(known.collect())
    }

    /// Returns those of `self` that `other` lacks.
    pub fn missing_in(&self, other: &Self) -> Vec<Scope> {
        self.0.difference(&other.0).copied().collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slugs: Vec<_> = self.0.iter().map(|scope| scope.slug()).collect();
        f.write_str(&slugs.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are a contract: in requests, in answers and in the database.
    #[test]
    fn a_scope_has_one_name() -> Result<(), serde_json::Error> {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope)?, scope.slug());
            assert_eq!(scope.slug().parse(), Ok(scope));
        }
        let all = Scopes::all();
        assert_eq!(Scopes::stored(&all.to_string()), all);
        assert_eq!(Scopes::stored("keys:read later:scope").0.len(), 1);
        Ok(())
    }
}
