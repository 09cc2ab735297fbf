//! The delivery log: each email with its keys, recipient, time and state.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::mail::{DeliveryState, MailKind};
use shared::view::notices::{DeliveredKey, Delivery, NoticesView};

use crate::forms::form::plain_press;
use crate::keys::key_actions::key_path;
use crate::server_fns::account::SavePreferences;
use crate::server_fns::keys::ShowKey;
use crate::server_fns::notices::SendAgain;
use crate::ui::icon::Icon;
use crate::ui::standing::{allows, offers};
use crate::ui::status;

/// The emails that are in sight at first.
const AT_FIRST: usize = 10;

/// The alert for failed emails.
pub fn failures(notices: &NoticesView) -> AnyView {
    let failed = |delivery: &&Delivery| delivery.state == DeliveryState::Failed;
    let sentence = undelivered(notices.deliveries.iter().filter(failed).count());
    let note = (!sentence.is_empty()).then(|| {
        view! {
            <p class="note bad" role="status">
                {Icon::WARNING.draw()}
                <span>{sentence} <a href="#log">"See why, and send again"</a></span>
            </p>
        }
    });
    view! {
        <div id="failures" data-live="">
            {note}
        </div>
    }
    .into_any()
}

/// A sentence, and the blank after it; empty if there is nothing to say.
fn undelivered(mails: usize) -> String {
    match mails {
        0 => String::new(),
        1 => "An email couldn't be delivered. ".to_owned(),
        many => format!("{many} emails couldn't be delivered. "),
    }
}

/// The log itself. `page.js` fetches it again while a mail waits.
pub fn log(notices: NoticesView) -> AnyView {
    let waiting = |delivery: &Delivery| delivery.state == DeliveryState::Waiting;
    let waiting = notices.deliveries.iter().any(waiting);
    let change = offers(SavePreferences::PATH)
        .then(|| view! { <a href="/preferences/account">"Change"</a> });
    view! {
        <section id="log" aria-labelledby="log-title" data-live="" data-waiting=waiting>
            <h2 id="log-title" tabindex="-1">
                "Delivery log"
            </h2>
            {table(notices.deliveries, notices.total)}
            <p class="zone">
                "All dates are in " {notices.time_zone} ". " {change}
            </p>
        </section>
    }
    .into_any()
}

fn table(deliveries: Vec<Delivery>, total: i64) -> AnyView {
    if deliveries.is_empty() {
        return view! {
            <div class="empty">
                {Icon::MAIL.draw()} <h3>"Nothing sent yet"</h3>
                <p>"The first notice is sent when one of your keys is about to expire."</p>
            </div>
        }
        .into_any();
    }
    let shown = deliveries.len();
    let kept = usize::try_from(total).is_ok_and(|total| total > shown);
    let mut rows = deliveries.into_iter().map(row);
    let newest: Vec<AnyView> = rows.by_ref().take(AT_FIRST).collect();
    let older: Vec<AnyView> = rows.collect();
    let older = (!older.is_empty()).then(|| {
        view! {
            <details class="older">
                <summary>{format!("Show {} older", older.len())}</summary>
                {emails("Older emails, newest first", older)}
            </details>
        }
    });
    view! {
        {emails("Emails, newest first", newest)}
        {older}
        {kept.then(|| view! { <p class="zone">{format!("The newest of {total} emails, and those that failed.")}</p> })}
    }
    .into_any()
}

fn emails(caption: &'static str, rows: Vec<AnyView>) -> AnyView {
    view! {
        <table class="log">
            <caption class="visually-hidden">{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">"What"</th>
                    <th scope="col">"To"</th>
                    <th scope="col">"When"</th>
                    <th scope="col">"State"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(delivery: Delivery) -> AnyView {
    let state = state(&delivery);
    // A notice is written down before it is due: what was sent has the time of its sending.
    let when = if delivery.state == DeliveryState::Sent {
        delivery.at.clone()
    } else {
        delivery.created.clone()
    };
    let subject = match delivery.kind {
        MailKind::Notice => {
            let shown = i64::try_from(delivery.keys.len()).unwrap_or_default();
            let more = delivery.key_count - shown;
            let more = match (shown, more) {
                (_, ..=0) => None,
                // The session may not see keys.
                (0, 1) => Some("1 key".to_owned()),
                (0, many) => Some(format!("{many} keys")),
                (_, more) => Some(format!("and {more} more")),
            };
            let keys = delivery.keys.into_iter().map(key).collect_view();
            view! {
                <ul>
                    {keys}
                    {more.map(|more| view! { <li class="muted">{more}</li> })}
                </ul>
            }
            .into_any()
        }
        MailKind::ConfirmAddress => "Link to confirm your address".into_any(),
        MailKind::ConfirmSecondRecipient => "Link to confirm the second recipient".into_any(),
        MailKind::ResetPassword => "Link to set a new password".into_any(),
        MailKind::PasswordChanged => "Password changed".into_any(),
        MailKind::ChangeAddress => "Link to confirm a new address".into_any(),
        MailKind::AddressAsked => "Address change requested".into_any(),
        MailKind::AddressChanged => "Address changed".into_any(),
        MailKind::AccountDeleted => "Account deleted".into_any(),
    };
    view! {
        <tr>
            <th scope="row">{subject}</th>
            <td class="to">
                <bdi>{delivery.recipient}</bdi>
            </td>
            <td class="at">
                <time datetime=when.rfc3339>{when.text}</time>
            </td>
            <td>
                <div class="outcome">{state}</div>
            </td>
        </tr>
    }
    .into_any()
}

fn key(key: DeliveredKey) -> AnyView {
    let name = view! { <bdi>{key.name}</bdi> }.into_any();
    let name = if key.exists && allows(ShowKey::PATH) {
        view! { <a href=key_path(&key.access_key)>{name}</a> }.into_any()
    } else {
        name
    };
    let fate = fate(key.left_out, key.exists);
    view! {
        <li class:muted=key.left_out>
            {name}
            <span class="muted">
                {key.stage.label()}
                <span class="expiry">" · " <time datetime=key.expires.rfc3339>{key.expires.text}</time></span>
                {fate}
            </span>
        </li>
    }
    .into_any()
}

/// The end of a key's line: the reason why the mail left it out, or that it has no page.
fn fate(left_out: bool, exists: bool) -> &'static str {
    match (left_out, exists) {
        (true, true) => " · skipped: extended, or covered by a more urgent notice",
        (true, false) => " · skipped: deleted",
        (false, true) => "",
        (false, false) => " · deleted since",
    }
}

/// The state of a mail: icon, word and colour, and the mail server's response to a failure.
fn state(delivery: &Delivery) -> AnyView {
    let (class, icon, word) = match delivery.state {
        DeliveryState::Sent => ("active", Icon::CHECK, "Sent"),
        DeliveryState::Waiting => ("expiring", Icon::CLOCK, "Waiting"),
        DeliveryState::Failed => ("expired", Icon::STOP, "Failed"),
        DeliveryState::Dropped => ("", Icon::CLOSE, "Not sent"),
    };
    let about = about(delivery);
    let unwell = matches!(
        delivery.state,
        DeliveryState::Waiting | DeliveryState::Failed
    );
    let words = (unwell && !delivery.words.is_empty())
        .then(|| view! { <q class="words">{delivery.words.clone()}</q> });
    let again = (delivery.state == DeliveryState::Failed).then(|| {
        let mail = ("mail", delivery.id.clone());
        plain_press(SendAgain::PATH, Some(mail), "Send again", "button")
    });
    view! {
        {status::fixed(class, icon, word)}
        {(!about.is_empty()).then(|| view! { <span class="muted">{about}</span> })}
        {words}
        {again}
    }
    .into_any()
}

/// A sentence about the state of a mail; empty if the word says it all.
fn about(delivery: &Delivery) -> String {
    match delivery.state {
        DeliveryState::Sent => String::new(),
        DeliveryState::Waiting => {
            let put_off = delivery.at.at > delivery.created.at;
            match (delivery.words.is_empty(), put_off && delivery.attempts == 0) {
                (false, _) => format!("Next try: {}", delivery.at.text),
                (true, true) => format!("Goes out with other notices at {}", delivery.at.text),
                // It is on its way.
                (true, false) => String::new(),
            }
        }
        DeliveryState::Failed => format!("Last try: {}", delivery.at.text),
        DeliveryState::Dropped => "No longer needed by the time we could send it.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::moment;

    /// A mail of instant 1 whose state is due at `at`.
    fn delivery(state: DeliveryState, at: i64, attempts: i64, words: &str) -> Delivery {
        Delivery {
            id: "mail".to_owned(),
            kind: MailKind::Notice,
            recipient: "ada@example.com".to_owned(),
            created: moment(1),
            state,
            at: moment(at),
            attempts,
            words: words.to_owned(),
            keys: Vec::new(),
            key_count: 0,
        }
    }

    #[test]
    fn the_sentence_agrees_with_its_number() {
        assert_eq!(undelivered(0), "");
        assert_eq!(undelivered(1), "An email couldn't be delivered. ");
        assert_eq!(undelivered(7), "7 emails couldn't be delivered. ");
    }

    /// A mail that waits says what for: for the mail server, for other keys, or only for its turn.
    #[test]
    fn a_waiting_mail_says_what_it_waits_for() {
        use DeliveryState::Waiting;
        for (at, attempts, words, text) in [
            (1, 0, "", ""),
            (60, 0, "", "Goes out with other notices at day 60"),
            (60, 1, "", ""),
            (60, 1, "451 busy", "Next try: day 60"),
            (60, 0, "451 busy", "Next try: day 60"),
        ] {
            let delivery = delivery(Waiting, at, attempts, words);
            assert_eq!(about(&delivery), text, "{attempts} attempts, {words:?}");
        }
    }

    #[test]
    fn a_mail_at_its_end_says_how_it_ended() {
        use DeliveryState::{Dropped, Failed, Sent};
        assert_eq!(about(&delivery(Sent, 5, 1, "250 ok")), "");
        assert_eq!(about(&delivery(Failed, 5, 9, "550 no")), "Last try: day 5");
        let dropped = about(&delivery(Dropped, 5, 0, ""));
        assert_eq!(dropped, "No longer needed by the time we could send it.");
    }

    #[test]
    fn a_key_in_a_mail_says_why_it_is_missing() {
        assert_eq!(fate(false, true), "");
        assert_eq!(fate(false, false), " · deleted since");
        assert_eq!(fate(true, false), " · skipped: deleted");
        let announced = " · skipped: extended, or covered by a more urgent notice";
        assert_eq!(fate(true, true), announced);
    }
}
