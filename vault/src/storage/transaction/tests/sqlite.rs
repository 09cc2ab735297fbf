//! The publication of a change where one process has the database to itself.

use super::*;

/// The next change finds the directory as the previous one left it, and so does the client that is answered.
#[tokio::test]
async fn a_change_is_published_in_its_turn_and_before_the_answer() {
    let site = Site::new().await;
    let vault = site.vault.clone();
    let published = site.publishes();
    let first = async {
        let change = site.vault.write(System, move |tx| {
            Box::pin(async move {
                tx.publish(published);
                assert_eq!(vault.key_count(), 1, "not before the commit");
                Ok(())
            })
        });
        change.await.unwrap();
        assert_eq!(site.vault.key_count(), 0);
    };
    let vault = site.vault.clone();
    let second = site.vault.write(System, move |_| {
        Box::pin(async move {
            assert_eq!(vault.key_count(), 0);
            Ok(())
        })
    });
    let ((), second) = tokio::join!(first, second);
    second.unwrap();
}
