//! Server functions on many keys at once, and the undo of a change of one or of many.

#![expect(clippy::too_many_arguments, reason = "the fields of the table's form")]

use leptos::prelude::*;
use shared::view::BulkChanged;

#[cfg(feature = "ssr")]
use super::context::RequestContext;
use crate::error::FnError;
#[cfg(feature = "ssr")]
use shared::{expiry::from_form, list::ListQuery};

/// Changes many keys, all or none: `action` is `extend`, `set`, `expire` or `delete`. `access_keys` are separated by
/// blanks, or `all` for those that `q`, `status` and `show` match; so does `all`, the checkbox of a form, if it has a
/// value. `confirm_count` is their number, typed to delete them. `as_of` is the `now` of the page: a key that has expired since
/// is not revived. `sort` and `page` are those of the page that answers a form without JavaScript.
///
/// A form without JavaScript has one button for each extension, so `action` may have the expiration after a blank. Its
/// checkboxes arrive as repeated fields `key`, which the server joins to `access_keys`.
#[server(name = BulkKeys, prefix = "/fn", endpoint = "keys/bulk")]
pub async fn bulk_keys(
    #[server(default)] action: String,
    #[server(default)] access_keys: String,
    #[server(default)] all: String,
    #[server(default)] q: String,
    #[server(default)] status: String,
    #[server(default)] show: String,
    #[server(default)] sort: String,
    #[server(default)] page: String,
    #[server(default)] expiry: String,
    #[server(default)] expiry_date: String,
    #[server(default)] expiry_datetime: String,
    #[server(default)] confirm_count: String,
    #[server(default)] as_of: String,
) -> Result<BulkChanged, FnError> {
    let request = RequestContext::current();
    let typed = from_form(&expiry, &expiry_date, &expiry_datetime);
    let (action, expiry) = action
        .trim()
        .split_once(' ')
        .unwrap_or((action.as_str(), typed));
    let change = vault::BulkChange {
        action,
        access_keys: if all.is_empty() { &access_keys } else { "all" },
        query: ListQuery::parse(&q, &status, &show, &sort, &page),
        expiry,
        confirm_count: &confirm_count,
        as_of: as_of.trim().parse().ok(),
    };
    Ok(request.vault.change_keys(&request.actor()?, change).await?)
}

/// Returns sentences about what [`BulkKeys`] would do with the same arguments, for `extend` and `set`; empty ones if
/// there is nothing to say yet.
#[server(name = PreviewBulk, prefix = "/fn", endpoint = "keys/preview")]
pub async fn preview_bulk(
    #[server(default)] action: String,
    #[server(default)] access_keys: String,
    #[server(default)] all: String,
    #[server(default)] q: String,
    #[server(default)] status: String,
    #[server(default)] show: String,
    #[server(default)] expiry: String,
) -> Result<String, FnError> {
    let request = RequestContext::current();
    let change = vault::BulkChange {
        action: &action,
        access_keys: if all.is_empty() { &access_keys } else { "all" },
        query: ListQuery::parse(&q, &status, &show, "", ""),
        expiry: &expiry,
        ..vault::BulkChange::default()
    };
    let account = &request.signed_in()?.account;
    Ok(request.vault.bulk_sentence(account, &change).await?)
}

/// Undoes a change of one or of many keys, by the handle in its answer.
#[server(name = UndoChange, prefix = "/fn", endpoint = "keys/undo")]
pub async fn undo_change(#[server(default)] change: String) -> Result<BulkChanged, FnError> {
    let request = RequestContext::current();
    Ok(request.vault.undo(&request.actor()?, &change).await?)
}
