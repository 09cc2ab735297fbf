//! Values that stand in several shapes.

use shared::moment::Moment;
use shared::status::Status;
use shared::usage::{DayCalls, Failing, Sparkline};
use shared::view::{AddressView, Counts, KeyView, Offer};

/// The largest whole number that JSON keeps in a browser.
pub const LARGEST: i64 = (1 << 53) - 1;

/// A text that differs from those of other fields and has characters that JSON escapes.
pub fn text(field: &str) -> String {
    format!("{field} \"\\\u{7}\u{e9}\u{1f511}")
}

pub fn moment(at: i64) -> Moment {
    Moment {
        at,
        rfc3339: text("rfc3339"),
        text: text("text"),
        local: text("local"),
    }
}

pub fn key(status: Status) -> KeyView {
    KeyView {
        access_key: text("access_key"),
        name: text("name"),
        description: String::new(),
        status,
        created: moment(-1),
        expires: (status != Status::Active).then(|| moment(LARGEST)),
        used: (status != Status::Expired).then(|| moment(0)),
        calls: Sparkline {
            accepted: 10,
            refused: 11,
            days: text("days"),
        },
        version: text("version"),
        offers: Vec::new(),
    }
}

pub fn offer() -> Offer {
    Offer {
        expiry: text("expiry"),
        label: text("label"),
        day: text("day"),
    }
}

pub fn counts() -> Counts {
    Counts {
        active: 1,
        expiring_soon: 2,
        expired: 3,
    }
}

pub fn calls() -> DayCalls {
    DayCalls {
        day: text("day"),
        accepted: 7,
        refused: 8,
    }
}

pub fn failing() -> Failing {
    Failing {
        callers: 2,
        last: moment(9),
    }
}

pub fn address(pending: Option<&str>) -> AddressView {
    AddressView {
        email: text("email"),
        confirmed: false,
        pending: pending.map(text),
    }
}
