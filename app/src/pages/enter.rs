//! The page of a portal link: it enters by a form, so that whatever only opens links uses none up.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use shared::capability::{Capabilities, Capability};

use super::mail_link::gate;
use crate::server_fns::context::RequestContext;
use crate::ui::head::PageHead;
use crate::ui::icon::Icon;
use crate::ui::layout::home;

/// Sends the form at once. Not in a page that is rendered ahead of being opened.
const AT_ONCE: &str = "(() => {
    const enter = () => document.getElementById('enter').requestSubmit();
    if (document.prerendering) document.addEventListener('prerenderingchange', enter, { once: true });
    else enter();
})()";

/// What the page shows. The server provides it.
#[derive(Clone, Debug)]
pub enum Entrance {
    /// The form with the code.
    Open { code: String },
    /// The question before a session ends that is another account's, another person's, or the holder's own.
    Switch(Box<Switch>),
    /// The link doesn't work.
    Gone,
}

/// What the question tells.
#[derive(Clone, Debug)]
pub struct Switch {
    pub code: String,
    /// Names the present session.
    pub from: String,
    pub present: Who,
    /// Whether no link began the present session.
    pub own: bool,
    pub wanted: Who,
    /// Whether both are of one account.
    pub same_account: bool,
    /// What one may do afterwards, and until when: "in 1 hour".
    pub capabilities: Capabilities,
    pub ends: String,
}

/// Who uses a session: what people call the account and the person, if a link names one.
#[derive(Clone, Debug)]
pub struct Who {
    pub account: String,
    pub person: Option<String>,
}

#[component]
pub fn EnterPage() -> impl IntoView {
    let content = match use_context::<Entrance>().unwrap_or(Entrance::Gone) {
        Entrance::Open { code } => open(code),
        Entrance::Switch(question) => switch(*question),
        Entrance::Gone => gone(),
    };
    gate(content)
}

fn open(code: String) -> AnyView {
    view! {
        <PageHead title="Your API keys" />
        <form id="enter" class="form" method="post" action="/enter">
            <input type="hidden" name="code" value=code />
            <button type="submit" class="button primary">
                "Continue"
            </button>
        </form>
        <script nonce=use_nonce()>{AT_ONCE}</script>
    }
    .into_any()
}

fn switch(question: Switch) -> AnyView {
    let (title, press) = match &question {
        Switch {
            same_account: false,
            ..
        } => ("Switch accounts?", "Switch accounts"),
        Switch { own: true, .. } => ("Replace your own session?", "Replace it"),
        _ => ("Switch to another person?", "Switch"),
    };
    let (here, there) = (present(&question), wanted(&question));
    let includes: Vec<_> = question
        .capabilities
        .iter()
        .map(Capability::doing)
        .collect();
    let afterwards = format!(
        "Afterwards your access here includes {}. It ends {}.",
        listed(&includes),
        question.ends
    );
    let lost = question.own.then(|| {
        let text = "Your own session ends. To change the account itself, such as its password, you'd have to sign in again.";
        view! { <p>{text}</p> }
    });
    let stay = match &question.present.person {
        Some(person) if question.same_account => {
            view! { "Stay as " <bdi>{person.clone()}</bdi> }.into_any()
        }
        _ => view! { "Stay in " <bdi>{question.present.account.clone()}</bdi> }.into_any(),
    };
    view! {
        <PageHead title=title />
        <p>{here} {there}</p>
        <p>{afterwards}</p>
        {lost}
        <form class="form" method="post" action="/enter">
            <input type="hidden" name="code" value=question.code />
            <input type="hidden" name="from" value=question.from />
            <button type="submit" class="button primary">
                {press}
            </button>
        </form>
        <p>
            <a href=home().0>{stay}</a>
        </p>
        <p class="muted">"Didn't open this link yourself? Stay where you are."</p>
    }
    .into_any()
}

fn strong(text: &str) -> AnyView {
    view! { <bdi class="strong">{text.to_owned()}</bdi> }.into_any()
}

/// "This browser is signed in to Acme as ada@acme.example. "
fn present(question: &Switch) -> AnyView {
    let person = question
        .present
        .person
        .as_ref()
        .map(|person| view! { " as " {strong(person)} });
    let own = question.own.then_some(" with a password");
    view! { "This browser is signed in to " {strong(&question.present.account)} {person} {own} ". " }
        .into_any()
}

/// "The link opens the same account for bob@acme.example."
fn wanted(question: &Switch) -> AnyView {
    let (present, wanted) = (&question.present, &question.wanted);
    let account = if question.same_account {
        "the same account".into_any()
    } else if present.account == wanted.account {
        "another account of the same name".into_any()
    } else {
        strong(&wanted.account)
    };
    let person = match &wanted.person {
        Some(person) if question.same_account && present.person.as_ref() == Some(person) => {
            view! { " for another person of the same name" }.into_any()
        }
        Some(person) => view! { " for " {strong(person)} }.into_any(),
        None if question.same_account && !question.own => " and names no person".into_any(),
        None => ().into_any(),
    };
    view! { "The link opens " {account} {person} "." }.into_any()
}

/// "seeing keys, creating keys and notices"
fn listed(items: &[&str]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn gone() -> AnyView {
    let request = use_context::<RequestContext>();
    let site = request.map(|request| request.site);
    let way = site.and_then(|site| {
        let app = site.sign_in.as_ref()?;
        let text = format!("Go to {}", site.app_at(app.host()));
        Some((app.leading_to("/preferences/api-control"), text))
    });
    let way = way.map(|(href, text)| {
        view! {
            <p>
                <a class="button primary" href=href>
                    {text}
                </a>
            </p>
        }
    });
    view! {
        <PageHead title="This link no longer works" />
        <p class="note warn">
            {Icon::CLOCK.draw()} <span>"It works once, for five minutes. Open it from your app again, to get a new one."</span>
        </p>
        {way}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_may_do_is_one_sentence() {
        assert_eq!(listed(&["notices"]), "notices");
        let all: Vec<_> = Capabilities::all().iter().map(Capability::doing).collect();
        assert_eq!(
            listed(&all),
            "seeing keys, creating keys, editing keys, expiring keys, deleting keys and notices"
        );
    }
}
