//! Sessions of members through tests in which years pass.

use super::fixture::{Fixture, Member};
use crate::clock::Clock;

impl<C: Clock + 'static> Fixture<C> {
    /// Begins the sessions of an account again, as a sign-in would: no session lasts longer than sixty days.
    pub async fn sign_in_again(&self, member: &Member) {
        sqlx::query("UPDATE sessions SET created_at = $1, seen_at = $1 WHERE account_id = $2")
            .bind(self.vault.now())
            .bind(&member.actor.account().id)
            .execute(&mut self.database().await)
            .await
            .unwrap();
    }
}
