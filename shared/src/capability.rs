//! Capabilities: what a session that a portal link began may do, and what each operation needs of a session. An ordinary
//! session may do everything.

use std::fmt;
use std::str::FromStr;

/// One thing that a session may do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Capability {
    /// See the keys, their usage and their history; search and export them.
    Read,
    /// Create keys.
    Create,
    /// Change names, descriptions and expirations, restore keys, and change how the account writes and reads dates.
    Edit,
    /// Put keys out of use.
    Expire,
    /// Delete keys for ever.
    Delete,
    /// See and change who gets which notices, snooze them, and see the log of mails, which names keys to those that may see
    /// them.
    Notices,
}

impl Capability {
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Create,
        Self::Edit,
        Self::Expire,
        Self::Delete,
        Self::Notices,
    ];

    /// The name, as requests, answers and the database have it.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Read => "keys.read",
            Self::Create => "keys.create",
            Self::Edit => "keys.edit",
            Self::Expire => "keys.expire",
            Self::Delete => "keys.delete",
            Self::Notices => "notices",
        }
    }

    /// What it allows, as the object of "includes".
    pub fn doing(self) -> &'static str {
        match self {
            Self::Read => "seeing keys",
            Self::Create => "creating keys",
            Self::Edit => "editing keys",
            Self::Expire => "expiring keys",
            Self::Delete => "deleting keys",
            Self::Notices => "notices",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl FromStr for Capability {
    type Err = ();

    fn from_str(slug: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|one| one.slug() == slug);
        found.ok_or(())
    }
}

/// What an operation needs of the session that asks for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Need {
    /// Nothing more than a session.
    Session,
    /// One of these capabilities; the operation itself may need a certain one.
    OneOf(&'static [Capability]),
    /// All of these capabilities.
    AllOf(&'static [Capability]),
    /// The account's holder: no session that a portal link began, whatever it may do.
    Holder,
}

impl Need {
    pub const READ: Self = Self::OneOf(&[Capability::Read]);
    pub const CREATE: Self = Self::OneOf(&[Capability::Create]);
    pub const EDIT: Self = Self::OneOf(&[Capability::Edit]);
    pub const EXPIRE: Self = Self::OneOf(&[Capability::Expire]);
    pub const DELETE: Self = Self::OneOf(&[Capability::Delete]);
    pub const NOTICES: Self = Self::OneOf(&[Capability::Notices]);
    /// The calendar is among the notices, but its address shows every key, to anyone and for good.
    pub const CALENDAR: Self = Self::AllOf(&[Capability::Read, Capability::Notices]);
    /// To change the keys of a day: what chooses keys that were not named must see them too.
    pub const STAGGER: Self = Self::AllOf(&[Capability::Read, Capability::Edit]);

    /// Returns whether a session with these capabilities has it. `holder`: no portal link began the session.
    pub fn is_met(self, capabilities: Capabilities, holder: bool) -> bool {
        match self {
            Self::Session => true,
            Self::OneOf(some) => some.iter().any(|one| capabilities.has(*one)),
            Self::AllOf(all) => all.iter().all(|one| capabilities.has(*one)),
            Self::Holder => holder,
        }
    }

    /// Returns the sentence for a session without it.
    pub fn refusal(self) -> String {
        let doing = match self {
            Self::OneOf([first, ..]) => first.doing().to_owned(),
            Self::AllOf(all) => {
                let all: Vec<_> = all.iter().map(|one| one.doing()).collect();
                format!("both {}", all.join(" and "))
            }
            _ => "the account itself".to_owned(),
        };
        format!(
            "Your access here does not include {doing}. The app you came from decides what it includes."
        )
    }
}

/// A set of capabilities. It prints as their names in one order, separated by blanks.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct Capabilities(u8);

impl Capabilities {
    pub const NONE: Self = Self(0);

    /// Returns the capabilities of an ordinary session.
    pub fn all() -> Self {
        Capability::ALL.into_iter().collect()
    }

    pub fn has(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
    }

    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub fn iter(self) -> impl Iterator<Item = Capability> {
        let all = Capability::ALL.into_iter();
        all.filter(move |capability| self.has(*capability))
    }

    /// Returns the first page for a session with these.
    pub fn home(self) -> &'static str {
        if self.has(Capability::Read) {
            "/preferences/api-control"
        } else if self.has(Capability::Notices) {
            "/preferences/notices"
        } else if self.has(Capability::Create) {
            "/preferences/api-control/new"
        } else {
            "/developers"
        }
    }

    /// Reads the printed form. A name that this version does not know allows nothing.
    pub fn stored(text: &str) -> Self {
        let known = text.split_whitespace().filter_map(|slug| slug.parse().ok());
        known.collect()
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        let bits = capabilities.into_iter().map(Capability::bit);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, capability) in self.iter().enumerate() {
            let blank = if place == 0 { "" } else { " " };
            write!(f, "{blank}{}", capability.slug())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are a contract: in requests, in answers and in the database.
    #[test]
    fn a_capability_has_one_name() {
        let names = "keys.read keys.create keys.edit keys.expire keys.delete notices";
        assert_eq!(Capabilities::all().to_string(), names);
        for capability in Capability::ALL {
            assert_eq!(capability.slug().parse(), Ok(capability));
        }
        for unknown in ["", "keys", "keys.*", "Keys.read", "keys.read "] {
            assert_eq!(unknown.parse::<Capability>(), Err(()), "{unknown:?}");
        }
    }

    #[test]
    fn a_need_is_met_by_one_of_its_capabilities() {
        let some = Need::OneOf(&[Capability::Edit, Capability::Expire]);
        for set in (0..64).map(Capabilities) {
            for holder in [false, true] {
                assert!(Need::Session.is_met(set, holder));
                assert_eq!(Need::Holder.is_met(set, holder), holder);
                let either = set.has(Capability::Edit) || set.has(Capability::Expire);
                assert_eq!(some.is_met(set, holder), either, "{set}");
                let both = set.has(Capability::Read) && set.has(Capability::Edit);
                assert_eq!(Need::STAGGER.is_met(set, holder), both, "{set}");
                assert_eq!(Need::READ.is_met(set, holder), set.has(Capability::Read));
                let both = set.has(Capability::Read) && set.has(Capability::Notices);
                assert_eq!(Need::CALENDAR.is_met(set, holder), both, "{set}");
            }
        }
        assert_eq!(
            Need::DELETE.refusal(),
            "Your access here does not include deleting keys. The app you came from decides what it includes."
        );
        assert!(some.refusal().contains("editing keys"));
        let both = "does not include both seeing keys and notices.";
        assert!(Need::CALENDAR.refusal().contains(both));
        assert!(
            Need::STAGGER
                .refusal()
                .contains("both seeing keys and editing keys")
        );
        assert!(Need::Holder.refusal().contains("the account itself"));
    }

    #[test]
    fn every_set_reads_as_it_prints() {
        for bits in 0..64 {
            let set = Capabilities(bits);
            assert_eq!(Capabilities::stored(&set.to_string()), set);
            assert_eq!(set.iter().collect::<Capabilities>(), set);
            let count = u32::try_from(set.iter().count());
            assert_eq!(count, Ok(bits.count_ones()));
        }
        let set = Capabilities::stored(" notices  keys.read later.one");
        assert_eq!(set.to_string(), "keys.read notices");
        assert!(set.has(Capability::Notices) && !set.has(Capability::Edit));
        assert!(Capabilities::stored("later.one").is_empty());
        assert_eq!(set.home(), "/preferences/api-control");
        let home = |text| Capabilities::stored(text).home();
        assert_eq!(home("keys.create notices"), "/preferences/notices");
        assert_eq!(
            home("keys.create keys.edit"),
            "/preferences/api-control/new"
        );
        assert_eq!(home("keys.edit"), "/developers");
    }
}
