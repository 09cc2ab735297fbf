//! Exports: the keys of the account that the filters match, whatever their number.

use shared::list::ListQuery;
use shared::status::Status;
use vault::test_support::{DAY, Fixture, HOUR, Member};
use vault::{Error, ExportedKey};

async fn exported(
    site: &Fixture,
    member: &Member,
    keys: &str,
    query: &ListQuery,
) -> Result<Vec<ExportedKey>, Error> {
    let account = member.actor.account();
    let mut export = site.vault.export(account, keys, query).await?;
    let mut all = Vec::new();
    while let Some(keys) = export.next().await? {
        all.extend(keys);
    }
    Ok(all)
}

#[tokio::test]
async fn an_export_has_what_the_table_shows_and_no_more() {
    let site = Fixture::new().await;
    site.leave_mail();
    let (member, other) = (
        site.member("a@example.com").await,
        site.member("b@example.com").await,
    );
    site.key(&other, "billing of another", "3d").await;
    site.clock.advance(1);
    let soon = site.key(&member, "billing soon", "3d").await;
    site.clock.advance(HOUR);
    let late = site.key(&member, "billing late", "90d").await;
    let names = async |keys: &str, query: &ListQuery| {
        let keys = exported(&site, &member, keys, query).await.unwrap();
        keys.into_iter().map(|key| key.name).collect::<Vec<_>>()
    };
    let everything = ListQuery::default();
    assert_eq!(
        names("all", &everything).await,
        ["Default key", "billing soon", "billing late"]
    );
    let billing = ListQuery {
        search: "billing".to_owned(),
        status: Some(Status::ExpiringSoon),
        ..ListQuery::default()
    };
    assert_eq!(names("all", &billing).await, ["billing soon"]);
    let [soon, late] = [soon, late].map(|key| key.access_key.to_string());
    assert_eq!(
        names(&format!("{late} {soon}"), &billing).await,
        ["billing soon", "billing late"]
    );
    let foreign = other.default_key.access_key.to_string();
    let refused = exported(&site, &member, &format!("{soon} {foreign}"), &everything).await;
    assert!(matches!(refused, Err(Error::NoSuchKeys { count: 1, .. })));
    site.clock.advance(4 * DAY);
    let keys = exported(&site, &member, &soon, &everything).await.unwrap();
    assert_eq!(keys[0].status, Status::Expired);
    let printed = format!("{keys:?}");
    assert!(!printed.contains("khs_"), "{printed}");
}

/// Batches neither repeat nor leave out a key, also where many were made at one instant.
#[tokio::test]
async fn an_export_of_several_batches_is_whole() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let (site, keys) = super::bulk::with_keys(site, &member, 1_100).await;
    site.leave_mail();
    let all = exported(&site, &member, "all", &ListQuery::default()).await;
    let mut found: Vec<String> = all.unwrap().into_iter().map(|key| key.access_key).collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 1_101);
    let named: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let some = exported(&site, &member, &named.join(" "), &ListQuery::default()).await;
    assert_eq!(some.unwrap().len(), 1_100);
}
