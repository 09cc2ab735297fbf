//! The content of the Dashboard, and of the page that spreads out expirations.
//!
//! The browser reads a [`Dashboard`], most of which is HTML: only the keys of the banner change and tick there. The server
//! makes it of an [`Overview`].

use serde::{Deserialize, Serialize};

use super::{AddressView, ClaimView, Counts, KeyView, Offer};
use crate::moment::Moment;
use crate::usage::{DayCalls, Failing};

/// A key that needs attention, and its failing callers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attention {
    pub key: KeyView,
    pub failing: Option<Failing>,
    /// As [`super::KeyDetail::expired_by`].
    pub expired_by: String,
}

/// A line of the banner.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Line {
    pub key: KeyView,
    pub failing: Option<Failing>,
    /// As [`super::KeyDetail::expired_by`].
    pub expired_by: String,
    /// The later expirations that the line offers.
    pub offers: Vec<Offer>,
    /// The menu that snoozes the key, as HTML.
    pub menu: String,
}

/// The Dashboard as the browser reads it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Dashboard {
    pub now: i64,
    pub window: i64,
    /// When the next key expires, which changes more than its line: the page then asks again.
    pub next: Option<i64>,
    pub alarms: Alarms,
    /// The class of the banner: "red", "amber", or "calm" if no key needs attention.
    pub tone: String,
    /// "2 keys expire within the next 14 days."
    pub sentence: String,
    pub attention: Vec<Line>,
    /// At most [`Overview::SNOOZED`].
    pub snoozed: Vec<SnoozedKey>,
    /// Whether the page waits for the first call of a program.
    pub waits: bool,
    /// Parts as HTML, from top to bottom: the notes above the banner, the links to keys without a line in it, the list of
    /// snoozed keys, the first steps, and all below.
    pub notes: String,
    pub more: String,
    pub put_off: String,
    pub steps: String,
    pub rest: String,
}

/// The numbers of keys that need attention, without those that are snoozed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Alarms {
    /// Expired, and still called.
    pub failing: i64,
    /// Inside the warning window.
    pub soon: i64,
    /// Expired by themselves a short time ago, and silent.
    pub expired: i64,
}

impl Alarms {
    pub fn total(self) -> i64 {
        self.failing + self.soon + self.expired
    }
}

/// A key whose alarm is snoozed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SnoozedKey {
    pub access_key: String,
    pub name: String,
    /// When the alarm is shown again, unless the key expires or more of its calls fail before.
    pub until: Moment,
}

/// An end of a snooze.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Later {
    /// In the expiry grammar: "7d".
    pub until: &'static str,
    /// "1 week".
    pub label: &'static str,
    /// "Mon 7 Dec 2026".
    pub day: String,
}

/// The expirations of the next twelve months.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ahead {
    /// From today on, in the account's zone; at least a year.
    pub weeks: Vec<Week>,
    /// The first days of the months in `weeks`.
    pub months: Vec<Month>,
    /// The days on which the most keys expire, if there is time to spread them out; the earliest first.
    pub heaps: Vec<Heap>,
}

/// A week of [`Ahead`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Week {
    /// Its first and last day: "26 Apr – 2 May".
    pub days: String,
    /// The number of keys that expire in it.
    pub keys: i64,
}

/// A month of [`Ahead`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Month {
    /// Its first day, in days from today.
    pub at: i64,
    /// "May".
    pub name: String,
}

/// A day on which many keys expire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Heap {
    /// For addresses: "2027-05-01".
    pub day: String,
    /// For people: "Sat 1 May 2027".
    pub text: String,
    pub keys: i64,
    /// The place of its week in [`Ahead::weeks`].
    pub week: i64,
}

/// A key with refused calls.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusedKey {
    pub access_key: String,
    pub name: String,
    /// The number of refused calls.
    pub calls: i64,
}

/// The first steps of a new account.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FirstSteps {
    /// The access key of the oldest key; empty if there is none.
    pub access_key: String,
    /// Whether a program has called with a key.
    pub called: bool,
    /// Whether the address is confirmed; none for an account without an address of its own.
    pub confirmed: Option<bool>,
    /// Whether a key has a name of the owner's choice.
    pub named: bool,
    /// Whether there is a second recipient.
    pub second: bool,
}

/// The content of the Dashboard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Overview {
    pub now: i64,
    pub window: i64,
    pub time_zone: String,
    /// The date after today in the account's zone: "2026-11-27".
    pub tomorrow: String,
    /// The ends of a snooze that are offered, soonest first.
    pub later: Vec<Later>,
    pub counts: Counts,
    /// The keys of the banner: first those that are still called although they have expired, the last called first, then
    /// those that expire next, then those that have expired, the last one first; see [`Overview::ALARMS`].
    pub attention: Vec<Attention>,
    pub alarms: Alarms,
    /// At most [`Overview::SNOOZED`].
    pub snoozed: Vec<SnoozedKey>,
    pub ahead: Ahead,
    /// The next expirations, soonest first; at most [`Overview::LIMIT`].
    pub upcoming: Vec<KeyView>,
    /// Of all keys in the last [`crate::usage::OVERVIEW_DAYS`] days, oldest first.
    pub calls: Vec<DayCalls>,
    /// The keys with the most refused calls in the same days; at most [`Overview::LIMIT`].
    pub refused: Vec<RefusedKey>,
    /// The number of refused calls of keys that have been deleted since.
    pub refused_deleted: i64,
    /// Until the owner dismisses it.
    pub claim: Option<ClaimView>,
    /// None for an account without an address of its own.
    pub address: Option<AddressView>,
    /// While the account is new, until all are taken or the owner dismisses them.
    pub steps: Option<FirstSteps>,
}

impl Overview {
    /// Keys in the banner; one more if that is all.
    pub const ALARMS: u32 = 3;
    /// Keys in the list of snoozed ones.
    pub const SNOOZED: u32 = 100;
    /// Keys in each other list.
    pub const LIMIT: u32 = 5;
}

/// The preview of spreading out the keys that expire on one day.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StaggerPlan {
    pub time_zone: String,
    /// For addresses: "2027-05-01".
    pub day: String,
    /// For people: "Sat 1 May 2027".
    pub text: String,
    /// The number of keys that expire on that day.
    pub keys: i64,
    /// The number of days to spread them over, that day among them; at most `room`.
    pub days: i64,
    /// The number of days from tomorrow to that day.
    pub room: i64,
    /// The number of keys that would expire earlier.
    pub moved: i64,
    /// The days on which keys would expire, in order.
    pub spread: Vec<StaggerDay>,
    /// Of all that it depends on.
    pub version: String,
}

impl StaggerPlan {
    /// The choices of days.
    pub const DAYS: [u32; 4] = [3, 7, 14, 30];
    /// Names listed for each day.
    pub const NAMES: usize = 10;
}

/// A day of a [`StaggerPlan`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StaggerDay {
    /// "Mon 26 Apr 2027".
    pub text: String,
    pub keys: i64,
    /// The keys' names, in the order of expiration; at most [`StaggerPlan::NAMES`].
    pub names: Vec<String>,
}
