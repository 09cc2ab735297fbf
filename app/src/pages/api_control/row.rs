//! A key's row, in one line.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::moment::Moment;
use shared::relative;
use shared::status::Status;
use shared::view::{KeyPage, KeyView};

use super::bulk_bar::{self, EXTENSIONS};
use super::list::Chosen;
use super::sparkline::sparkline;
use crate::keys::key_actions::key_path;
use crate::server_fns::keys::{DeleteKey, EditKey, ExpireKey};
use crate::ui::icon::Icon;
use crate::ui::standing::offers;
use crate::ui::status;

/// The row of a key.
pub fn row(key: &KeyView, page: &KeyPage, chosen: &Chosen) -> AnyView {
    let id = key.access_key.as_str();
    let created = page.columns.created;
    let selected = chosen.keys.iter().any(|one| one == id);
    let select = bulk_bar::is_offered().then(|| select(key, selected));
    view! {
        <tr id=id.to_owned() role="row">
            <td class="select" role="cell">
                {select}
            </td>
            <th scope="row" role="rowheader">{named(key)}</th>
            <td class="access" role="cell">
                <code>{id.to_owned()}</code>
                {copy_button(key)}
            </td>
            <td class="state" role="cell">{status::still(key, page.now)}</td>
            <td class="calls-cell" role="cell">{sparkline(&key.calls)}</td>
            {created.then(|| view! { <td class="created" role="cell">{ago(&key.created, page.now)}</td> })}
            <td class="used" role="cell">{used(key.used.as_ref(), page.now)}</td>
            <td class="actions" role="cell">{actions(key)}</td>
        </tr>
    }
    .into_any()
}

fn select(key: &KeyView, selected: bool) -> AnyView {
    view! {
        <label>
            <input type="checkbox" name="key" value=key.access_key.clone() form="bulk" checked=selected />
            <span class="ground"></span>
            {of("Select", &key.name)}
        </label>
    }
    .into_any()
}

/// Words for screen readers about the key of a row.
fn of(words: &'static str, name: &str) -> AnyView {
    view! {
        <span class="visually-hidden">
            {words} " " <bdi>{name.to_owned()}</bdi>
        </span>
    }
    .into_any()
}

/// The link to the key, and its description in the same line.
fn named(key: &KeyView) -> AnyView {
    let KeyView {
        name, description, ..
    } = key.clone();
    let whole = if description.is_empty() {
        name.clone()
    } else {
        format!("{name} – {description}")
    };
    view! {
        <span class="line" title=whole>
            <a href=key_path(&key.access_key)>
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

/// A button that `table.js` serves. It shows only while the page has its script. The keyboard has it in the row's menu,
/// so that a row has three stops of the Tab key.
fn copy_button(key: &KeyView) -> AnyView {
    view! {
        <button
            type="button"
            class="button quiet small compact copy scripted"
            data-copy=key.access_key.clone()
            title="Copy access key"
            tabindex="-1"
        >
            {Icon::COPY.draw()}
            {of("Copy access key of", &key.name)}
        </button>
    }
    .into_any()
}

/// The time since an instant, which is its tooltip.
pub fn ago(moment: &Moment, now: i64) -> AnyView {
    let Moment {
        at, rfc3339, text, ..
    } = moment.clone();
    view! {
        <time datetime=rfc3339 title=text>
            {relative::ago(at, now)}
        </time>
    }
    .into_any()
}

fn used(used: Option<&Moment>, now: i64) -> AnyView {
    match used {
        Some(moment) => ago(moment, now),
        None => view! { <span>"Never"</span> }.into_any(),
    }
}

/// *Edit* leads where the name does, so the Tab key passes it.
fn actions(key: &KeyView) -> AnyView {
    let word = if offers(EditKey::PATH) {
        "Edit"
    } else {
        "View"
    };
    view! {
        <a class="button edit" href=key_path(&key.access_key) aria-label=format!("{word} {}", key.name) tabindex="-1">
            {word}
        </a>
        <details class="menu">
            <summary class="button quiet small compact" aria-label=format!("More for {}", key.name)>
                {Icon::MORE.draw()}
            </summary>
            <div class="menu-items">{menu(key)}</div>
        </details>
    }
    .into_any()
}

/// The content of a row's menu. Its buttons belong to the forms below the table, which all rows share.
fn menu(key: &KeyView) -> AnyView {
    let (id, name) = (key.access_key.as_str(), key.name.as_str());
    let expired = key.status == Status::Expired;
    let link = |class: &'static str, words: &'static str, part: &str| {
        let href = key_path(id) + part;
        view! {
            <a class=class href=href>
                {item(words, name)}
            </a>
        }
        .into_any()
    };
    let press = |form: String, words: AnyView, day: Option<String>| {
        let day = day.map(|day| {
            view! {
                " "
                <span class="day">{day}</span>
            }
        });
        view! {
            <button type="submit" form=form name="key" value=id.to_owned() class="button quiet">
                <span>{words}</span>
                {day}
            </button>
        }
        .into_any()
    };
    let first = if expired {
        link("button quiet", "Restore…", "#restore")
    } else if key.expires.is_none() {
        link("button quiet", "Set expiration…", "#extend")
    } else {
        let extend = |(days, label): (&str, &str)| {
            let label = format!("+{label}");
            let mut offers = key.offers.iter();
            let day = offers.find(|offer| offer.label == label);
            let day = day.map(|offer| offer.day.clone());
            press(format!("extend-{days}"), extension(label, name), day)
        };
        view! {
            <p class="menu-head" aria-hidden="true">
                "Extend"
            </p>
            {EXTENSIONS.map(extend).collect_view()}
            {link("button quiet", "Pick a date…", "#extend")}
        }
        .into_any()
    };
    let reads = view! {
        <button type="button" class="button quiet copy scripted" data-copy=id.to_owned()>
            {item("Copy access key", name)}
        </button>
        {link("button quiet", "View usage", "#calls-title")}
    };
    let first = offers(EditKey::PATH).then(|| {
        view! {
            {first}
            <hr />
        }
    });
    let expire = (!expired && offers(ExpireKey::PATH))
        .then(|| press("expire".to_owned(), item("Expire now", name), None));
    let delete = offers(DeleteKey::PATH).then(|| link("button quiet danger", "Delete…", "#delete"));
    let ends = (expire.is_some() || delete.is_some()).then(|| view! { <hr /> });
    view! { {first} {reads} {ends} {expire} {delete} }.into_any()
}

/// The words of an extension, which stands under the head of its group.
fn extension(label: String, name: &str) -> AnyView {
    view! {
        <span class="visually-hidden">"Extend "</span>
        {item(label, name)}
    }
    .into_any()
}

/// The words of an item, with the key's name for screen readers.
fn item(words: impl Into<String>, name: &str) -> AnyView {
    view! {
        {words.into()}
        <span class="visually-hidden">" " <bdi>{name.to_owned()}</bdi></span>
    }
    .into_any()
}
