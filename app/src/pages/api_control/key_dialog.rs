//! The dialog that confirms the deletion of one key over the list, as the key's page asks it. `table.js` fetches its content
//! when it opens it. Without script, the row's link leads to the key's page.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::status::Status;
use shared::view::KeyDetail;

use super::row::ago;
use crate::pages::key::{IRREVERSIBLE, named, recent_callers};
use crate::server_fns::keys::{DeleteKey, ExpireKey};
use crate::ui::standing::offers;

/// The dialog, empty until a row's menu opens it.
pub fn key_dialog() -> AnyView {
    view! {
        <dialog id="delete-key" class="dialog" closedby="any" aria-labelledby="delete-key-title"></dialog>
    }
    .into_any()
}

/// Returns the content of the dialog as HTML.
pub fn html(detail: &KeyDetail) -> String {
    let key = &detail.key;
    let (name, access_key) = (key.name.clone(), key.access_key.clone());
    let expire = (key.status != Status::Expired && offers(ExpireKey::PATH))
        .then(|| expire_instead(&access_key));
    let content = view! {
        <h2 id="delete-key-title" class="about" aria-label=format!("Delete {name}?")>"Delete " <bdi title=name.clone()>{name.clone()}</bdi> "?"</h2>
        {last_use(detail)}
        {expire}
        <form method="post" action=DeleteKey::PATH class="form" novalidate>
            <p>
                <strong>{IRREVERSIBLE.0}</strong>
                {IRREVERSIBLE.1}
                <bdi class="quoted">{name}</bdi>
            </p>
            <input type="hidden" name="access_key" value=access_key />
            <div class="field">
                <label for="confirm-name">"Name of the key"</label>
                <input
                    id="confirm-name"
                    name="confirm_name"
                    autocomplete="off"
                    spellcheck="false"
                    aria-describedby="confirm-name-note"
                />
                <p id="confirm-name-note" class="help"></p>
            </div>
            <div class="answers">
                <button type="button" class="button" data-press="">
                    "Cancel"
                </button>
                <button type="submit" class="button danger">
                    "Delete key"
                </button>
            </div>
        </form>
    };
    content.into_any().to_html().replace("<!>", "")
}

fn last_use(detail: &KeyDetail) -> AnyView {
    let used = match &detail.key.used {
        Some(moment) => view! { <p>"Last used " {ago(moment, detail.now)} "."</p> }.into_any(),
        None => view! { <p>"It has never been used."</p> }.into_any(),
    };
    let callers: Vec<_> = recent_callers(detail)
        .map(|caller| {
            let (address, agent) = named(caller);
            view! {
                <li>
                    <bdi class="address">{address}</bdi>
                    <bdi class="agent">{agent}</bdi>
                    {ago(&caller.seen, detail.now)}
                </li>
            }
        })
        .collect();
    let callers = (!callers.is_empty()).then(|| {
        view! {
            <p>"These programs called with it in the last 7 days:"</p>
            <ul class="callers">{callers}</ul>
        }
    });
    view! {
        {used}
        {callers}
    }
    .into_any()
}

/// The offer to only stop the key, which can be undone. The button belongs to a form of the rows' menus.
fn expire_instead(access_key: &str) -> AnyView {
    view! {
        <div class="instead">
            <p>"To only stop it, expire it. You can undo that."</p>
            <button type="submit" form="expire" name="key" value=access_key.to_owned() class="button">
                "Expire instead"
            </button>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use shared::usage::CallerView;

    use super::*;
    use crate::samples;

    fn detail(status: Status) -> KeyDetail {
        let now = 100 * shared::DAY_MS;
        let caller = |agent: &str, days| CallerView {
            address: "192.0.2.1".to_owned(),
            agent: agent.to_owned(),
            seen: samples::moment(now - days * shared::DAY_MS),
            refused: false,
        };
        KeyDetail {
            now,
            window: 14 * shared::DAY_MS,
            time_zone: "UTC".to_owned(),
            key: shared::view::KeyView {
                status,
                used: Some(samples::moment(now - shared::DAY_MS)),
                ..samples::key("<b>", None)
            },
            made_by: String::new(),
            offers: Vec::new(),
            expired_by: String::new(),
            failing: None,
            calls: Vec::new(),
            callers: vec![caller("<i>curl", 1), caller("wget", 30)],
            history: Vec::new(),
        }
    }

    #[test]
    fn the_dialog_names_the_last_use_and_the_recent_callers() {
        let html = html(&detail(Status::Active));
        assert!(
            html.contains("&lt;b&gt;") && !html.contains("<b>"),
            "{html}"
        );
        assert!(
            html.contains("Last used ") && html.contains("24 hours ago"),
            "{html}"
        );
        assert!(
            html.contains("&lt;i&gt;curl") && !html.contains("wget"),
            "{html}"
        );
        assert!(html.contains("Expire instead"), "{html}");
    }

    #[test]
    fn an_expired_key_cannot_be_expired_instead() {
        let html = html(&detail(Status::Expired));
        assert!(!html.contains("Expire instead"), "{html}");
    }
}
