//! Mails to the addresses that the company has set.

use vault::ManagedFields;
use vault::test_support::{DAY, Fixture, Mailbox};

use super::{named, operator};

/// Two accounts may share an address, and each has its own mail there; a suspended one has none.
#[tokio::test]
async fn notices_go_to_the_addresses_that_the_company_has_set() {
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    let operator = operator(&site).await;
    let vault = &site.vault;
    for (external_id, addresses) in [
        ("org_1", ["ops@example.com", "one@example.com"].as_slice()),
        ("org_2", &["ops@example.com"]),
        ("org_3", &["three@example.com"]),
        ("org_4", &[]),
    ] {
        let fields = ManagedFields {
            notice_emails: Some(
                addresses
                    .iter()
                    .map(|&address| address.to_owned())
                    .collect(),
            ),
            ..named(external_id)
        };
        vault.create_account(&operator, fields, None).await.unwrap();
        let account = format!("ext:{external_id}");
        let fields = (external_id, "", "10d");
        let made = vault.create_key_for(&operator, &account, fields, None);
        made.await.unwrap();
    }
    vault
        .suspend(&operator, "ext:org_3", "unpaid", None)
        .await
        .unwrap();
    site.clock.advance(7 * DAY + 1);
    let mut mails: Vec<_> = mailbox
        .notices(vault)
        .await
        .into_iter()
        .map(|mail| {
            (
                mail.to.clone(),
                ["org_1", "org_2", "org_3"].map(|name| mail.text.contains(name)),
            )
        })
        .collect();
    mails.sort();
    assert_eq!(
        mails,
        [
            ("one@example.com".to_owned(), [true, false, false]),
            ("ops@example.com".to_owned(), [false, true, false]),
            ("ops@example.com".to_owned(), [true, false, false]),
        ]
    );
}
