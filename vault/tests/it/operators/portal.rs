//! Portal sessions through what happens to a database: a clock that ran ahead, and a restore.

use shared::validation::FieldErrors;
use vault::operators::portal::PortalFields;
use vault::operators::token::Operator;
use vault::test_support::{DAY, Fixture, HOUR, NOON};
use vault::{Caller, Error};

use super::{named, operator};
use crate::restore::revocation::{restore, stop, wanted};
use crate::start::clock::accepted;
use crate::storage::backups::{back_up, backup_file, start};

/// Makes a link. Returns its id and its code.
pub async fn link(site: &Fixture, by: &Operator) -> (String, String) {
    let fields = PortalFields {
        account: named("org/1"),
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
    const MINUTE: i64 = 60 * 1000;
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
