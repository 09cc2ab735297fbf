//! Server functions on keys: create, edit, expire, restore, delete, and the queries of the pages.

use leptos::prelude::*;
use serde::{Deserialize, Deserializer, Serialize};
use shared::usage::DayCalls;
use shared::view::{Changed, IssuedKey, KeyDetail, KeyPage, Which};

pub use super::bulk::{BulkKeys, PreviewBulk, UndoChange};
#[cfg(feature = "ssr")]
use super::context::RequestContext;
use crate::error::FnError;
#[cfg(feature = "ssr")]
use leptos::server_fn::ServerFn;
#[cfg(feature = "ssr")]
use shared::{
    capability::Need,
    expiry::{from_edit, from_form},
    list::ListQuery,
    pasted::{NOT_SEARCHED, Pasted, pasted_secret},
    prefix::Prefix,
    usage::CallRange,
    validation::FieldErrors,
};

/// A text that may be left out, which differs from an empty one: a description that is left out stays as it is.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Optional(Option<String>);

impl<'de> Deserialize<'de> for Optional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Some(text)))
    }
}

/// Creates a key. This answer is the only one that ever holds its secret.
///
/// `expiry` is the grammar of [`shared::expiry`], or `date` or `datetime` for the field beside it. With the same
/// `form_token`, the second request is a conflict.
#[server(name = CreateKey, prefix = "/fn", endpoint = "keys/create")]
pub async fn create_key(
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] expiry: String,
    #[server(default)] expiry_date: String,
    #[server(default)] expiry_datetime: String,
    #[server(default)] form_token: String,
) -> Result<IssuedKey, FnError> {
    let request = RequestContext::current();
    let key = vault::CreateKey {
        name: &name,
        description: &description,
        expiry: from_form(&expiry, &expiry_date, &expiry_datetime),
        form_token: &form_token,
    };
    let key = request.vault.create_key(&request.actor()?, key).await?;
    Ok(request.issued(key))
}

/// Changes name, description and expiration, if given. An empty `expiry` leaves the expiration alone. A `version` that
/// is not the key's present one is answered with a conflict and the stored version.
#[server(name = EditKey, prefix = "/fn", endpoint = "keys/edit")]
pub async fn edit_key(
    #[server(default)] access_key: String,
    #[server(default)] name: Optional,
    #[server(default)] description: Optional,
    #[server(default)] expiry: String,
    #[server(default)] expiry_date: String,
    #[server(default)] expiry_datetime: String,
    #[server(default)] version: String,
) -> Result<Changed, FnError> {
    let request = RequestContext::current();
    let edit = vault::EditKey {
        access_key: &access_key,
        name: name.0.as_deref(),
        description: description.0.as_deref(),
        expiry: from_edit(&expiry, &expiry_date, &expiry_datetime),
        version: &version,
    };
    Ok(request.vault.edit_key(&request.actor()?, edit).await?)
}

/// Expires a key now. It stays in the inventory.
#[server(name = ExpireKey, prefix = "/fn", endpoint = "keys/expire")]
pub async fn expire_key(#[server(default)] access_key: String) -> Result<Changed, FnError> {
    let request = RequestContext::current();
    Ok(request
        .vault
        .expire_key(&request.actor()?, &access_key)
        .await?)
}

/// Sets a later expiration, or none: the same credentials work again, or go on working. `version` as for an edit.
#[server(name = RestoreKey, prefix = "/fn", endpoint = "keys/restore")]
pub async fn restore_key(
    #[server(default)] access_key: String,
    #[server(default)] expiry: String,
    #[server(default)] expiry_date: String,
    #[server(default)] expiry_datetime: String,
    #[server(default)] version: String,
) -> Result<Changed, FnError> {
    let request = RequestContext::current();
    let restoration = vault::RestoreKey {
        access_key: &access_key,
        expiry: from_form(&expiry, &expiry_date, &expiry_datetime),
        version: &version,
    };
    Ok(request
        .vault
        .restore_key(&request.actor()?, restoration)
        .await?)
}

/// Deletes a key for ever. `confirm_name` is the key's name, typed as confirmation.
#[server(name = DeleteKey, prefix = "/fn", endpoint = "keys/delete")]
pub async fn delete_key(
    #[server(default)] access_key: String,
    #[server(default)] confirm_name: String,
) -> Result<Changed, FnError> {
    let request = RequestContext::current();
    Ok(request
        .vault
        .delete_key(&request.actor()?, &access_key, &confirm_name)
        .await?)
}

/// Returns one page of the table.
#[server(name = ListKeys, prefix = "/fn", endpoint = "keys/list")]
pub async fn list_keys(
    #[server(default)] q: String,
    #[server(default)] status: String,
    #[server(default)] show: String,
    #[server(default)] sort: String,
    #[server(default)] page: String,
) -> Result<KeyPage, FnError> {
    let request = RequestContext::current();
    let query = ListQuery::parse(
        &without_secret(q, request.vault.key_prefix())?,
        &status,
        &show,
        &sort,
        &page,
    );
    Ok(request
        .vault
        .list_keys(&request.signed_in()?.account, &query)
        .await?)
}

/// Returns the same page as HTML, with search, filters and menus, for the page API Control.
#[server(name = ShowTable, prefix = "/fn", endpoint = "keys/table")]
pub async fn show_table(
    #[server(default)] q: String,
    #[server(default)] status: String,
    #[server(default)] show: String,
    #[server(default)] sort: String,
    #[server(default)] page: String,
) -> Result<String, FnError> {
    let request = RequestContext::current();
    let query = ListQuery::parse(
        &without_secret(q, request.vault.key_prefix())?,
        &status,
        &show,
        &sort,
        &page,
    );
    let account = &request.signed_in()?.account;
    let page = request.vault.list_keys(account, &query).await?;
    let today = request.vault.today(account);
    Ok(crate::pages::api_control::html(&page, &query, today))
}

/// Returns what to search for: of a pasted pair, its access key.
#[cfg(feature = "ssr")]
fn without_secret(q: String, own: Prefix) -> Result<String, FnError> {
    match pasted_secret(&q, own) {
        None => Ok(q),
        Some(Pasted {
            access_key: Some(key),
        }) => Ok(key),
        Some(_) => Err(FieldErrors::one("q", NOT_SEARCHED).into()),
    }
}

/// Returns one key with its history. The error about a deleted key says when that was, at `access_key`.
#[server(name = ShowKey, prefix = "/fn", endpoint = "keys/show")]
pub async fn show_key(#[server(default)] access_key: String) -> Result<KeyDetail, FnError> {
    let request = RequestContext::current();
    let account = &request.signed_in()?.account;
    let error = match request.vault.show_key(account, &access_key).await {
        Ok(detail) => return Ok(detail),
        Err(error) => FnError::from(error),
    };
    if error.code != FnError::NOT_FOUND {
        return Err(error);
    }
    let deletion = request.vault.deletion(account, &access_key).await?;
    let fields = deletion.map(|sentence| ("access_key".to_owned(), sentence));
    Err(FnError {
        fields: fields.into_iter().collect(),
        ..error
    })
}

/// Returns the content of the dialog that asks before a key is deleted, as HTML, for the page API Control.
#[server(name = ShowDeletion, prefix = "/fn", endpoint = "keys/deletion")]
pub async fn show_deletion(#[server(default)] access_key: String) -> Result<String, FnError> {
    let request = RequestContext::current();
    let account = &request.signed_in()?.account;
    let detail = request.vault.show_key(account, &access_key).await?;
    Ok(crate::pages::api_control::deletion_html(&detail))
}

/// Returns a sentence about the instant that an expiration means now; an empty one for no expiration. Arguments as for
/// a new key; an access key is that of the key which would get it.
#[server(name = ShowExpiry, prefix = "/fn", endpoint = "keys/expiry")]
pub async fn show_expiry(
    #[server(default)] expiry: String,
    #[server(default)] expiry_date: String,
    #[server(default)] expiry_datetime: String,
    #[server(default)] access_key: String,
) -> Result<String, FnError> {
    let request = RequestContext::current();
    let expiry = from_form(&expiry, &expiry_date, &expiry_datetime);
    if !access_key.is_empty() {
        request.may(Need::READ)?;
    }
    let account = &request.signed_in()?.account;
    let sentence = request.vault.expiry_sentence(account, expiry, &access_key);
    Ok(sentence.await?)
}

/// Returns the calls of a key in the last 24 hours (`range` 24h) by hour, or in the last days (7d, 30d, 90d) by day, oldest
/// first.
#[server(name = ShowCalls, prefix = "/fn", endpoint = "keys/calls")]
pub async fn show_calls(
    #[server(default)] access_key: String,
    #[server(default)] range: String,
) -> Result<Vec<DayCalls>, FnError> {
    let request = RequestContext::current();
    let account = &request.signed_in()?.account;
    let range = CallRange::from_slug(&range);
    Ok(request.vault.calls_in(account, &access_key, range).await?)
}

/// Returns the key that a pasted secret key or pair belongs to, among those of the account. Sent in the body and nowhere
/// else, the secret gets into no address and no log.
#[server(name = WhichKey, prefix = "/fn", endpoint = "keys/which")]
pub async fn which_key(#[server(default)] secret: String) -> Result<Which, FnError> {
    let request = RequestContext::current();
    let account = &request.signed_in()?.account;
    Ok(Which::new(request.vault.which_key(account, &secret).await?))
}

/// Returns a sentence about a change that waits for nodes that cannot be reached; an empty one if none does. `change` is the
/// path of the function that makes it, and without an access key it makes a new key.
#[server(name = ShowWait, prefix = "/fn", endpoint = "keys/wait")]
pub async fn show_wait(
    #[server(default)] change: String,
    #[server(default)] access_key: String,
) -> Result<String, FnError> {
    let request = RequestContext::current();
    let account = &request.signed_in()?.account;
    let unreachable = request.vault.waiting(account, &access_key).await?;
    Ok(unreachable.map_or_else(String::new, |nodes| waits(&change, nodes)))
}

/// "Expired. Waiting for one node that can't be reached, at most 21 s."
#[cfg(feature = "ssr")]
fn waits(change: &str, unreachable: vault::Unreachable) -> String {
    let done = match change {
        CreateKey::PATH => "Created.",
        ExpireKey::PATH => "Expired.",
        DeleteKey::PATH => "Deleted.",
        UndoChange::PATH => "Undone.",
        _ => "Saved.",
    };
    let nodes = match unreachable.nodes {
        1 => "one node".to_owned(),
        nodes => format!("{nodes} nodes"),
    };
    let seconds = unreachable.rest.as_millis().div_ceil(1000);
    format!("{done} Waiting for {nodes} that can't be reached, at most {seconds} s.")
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "ssr")]
    use std::time::Duration;

    use super::*;

    #[cfg(feature = "ssr")]
    #[test]
    fn a_change_says_what_it_waits_for() {
        let waits = |change, nodes, milliseconds| {
            let rest = Duration::from_millis(milliseconds);
            let seen = 7;
            waits(change, vault::Unreachable { nodes, rest, seen })
        };
        assert_eq!(
            waits("/fn/keys/expire", 1, 20_001),
            "Expired. Waiting for one node that can't be reached, at most 21 s."
        );
        for (change, done) in [
            ("/fn/keys/create", "Created."),
            ("/fn/keys/delete", "Deleted."),
            ("/fn/keys/edit", "Saved."),
            ("/fn/keys/restore", "Saved."),
            ("/fn/keys/bulk", "Saved."),
            ("/fn/keys/undo", "Undone."),
            ("", "Saved."),
        ] {
            assert_eq!(
                waits(change, 2, 21_000),
                format!("{done} Waiting for 2 nodes that can't be reached, at most 21 s.")
            );
        }
    }

    #[test]
    fn a_text_that_is_left_out_is_not_an_empty_one() {
        #[derive(Deserialize)]
        struct Edit {
            #[serde(default)]
            description: Optional,
        }
        let description = |json: &str| {
            let edit: Result<Edit, _> = serde_json::from_str(json);
            edit.map(|edit| edit.description.0).ok()
        };
        assert_eq!(description("{}"), Some(None));
        let empty = r#"{"description":""}"#;
        assert_eq!(description(empty), Some(Some(String::new())));
        let given = r#"{"description":"Nightly"}"#;
        assert_eq!(description(given), Some(Some("Nightly".to_owned())));
        assert_eq!(description(r#"{"description":null}"#), None);
    }
}
