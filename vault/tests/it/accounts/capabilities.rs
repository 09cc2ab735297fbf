//! What a session may do, asked within the transaction of each change: no route stands in front of it here.

use shared::capability::Capability;
use vault::test_support::Fixture;
use vault::{CreateKey, EditKey, Error, Portal, RestoreKey};

#[tokio::test]
async fn a_change_is_refused_to_a_session_that_may_not_make_it() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let vault = &fixture.vault;
    let key = member.default_key.access_key.to_string();
    let new = CreateKey {
        name: "new",
        expiry: "never",
        ..CreateKey::default()
    };
    let edit = EditKey {
        access_key: &key,
        description: Some("Nightly"),
        ..EditKey::default()
    };
    let restoration = RestoreKey {
        access_key: &key,
        expiry: "never",
        version: "",
    };
    for only in Capability::ALL {
        let mut actor = member.actor.clone();
        actor.session.portal = Some(Portal::default());
        actor.session.capabilities = [only].into_iter().collect();
        let name = member.default_key.name.as_str();
        let outcomes = [
            (
                Capability::Create,
                vault.create_key(&actor, new).await.map(drop),
            ),
            (
                Capability::Edit,
                vault.edit_key(&actor, edit).await.map(drop),
            ),
            (
                Capability::Expire,
                vault.expire_key(&actor, &key).await.map(drop),
            ),
            (
                Capability::Edit,
                vault.restore_key(&actor, restoration).await.map(drop),
            ),
            (
                Capability::Notices,
                vault.remove_second_recipient(&actor, "").await,
            ),
            (
                Capability::Delete,
                vault.delete_key(&actor, &key, name).await.map(drop),
            ),
        ];
        for (place, (needs, outcome)) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(()) => assert_eq!(needs, only, "{place}"),
                Err(Error::NotAllowed(_)) => assert_ne!(needs, only, "{place}"),
                Err(error) => panic!("{place}: {error}"),
            }
        }
        // One capability is too few.
        let calendar = vault.calendar_url(&actor.session).await;
        assert!(matches!(calendar, Err(Error::NotAllowed(_))), "{only:?}");
        let reset = vault.reset_calendar(&actor).await;
        assert!(matches!(reset, Err(Error::NotAllowed(_))), "{only:?}");
        let ended = vault.end_other_sessions(&actor).await;
        assert!(matches!(ended, Err(Error::NotAllowed(_))), "{only:?}");
        // Ending itself needs nothing, but would end the test.
    }
    let mut actor = member.actor.clone();
    actor.session.portal = Some(Portal::default());
    actor.session.capabilities = [Capability::Read, Capability::Notices]
        .into_iter()
        .collect();
    assert!(vault.calendar_url(&actor.session).await.is_ok());
    assert!(vault.reset_calendar(&actor).await.is_ok());
}
