//! The shapes of Preferences → Notices and of the pages that links in mails lead to.

use serde::{Deserialize, Serialize};

use crate::mail::{DeliveryState, LinkPurpose, MailKind};
use crate::moment::Moment;
use crate::notice::Stage;

/// A second address that gets notices about an account's keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SecondRecipient {
    pub address: String,
    /// Before confirmation it gets only the link to confirm.
    pub confirmed: bool,
}

/// Preferences → Notices.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NoticesView {
    pub now: i64,
    pub time_zone: String,
    /// The account's own address; empty for an account without one.
    pub email: String,
    /// Whether mail is known to arrive there. Notices are sent there either way.
    pub confirmed: bool,
    /// Whether the account's maker is known to read it: only then does a password reset leave the keys alone.
    pub owned: bool,
    /// The chosen stages, in the order of time.
    pub stages: Vec<Stage>,
    /// The addresses that the operator has set. They get every notice too.
    pub of_operator: Vec<String>,
    pub second_recipient: Option<SecondRecipient>,
    /// The address of the calendar feed; empty for who may not see it. It gives access to the keys' names and dates.
    pub calendar_url: String,
    /// Newest first: the last [`NoticesView::LIMIT`], and as many earlier ones that were given up.
    pub deliveries: Vec<Delivery>,
    /// The number of mails in all.
    pub total: i64,
}

impl NoticesView {
    /// Deliveries shown, in any state.
    pub const LIMIT: u32 = 50;
}

/// One mail in the delivery log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delivery {
    /// The id for *Send again*.
    pub id: String,
    pub kind: MailKind,
    pub recipient: String,
    /// The instant at which the reason to send it arose.
    pub created: Moment,
    pub state: DeliveryState,
    /// The instant at which it was sent, given up or dropped; while it waits, of the next try.
    pub at: Moment,
    /// Times it was handed to the mail server.
    pub attempts: i64,
    /// The mail server's last response; empty if none yet.
    pub words: String,
    /// The keys in it, most urgent first; at most [`Delivery::KEYS`]. Empty unless it is a notice.
    pub keys: Vec<DeliveredKey>,
    /// The number of keys in it.
    pub key_count: i64,
}

impl Delivery {
    /// Keys listed for each mail.
    pub const KEYS: u32 = 10;
}

/// A key in a mail.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeliveredKey {
    pub access_key: String,
    /// The name at that time.
    pub name: String,
    pub stage: Stage,
    /// The expiration in the notice.
    pub expires: Moment,
    /// Whether this key was left out: it had been extended, deleted, or announced more urgently meanwhile.
    pub left_out: bool,
    /// Whether the key still exists and so has a page.
    pub exists: bool,
}

/// A valid link, as its page shows it before the button is pressed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LinkView {
    pub purpose: LinkPurpose,
    /// The address that it was sent to.
    pub address: String,
    /// The address of the account that it acts on.
    pub account: String,
    /// Whether the account's maker is known to read mail there.
    pub owned: bool,
}
