//! A key's row, in one line. It stays in place while its key changes.

use leptos::prelude::*;
use shared::moment::Moment;
use shared::status::Status;
use shared::view::{KeyPage, KeyView};

use super::actions::EXTENSIONS;
use super::chosen::Chosen;
use super::sparkline::sparkline;
use crate::keys::key_actions::key_path;
use crate::ui::icon::Icon;
use crate::ui::reactive::{memo, reactive};
use crate::ui::{moment, status};

/// The row of a key on the page, which keeps up with all of the key but its name and description. `created` adds the
/// column of that name.
pub fn row(
    id: String,
    page: Memo<KeyPage>,
    now: Signal<i64>,
    created: bool,
    chosen: Chosen,
) -> AnyView {
    let (window, key) = page.with_untracked(|page| (page.window, find(page, &id).cloned()));
    let Some(KeyView {
        name,
        description,
        created: since,
        ..
    }) = key
    else {
        return ().into_any();
    };
    let expires = part(page, &id, |key| key.expires.clone());
    let used = part(page, &id, |key| key.used.clone());
    let calls = part(page, &id, |key| key.calls.clone());
    let state = memo(move || {
        let at = expires.with(|moment| moment.as_ref().map(|moment| moment.at));
        Status::at(at, now.get(), window)
    });
    let of_select = id.clone();
    let checked = move || chosen.has(&of_select);
    let is_chosen = untrack(|| chosen.has(&id));
    let (row, value, code, path) = (id.clone(), id.clone(), id.clone(), key_path(&id));
    let copy = copy_button(id.clone(), name.clone());
    view! {
        <tr id=row>
            <td class="select">
                <label>
                    <input
                        type="checkbox"
                        name="key"
                        value=value
                        form="bulk"
                        checked=is_chosen
                        prop:checked=checked
                    />
                    <span class="visually-hidden">"Select " <bdi>{name.clone()}</bdi></span>
                </label>
            </td>
            <th scope="row">{named(path, name.clone(), description)}</th>
            <td class="access">
                <code>{code}</code>
                {copy}
            </td>
            <td class="state">{status::timed(state, expires.into(), now)}</td>
            <td class="calls-cell">{reactive(move || calls.with(sparkline))}</td>
            {created.then(|| view! { <td class="created">{moment::ago(since, now)}</td> })}
            <td class="used">{reactive(move || moment::last_use(used.get(), now))}</td>
            <td class="actions">{actions(id, name, state, expires)}</td>
        </tr>
    }
    .into_any()
}

fn find<'a>(page: &'a KeyPage, id: &str) -> Option<&'a KeyView> {
    page.keys.iter().find(|key| key.access_key == id)
}

/// A part of the key with this access key; the default once the key has left the page, as its row is about to.
fn part<T>(page: Memo<KeyPage>, id: &str, of: fn(&KeyView) -> T) -> Memo<T>
where
    T: Default + PartialEq + Send + Sync + 'static,
{
    let id = id.to_owned();
    memo(move || page.with(|page| find(page, &id).map(of).unwrap_or_default()))
}

/// The link to the key, and its description in the same line.
fn named(path: String, name: String, description: String) -> AnyView {
    let whole = if description.is_empty() {
        name.clone()
    } else {
        [name.as_str(), " – ", &description].concat()
    };
    view! {
        <span class="line" title=whole>
            <a href=path>
                <bdi>{name}</bdi>
            </a>
            {(!description.is_empty())
                .then(|| {
                    view! {
                        " "
                        <span class="description">
                            <bdi>{description}</bdi>
                        </span>
                    }
                })}
        </span>
    }
    .into_any()
}

/// A button that the table's handler of clicks serves. It shows only while the page has its script.
fn copy_button(id: String, name: String) -> AnyView {
    view! {
        <button
            type="button"
            class="button quiet small compact copy scripted"
            data-copy=id
            title="Copy access key"
        >
            {Icon::COPY.draw()}
            <span class="visually-hidden">"Copy access key of " <bdi>{name}</bdi></span>
        </button>
    }
    .into_any()
}

fn actions(
    id: String,
    name: String,
    state: Memo<Status>,
    expires: Memo<Option<Moment>>,
) -> AnyView {
    let path = key_path(&id);
    let (edit, more) = (["Edit ", &name].concat(), ["More for ", &name].concat());
    let items = move || {
        let never = expires.with(Option::is_none);
        menu(&id, &name, state.get() == Status::Expired, never)
    };
    view! {
        <a class="button edit" href=path aria-label=edit>
            "Edit"
        </a>
        <details class="menu">
            <summary class="button quiet small compact" aria-label=more>
                {Icon::MORE.draw()}
            </summary>
            <div class="menu-items">{reactive(items)}</div>
        </details>
    }
    .into_any()
}

/// The content of a row's menu. Its buttons belong to the forms below the table, which all rows share.
fn menu(id: &str, name: &str, expired: bool, never: bool) -> AnyView {
    let part = |part: &str| key_path(id) + part;
    let hidden = || view! { <span class="visually-hidden">" " <bdi>{name.to_owned()}</bdi></span> };
    let extend = |(days, label): (&str, &'static str)| {
        view! {
            <button type="submit" form=["extend-", days].concat() name="key" value=id.to_owned() class="button quiet">
                "Extend " {label} {hidden()}
            </button>
        }
        .into_any()
    };
    let first = if expired {
        view! {
            <a class="button quiet" href=part("#restore")>
                "Restore…" {hidden()}
            </a>
        }
        .into_any()
    } else if never {
        ().into_any()
    } else {
        let extensions = Vec::from(EXTENSIONS.map(extend));
        view! {
            {extensions}
            <hr />
        }
        .into_any()
    };
    let expire = (!expired).then(|| {
        view! {
            <button type="submit" form="expire" name="access_key" value=id.to_owned() class="button quiet">
                "Expire now" {hidden()}
            </button>
        }
    });
    view! {
        {first}
        <button type="button" class="button quiet copy scripted" data-copy=id.to_owned()>
            "Copy access key" {hidden()}
        </button>
        <a class="button quiet" href=part("#calls-title")>
            "View usage" {hidden()}
        </a>
        <hr />
        {expire}
        <a class="button quiet danger" href=part("#delete")>
            "Delete…" {hidden()}
        </a>
    }
    .into_any()
}
