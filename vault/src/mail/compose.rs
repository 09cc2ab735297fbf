//! Contents of the mails. Each has a text and an HTML form that say the same, in the terms of the pages.

use maud::html;
use shared::relative::relative;

pub use super::digest::{Notice, Stop, digest};
use super::letter::Content;
use super::letterhead::Letterhead;
use super::page::{PARAGRAPH, link};
use crate::time::format::moment;
use crate::time::zones::Zone;

/// Returns the mail to the address of a new account. `link` is the full URL of the page with the button.
pub fn confirm_address(head: Letterhead<'_>, link: &str) -> Content {
    let base_url = head.base_url;
    Plain {
        subject: "Confirm your email address",
        paragraphs: &[
            &format!(
                "Someone created an account with this address at {base_url}. If it was you, confirm the address, so that \
                 we can warn you before an API key expires. The account works in the meantime."
            ),
            &format!(
                "If it wasn't you, don't confirm: the person who created the account knows its password and API keys. \
                 Ignore this email, or take over the account by setting a new password at \
                 {base_url}/forgot-password, which expires the keys created before."
            ),
        ],
        act: Some(("Confirm this address", link)),
        otherwise: "The address is confirmed when you press the button on that page.",
    }
    .write(head)
}

/// Returns the mail to an address that the account `account_email` wants to notify of its keys as well.
pub fn confirm_second_recipient(head: Letterhead<'_>, account_email: &str, link: &str) -> Content {
    let base_url = head.base_url;
    Plain {
        subject: "Confirm that you want expiry notices",
        paragraphs: &[&format!(
            "The account {account_email} at {base_url} wants to send the notices about its API keys to this \
             address too: when a key is about to expire, and when it has expired. We won't send any until you confirm."
        )],
        act: Some(("Receive the notices", link)),
        otherwise: "If you don't want them, ignore this email.",
    }
    .write(head)
}

/// Returns the mail to reset a forgotten password. Unless the account's creator is proven to read mail there (`owned`),
/// another person may have created the account.
pub fn reset_password(head: Letterhead<'_>, link: &str, owned: bool) -> Content {
    let base_url = head.base_url;
    let keys = if owned {
        "Your API keys keep working."
    } else {
        "This address wasn't confirmed from a browser signed in to the account, so someone else may have created it. \
         Setting a new password confirms the address and expires the API keys created before. You can restore the ones you \
         recognize."
    };
    Plain {
        subject: "Set a new password",
        paragraphs: &[&format!(
            "We received a request to set a new password for the account with this address at {base_url}. \
             Setting one signs you out everywhere. {keys}"
        )],
        act: Some(("Set a new password", link)),
        otherwise: "If this wasn't you, ignore this email: your password is unchanged.",
    }
    .write(head)
}

/// Returns the mail about a password that was changed at `when`. `expired` is how many keys were expired because a
/// stranger may have created the account; none: its creator was proven to read mail here.
pub fn password_changed(head: Letterhead<'_>, when: &str, expired: Option<i64>) -> Content {
    let base_url = head.base_url;
    let changed = format!(
        "The password of the account with this address at {base_url} was changed on {when}. All other \
         sessions have ended."
    );
    let claimed = expired.map(|expired| {
        let keys = match expired {
            0 => "No API key was in use.".to_owned(),
            1 => "The API key created before was expired and no longer works.".to_owned(),
            keys => format!("The {keys} API keys created before were expired and no longer work."),
        };
        format!(
            "This address wasn't confirmed from a browser signed in to the account, so someone else may have created it. \
             {keys} Restore only keys you recognize: {base_url}/preferences/api-control?status=expired"
        )
    });
    let paragraphs: Vec<&str> = [Some(changed.as_str()), claimed.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    Plain {
        subject: "Your password was changed",
        paragraphs: &paragraphs,
        act: None,
        otherwise: &format!(
            "If this wasn't you, set a new password now: {base_url}/forgot-password"
        ),
    }
    .write(head)
}

/// Returns the mail to `new`, the requested address of the account `account_email`.
pub fn change_address(head: Letterhead<'_>, account_email: &str, new: &str, link: &str) -> Content {
    let base_url = head.base_url;
    Plain {
        subject: "Confirm your new email address",
        paragraphs: &[&format!(
            "The account {account_email} at {base_url} wants to use {new} as its address, to sign in and for all \
             emails. Nothing changes until you confirm."
        )],
        act: Some(("Use this address", link)),
        otherwise: "If you don't know this account, ignore this email.",
    }
    .write(head)
}

/// Returns the mail to the current address about a requested one, `new`; none: it must not be named here.
pub fn address_asked(head: Letterhead<'_>, new: Option<&str>) -> Content {
    let base_url = head.base_url;
    let new = new.unwrap_or("another address");
    Plain {
        subject: "A change of your email address was requested",
        paragraphs: &[&format!(
            "We received a request, made with the account's password, to change the address of the account at \
             {base_url} to {new}. The account keeps this address until the change is confirmed with the link that we \
             sent to the new one."
        )],
        act: None,
        otherwise: &format!(
            "If this wasn't you, set a new password now: {base_url}/forgot-password. That ends every session and cancels \
             the request."
        ),
    }
    .write(head)
}

/// Returns the mail to the address that was an account's until `when`.
pub fn address_changed(head: Letterhead<'_>, when: &str) -> Content {
    let base_url = head.base_url;
    Plain {
        subject: "Your email address was changed",
        paragraphs: &[&format!(
            "The account at {base_url} that had this address has used another one since {when}. No more emails \
             are sent here, and links in earlier ones no longer work."
        )],
        act: None,
        otherwise: "If this wasn't you, contact the operator of this site.",
    }
    .write(head)
}

/// Returns the mail to the address of an account that was deleted at `when` with so many keys.
pub fn account_deleted(head: Letterhead<'_>, when: &str, keys: i64) -> Content {
    let base_url = head.base_url;
    let with = match keys {
        0 => String::new(),
        1 => " Its API key was deleted with it and has stopped working.".to_owned(),
        keys => format!(" Its {keys} API keys were deleted with it and have stopped working."),
    };
    Plain {
        subject: "Your account was deleted",
        paragraphs: &[&format!(
            "The account with this address at {base_url} was deleted on {when}.{with} This cannot be undone. \
             No more emails are sent here."
        )],
        act: None,
        otherwise: "If this wasn't you, contact the operator of this site.",
    }
    .write(head)
}

/// An operator's token to report.
#[derive(Clone, Debug)]
pub struct TokenNotice<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// UTC epoch milliseconds.
    pub expires_at: i64,
}

/// Returns the mail to the operator's address about tokens, the most urgent first. `now` is in UTC epoch milliseconds.
pub fn tokens(head: Letterhead<'_>, now: i64, notices: &[TokenNotice]) -> Content {
    let base_url = head.base_url;
    let expired = notices
        .iter()
        .filter(|token| token.expires_at <= now)
        .count();
    let counted = |count: usize| match count {
        1 => "1 operator token".to_owned(),
        count => format!("{count} operator tokens"),
    };
    let have = if expired == 1 { "has" } else { "have" };
    let subject = match (expired, notices.len() - expired) {
        (0, 1) => "1 operator token expires soon".to_owned(),
        (0, soon) => format!("{} expire soon", counted(soon)),
        (_, 0) => format!("{} {have} expired", counted(expired)),
        (_, 1) => format!("{} {have} expired, 1 expires soon", counted(expired)),
        (_, soon) => format!("{} {have} expired, {soon} expire soon", counted(expired)),
    };
    let lines = notices.iter().map(|token| {
        let verb = if token.expires_at <= now {
            "expired"
        } else {
            "expires"
        };
        let when = relative(token.expires_at, now);
        let at = moment(token.expires_at, Zone::utc()).text;
        format!("{} ({}) {verb} {when}, on {at}.", token.name, token.id)
    });
    let lead = format!(
        "The management API of Keyhold at {base_url} refuses a token from the moment it expires. Make another one in time, and \
         revoke the old one."
    );
    let paragraphs: Vec<String> = [lead].into_iter().chain(lines).collect();
    let paragraphs: Vec<&str> = paragraphs.iter().map(String::as_str).collect();
    Plain {
        subject: &subject,
        paragraphs: &paragraphs,
        act: None,
        otherwise: "You get this because KEYHOLD_OPERATOR_EMAIL names this address.",
    }
    .write(head)
}

/// Returns the mail of `keyhold mail test`.
pub fn test_mail(head: Letterhead<'_>) -> Content {
    let (base_url, name) = (head.base_url, &head.brand.name);
    Plain {
        subject: &format!("Test email from {name}"),
        paragraphs: &[&format!(
            "The mail settings of {name} at {base_url} work: this email was sent with them."
        )],
        act: None,
        otherwise: "An operator sent it with the command keyhold mail test.",
    }
    .write(head)
}

/// A mail of a few sentences, with at most one action.
struct Plain<'a> {
    subject: &'a str,
    paragraphs: &'a [&'a str],
    /// The label of the link, and the link.
    act: Option<(&'a str, &'a str)>,
    otherwise: &'a str,
}

/// The explanation of a link that acts.
const ONCE: &str = "The link opens a page with a button. It works once, for a limited time.";

impl Plain<'_> {
    fn write(&self, head: Letterhead<'_>) -> Content {
        let base_url = head.base_url;
        let sent_by = format!("Sent by {} at", head.brand.name);
        let mut lines: Vec<String> = Vec::new();
        for paragraph in self.paragraphs {
            lines.extend([(*paragraph).to_owned(), String::new()]);
        }
        if let Some((label, address)) = self.act {
            lines.extend([
                format!("{label}:"),
                address.to_owned(),
                String::new(),
                ONCE.to_owned(),
            ]);
        }
        lines.extend([
            self.otherwise.to_owned(),
            String::new(),
            format!("{sent_by} {base_url}"),
        ]);
        let content = html! {
            @for paragraph in self.paragraphs { p style=(PARAGRAPH) { (paragraph) } }
            @if let Some((label, address)) = self.act {
                p style=(PARAGRAPH) { (head.button(address, label, None)) }
                p style=(PARAGRAPH) { (ONCE) }
            }
        };
        let footer = html! { (self.otherwise) " " (sent_by) " " (link(base_url, base_url)) };
        Content {
            unsubscribe: None,
            subject: self.subject.to_owned(),
            text: head.text(&lines),
            html: head.page(self.subject, &content, &footer),
        }
    }
}
