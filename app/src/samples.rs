//! Samples for unit tests: instants, keys, and a Dashboard.

use shared::moment::Moment;
use shared::status::Status;
use shared::usage::Sparkline;
use shared::view::overview::{Ahead, Alarms, Attention, Overview};
use shared::view::{AddressView, Changed, Counts, KeyView};

/// An instant whose texts are its number.
pub fn moment(at: i64) -> Moment {
    Moment {
        at,
        rfc3339: format!("{at} in UTC"),
        text: format!("day {at}"),
        local: format!("{at} here"),
    }
}

/// A key that expires at an instant, or never.
pub fn key(name: &str, expires: Option<i64>) -> KeyView {
    KeyView {
        access_key: format!("kh_{name}"),
        name: name.to_owned(),
        description: String::new(),
        status: Status::Active,
        created: moment(0),
        expires: expires.map(moment),
        used: None,
        calls: Sparkline::default(),
        version: format!("{name}-good"),
        offers: Vec::new(),
    }
}

/// An answer of the Dashboard at instant 1000, with a banner of keys that expire at these instants.
pub fn overview(alarms: Alarms, banner: &[Option<i64>]) -> Overview {
    let attention = banner.iter().map(|expires| Attention {
        key: key("cron", *expires),
        failing: None,
        expired_by: String::new(),
    });
    Overview {
        now: 1000,
        window: 14 * shared::DAY_MS,
        time_zone: "UTC".to_owned(),
        tomorrow: "1970-01-02".to_owned(),
        later: Vec::new(),
        counts: Counts::default(),
        attention: attention.collect(),
        alarms,
        snoozed: Vec::new(),
        ahead: Ahead::default(),
        upcoming: Vec::new(),
        calls: Vec::new(),
        refused: Vec::new(),
        refused_deleted: 0,
        claim: None,
        address: Some(AddressView {
            email: "ada@example.com".to_owned(),
            confirmed: true,
            pending: None,
        }),
        steps: None,
    }
}

/// A change of the key *cron* from one expiration to another.
pub fn changed(before: &str, after: &str) -> Changed {
    Changed {
        access_key: "kh_cron".to_owned(),
        name: "cron".to_owned(),
        expiry_before: before.to_owned(),
        expiry: after.to_owned(),
        expires: None,
        version: "v2-expired".to_owned(),
        change: "change_1".to_owned(),
        sentence: "cron has expired.".to_owned(),
    }
}
