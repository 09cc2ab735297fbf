//! The shapes of Preferences → Notices and of the pages that links in mails lead to.

use serde::{Deserialize, Serialize};

use crate::mail::{DeliveryState, LinkPurpose, MailKind};
use crate::moment::Moment;
use crate::notice::Stage;

/// A second address that hears of an account's keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SecondRecipient {
    pub address: String,
    /// Until it has confirmed, it gets nothing but the link to do so.
    pub confirmed: bool,
}

/// Preferences → Notices.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NoticesView {
    pub now: i64,
    pub time_zone: String,
    /// The account's own address.
    pub email: String,
    /// Whether mail is known to arrive there. Notices go there either way.
    pub confirmed: bool,
    /// Whether the account's maker is known to read it: only then does a password reset leave the keys alone.
    pub owned: bool,
    /// Those chosen, in the order of time.
    pub stages: Vec<Stage>,
    pub second_recipient: Option<SecondRecipient>,
    /// The address of the calendar feed. Whoever has it sees the keys' names and dates.
    pub calendar_url: String,
    /// Newest first: the last [`NoticesView::LIMIT`], and as many earlier ones that were given up.
    pub deliveries: Vec<Delivery>,
    /// How many there are in all.
    pub total: i64,
}

impl NoticesView {
    /// Deliveries shown, whatever became of them.
    pub const LIMIT: u32 = 50;
}

/// One mail in the delivery log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delivery {
    /// Names it for *Send again*.
    pub id: String,
    pub kind: MailKind,
    pub recipient: String,
    /// When there was a reason to send it.
    pub created: Moment,
    pub state: DeliveryState,
    /// When it was sent, was given up or was dropped; while it waits, when it is tried next.
    pub at: Moment,
    /// Times it was handed to the mail server.
    pub attempts: i64,
    /// What the mail server said last; empty if nothing yet.
    pub words: String,
    /// The keys that it speaks of, most urgent first; at most [`Delivery::KEYS`]. Empty unless it is a notice.
    pub keys: Vec<DeliveredKey>,
    /// How many keys it speaks of.
    pub key_count: i64,
}

impl Delivery {
    /// Keys named of each mail.
    pub const KEYS: u32 = 10;
}

/// A key in a mail.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeliveredKey {
    pub access_key: String,
    /// As it was called then.
    pub name: String,
    pub stage: Stage,
    /// Of which expiration the notice spoke.
    pub expires: Moment,
    /// Whether this key was left out: it had been extended, deleted, or announced more urgently meanwhile.
    pub left_out: bool,
    /// Whether the key still exists and so has a page.
    pub exists: bool,
}

/// A link that still works, as its page shows it before the button is pressed.
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
