//! The session as an authority: what it may change, and whether it still holds in the transaction of the change.

use futures_util::future::BoxFuture;
use shared::capability::Need;
use sqlx::AnyConnection;

use super::{Session, holds};
use crate::accounts::account::{self, Account};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::storage::Authority;
use crate::storage::audit::{Maker, Origin};

/// The actor of an operation: a session, and the caller that presented it.
#[derive(Clone, Debug)]
pub struct Actor {
    pub session: Session,
    pub caller: Caller,
}

impl Actor {
    pub fn new(session: &Session, caller: &Caller) -> Self {
        Self {
            session: session.clone(),
            caller: caller.clone(),
        }
    }

    /// Returns the account that the actor is signed in to.
    pub fn account(&self) -> &Account {
        &self.session.account
    }

    /// Returns the authority for a change that needs this of the session.
    pub(crate) fn with(&self, need: Need) -> Entitled {
        Entitled {
            actor: self.clone(),
            need,
        }
    }

    fn origin(&self) -> Origin {
        let maker = match &self.session.portal {
            None => Maker::Account,
            Some(portal) => {
                let person = portal.person.as_ref();
                Maker::Portal(person.map(|person| person.external_id.clone()))
            }
        };
        Origin {
            maker,
            ..Origin::of(&self.caller)
        }
    }
}

/// The authority of a session for one change. The change counts against the quota of the session's account, and is
/// rejected if the session lacks what the change needs, if the session has ended since the request read it, by a change or
/// at its time, or while the account is suspended.
#[derive(Clone, Debug)]
pub(crate) struct Entitled {
    actor: Actor,
    need: Need,
}

impl Authority for Entitled {
    fn origin(&self) -> Origin {
        self.actor.origin()
    }

    fn quota(&self) -> Option<&str> {
        Some(&self.actor.session.account.id)
    }

    fn confirm<'a>(
        &'a self,
        connection: &'a mut AnyConnection,
        now: i64,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let session = &self.actor.session;
            if !holds(connection, session, now).await? {
                return Err(Error::SessionOver);
            }
            session.admit(self.need)?;
            account::refuse_suspended(connection, &session.account.id).await
        })
    }
}

/// The authority of a session to end itself: it may have ended, and costs no quota.
#[derive(Clone, Debug)]
pub(super) struct Leaving(pub(super) Actor);

impl Authority for Leaving {
    fn origin(&self) -> Origin {
        self.0.origin()
    }
}
