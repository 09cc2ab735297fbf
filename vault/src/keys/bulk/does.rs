//! What a change of many keys does to each of them, and the sentence about its outcome.

use shared::DAY_MS;
use shared::capability::Need;
use shared::expiry::{Expiry, ExpiryError, MAX_INSTANT};
use shared::validation::{self, FieldErrors};

use super::Changes;
use crate::accounts::account::Account;
use crate::keys::row::Row;
use crate::keys::sentence;
use crate::keys::unseen;
use crate::storage::audit::Action;

/// What is done to each key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Does {
    /// Lasts longer: by days, or until a date.
    Extend(Expiry),
    Set(Expiry),
    Expire,
    Delete,
}

impl Does {
    /// Parses an action.
    pub(super) fn parse(action: &str, expiry: &str) -> Result<Self, FieldErrors> {
        Ok(match action.trim() {
            "extend" => Self::Extend(validation::expiry(expiry)?),
            "set" => Self::Set(validation::expiry(expiry)?),
            "expire" => Self::Expire,
            "delete" => Self::Delete,
            _ => return Err(FieldErrors::one("action", "Choose what to do.")),
        })
    }

    /// Returns what the change needs of its session.
    pub(super) fn need(self) -> Need {
        match self {
            Self::Extend(_) | Self::Set(_) => Need::EDIT,
            Self::Expire => Need::EXPIRE,
            Self::Delete => Need::DELETE,
        }
    }

    /// Returns the action of the trail, and its detail. A deletion's detail is the name.
    pub(super) fn entry(self) -> (Action, &'static str) {
        match self {
            Self::Extend(_) => (Action::Restored, ""),
            Self::Set(_) => (Action::Edited, "expiration"),
            Self::Expire => (Action::Expired, ""),
            Self::Delete => (Action::Deleted, ""),
        }
    }

    /// Changes a row, and returns whether that changes it.
    pub(super) fn apply(
        self,
        row: &mut Row,
        account: &Account,
        now: i64,
    ) -> Result<bool, ExpiryError> {
        Ok(match self {
            Self::Extend(expiry) => {
                row.set_expiration(extended(expiry, row.expires_at, account, now)?, now)
            }
            Self::Set(expiry) => {
                row.set_expiration(expiry.resolve_later(now, &account.time_zone)?, now)
            }
            Self::Expire => row.expire(now),
            Self::Delete => true,
        })
    }

    /// Returns the sentence about this number of changed keys, for a session that may not see them.
    pub(super) fn unseen(self, changed: usize) -> String {
        let (one, many) = match self {
            Self::Delete => ("is deleted", "are deleted"),
            Self::Expire => ("has expired", "have expired"),
            Self::Extend(_) | Self::Set(_) => ("is saved", "are saved"),
        };
        let keys = unseen::counted(changed);
        match changed {
            0 => "No key was changed.".to_owned(),
            1 => format!("{keys} {one}."),
            _ => format!("{keys} {many}."),
        }
    }

    /// Returns the sentence about the changed keys and about `others`, which stay as they were; `endless` of them never
    /// expire.
    pub(super) fn sentence(
        self,
        changes: &Changes,
        (others, endless): (usize, usize),
        account: &Account,
        now: i64,
    ) -> String {
        let after = &changes.after;
        let Some(first) = after.first() else {
            return match self {
                Self::Extend(_) if others == 1 && endless == 1 => {
                    "The key never expires, so there is nothing to extend.".to_owned()
                }
                Self::Extend(_) if others > 0 && endless == others => {
                    format!("These {others} keys never expire, so there is nothing to extend.")
                }
                Self::Extend(_) if others == 1 => "The key already lasts longer.".to_owned(),
                Self::Extend(_) if others > 0 => format!("All {others} keys already last longer."),
                _ if others == 0 => "No key matches.".to_owned(),
                _ => "The keys were like that already.".to_owned(),
            };
        };
        let count = after.len();
        let alike = after.iter().all(|row| row.expires_at == first.expires_at);
        let said = match self {
            Self::Delete if count == 1 => format!("{} is deleted.", first.name),
            Self::Delete => format!("{count} keys are deleted."),
            _ if count == 1 => sentence::expires(first, account, now),
            Self::Expire => format!("{count} keys have expired."),
            Self::Extend(Expiry::Days(days)) if !alike => {
                sentence::extended(&changes.before, days, now)
            }
            Self::Extend(_) | Self::Set(_) => {
                sentence::all_expire(count, first.expires_at, account)
            }
        };
        let rest = match (self, others) {
            (_, 0) => String::new(),
            (Self::Extend(_), 1) if endless == 1 => " 1 other never expires.".to_owned(),
            (Self::Extend(_), others) if endless == others => {
                format!(" {others} others never expire.")
            }
            (Self::Extend(_), 1) => " 1 other already lasts longer.".to_owned(),
            (Self::Extend(_), others) => format!(" {others} others already last longer."),
            (Self::Expire, 1) => " 1 other had expired already.".to_owned(),
            (Self::Expire, others) => format!(" {others} others had expired already."),
            (Self::Set(_), 1) => " 1 other had that date already.".to_owned(),
            (_, others) => format!(" {others} others had that date already."),
        };
        said + &rest
    }
}

/// Returns the expiration of a key that is to last longer: the present one, if it already does. Days are added to what is
/// left.
fn extended(
    expiry: Expiry,
    present: Option<i64>,
    account: &Account,
    now: i64,
) -> Result<Option<i64>, ExpiryError> {
    let Some(ends) = present else {
        return Ok(None);
    };
    let wanted = match expiry {
        Expiry::Days(days) => {
            let at = ends.max(now).saturating_add(i64::from(days) * DAY_MS);
            if at > MAX_INSTANT {
                return Err(ExpiryError::TooFar);
            }
            Some(at)
        }
        other => other.resolve_later(now, &account.time_zone)?,
    };
    Ok(wanted.map(|at| at.max(ends)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_435_200_000;

    #[test]
    fn extending_adds_to_what_is_left_and_never_shortens() {
        let to = |text: &str, present| {
            let expiry = text.parse().unwrap_or(Expiry::Never);
            extended(expiry, present, &Account::sample(), NOW)
        };
        let day = DAY_MS;
        assert_eq!(to("2d", Some(NOW + day)), Ok(Some(NOW + 3 * day)));
        assert_eq!(to("2d", Some(NOW - day)), Ok(Some(NOW + 2 * day)));
        assert_eq!(to("2d", None), Ok(None));
        assert_eq!(to("never", Some(NOW - day)), Ok(None));
        assert_eq!(to("never", None), Ok(None));
        let end = Some(NOW + 10 * day);
        assert_eq!(to("2026-11-25", end), Ok(end));
        assert_eq!(to("1d", Some(MAX_INSTANT)), Err(ExpiryError::TooFar));
        assert_eq!(to("2020-01-01", end), Err(ExpiryError::Past));
    }
}
