//! Portal sessions through what happens to a database: a clock that ran ahead, and a restore.

use shared::validation::FieldErrors;
use vault::operators::portal::PortalFields;
use vault::operators::token::Operator;
use vault::test_support::{DAY, Fixture, HOUR, MINUTE, NOON, PASSWORD, creation};
use vault::{Actor, Caller, Error};

use super::{named, operator};
use crate::restore::revocation::{restore, stop, wanted};
use crate::start::clock::accepted;
use crate::storage::backups::{back_up, backup_file, start};

/// Makes a link. Returns its id and its code.
pub async fn link(site: &Fixture, by: &Operator) -> (String, String) {
    link_for(site, by, None).await
}

/// Makes a link for a person.
async fn link_for(site: &Fixture, by: &Operator, person: Option<&str>) -> (String, String) {
    let fields = PortalFields {
        account: named("org/1"),
        actor: person.map(|id| (id.to_owned(), id.to_owned())),
        page: Some("/".to_owned()),
        ..PortalFields::default()
    };
    let checked = fields.check(FieldErrors::default()).unwrap();
    let made = site.vault.create_portal_session(by, checked, None);
    let body = made.await.unwrap().body;
    let text = |member: &str| body[member].as_str().unwrap();
    let (_, code) = text("url").split_once("code=").unwrap();
    (text("id").to_owned(), code.to_owned())
}

pub async fn enter(site: &Fixture, code: &str) -> Result<String, Error> {
    let entered = site.vault.enter(&Caller::default(), code, None).await?;
    Ok(entered.session.expose().to_owned())
}

async fn is_open(site: &Fixture, token: &str) -> bool {
    site.vault.session(token).await.unwrap().is_some()
}

/// Links and sessions of a clock that ran ahead last as long as they were given, and not for the leap as well.
#[tokio::test]
async fn a_link_made_ahead_of_time_lasts_no_longer() {
    let site = Fixture::new().await;
    site.clock.advance(400 * DAY);
    let by = operator(&site).await;
    let (_, used) = link(&site, &by).await;
    let session = enter(&site, &used).await.unwrap();
    let (_, unused) = link(&site, &by).await;
    let (_, late) = link(&site, &by).await;

    let right = NOON + 2 * HOUR;
    let site = accepted(site, right).await;
    site.clock.set(right + 5 * MINUTE - 1);
    assert!(enter(&site, &unused).await.is_ok());
    site.clock.set(right + 5 * MINUTE);
    assert!(matches!(enter(&site, &late).await, Err(Error::LinkGone)));
    site.clock.set(right + HOUR - 1);
    assert!(is_open(&site, &session).await);
    site.clock.set(right + HOUR);
    assert!(!is_open(&site, &session).await);
}

/// A body may arrive, or the turn come, after the end of the session.
#[tokio::test]
async fn a_change_begun_in_a_session_is_refused_from_its_end() {
    let site = Fixture::new().await;
    site.leave_mail();
    let by = operator(&site).await;
    let (_, code) = link(&site, &by).await;
    let token = enter(&site, &code).await.unwrap();
    let session = site.vault.session(&token).await.unwrap().unwrap();
    let actor = Actor::new(&session, &Caller::default());
    let create = async |name: &str| {
        let new = creation(name, "", "never");
        site.vault.create_key(&actor, new).await
    };
    site.clock.advance(HOUR - 1);
    create("in time").await.unwrap();
    site.clock.advance(1);
    let late = create("late").await;
    assert!(matches!(late, Err(Error::SessionOver)));
    assert_eq!(site.vault.key_count(), 1);
}

/// Links end sessions of links alone: of the same person if there is one, and never one of the holder's own.
#[tokio::test]
async fn links_and_own_sign_ins_make_room_for_themselves() {
    let site = Fixture::limited(|limits| limits.sessions = 2).await;
    site.leave_mail();
    let by = operator(&site).await;
    let member = site.member("a@example.com").await;
    let account = member.actor.account().id.clone();
    let edited = site.vault.edit_account(&by, account, named("org/1"));
    edited.await.unwrap();
    let sign_in = async || {
        site.clock.advance(MINUTE);
        let caller = Caller::default();
        let token = site.vault.sign_in(&caller, "a@example.com", PASSWORD).await;
        token.unwrap().expose().to_owned()
    };
    let visit = async |person| {
        site.clock.advance(MINUTE);
        let (_, code) = link_for(&site, &by, person).await;
        enter(&site, &code).await.unwrap()
    };
    let own = sign_in().await;
    let ada = visit(Some("ada")).await;
    let bob = visit(Some("bob")).await;
    let again = visit(Some("bob")).await;
    assert!(!is_open(&site, &bob).await, "the same person's");
    assert!(is_open(&site, &ada).await, "although used less recently");
    let unnamed = visit(None).await;
    assert!(!is_open(&site, &ada).await, "the least recently used");
    assert!(is_open(&site, &again).await);
    let later = visit(None).await;
    assert!(!is_open(&site, &unnamed).await);
    assert!(is_open(&site, &again).await && is_open(&site, &later).await);
    assert!(is_open(&site, &own).await, "the holder's");

    let second = sign_in().await;
    let third = sign_in().await;
    assert!(!is_open(&site, &own).await);
    for open in [&again, &later, &second, &third] {
        assert!(is_open(&site, open).await);
    }
    // One that is over makes room before any other.
    site.clock.advance(30 * MINUTE);
    let ada = visit(Some("ada")).await;
    site.clock.advance(HOUR - 32 * MINUTE);
    let bob = visit(Some("bob")).await;
    assert!(is_open(&site, &ada).await && is_open(&site, &bob).await);
}

/// A link that was used or ended since the backup works no more, and neither does its session.
#[tokio::test]
async fn a_restore_brings_back_no_link() {
    let site = Fixture::new().await;
    let by = operator(&site).await;
    let (id, unused) = link(&site, &by).await;
    let (_, used) = link(&site, &by).await;
    let session = enter(&site, &used).await.unwrap();
    back_up(&site, &backup_file(&site)).await.unwrap();
    site.vault.end_portal_session(&by, &id).await.unwrap();
    let folder = stop(site).await;
    let file = folder.path().join("backup.db");
    restore(&folder, &wanted(&file), NOON).await.unwrap();
    let site = start(folder, NOON).await;
    for code in [&unused, &used] {
        assert!(matches!(enter(&site, code).await, Err(Error::LinkGone)));
    }
    assert!(!is_open(&site, &session).await);
}
