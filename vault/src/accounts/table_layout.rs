//! Layout of an account's table of keys. It follows the account to each browser, and programs do not depend on it.

use shared::capability::Need;
use shared::list::{PAGE_SIZE, PAGE_SIZES};
use shared::validation::FieldErrors;

use crate::accounts::sessions::Actor;
use crate::error::Result;
use crate::vault::Vault;

/// The layout of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TableLayout {
    /// Rows on a page, one of [`PAGE_SIZES`].
    pub page_size: u32,
    /// Whether the column *Created* is shown.
    pub created: bool,
}

impl Default for TableLayout {
    fn default() -> Self {
        Self {
            page_size: PAGE_SIZE,
            created: false,
        }
    }
}

impl TableLayout {
    /// Reads the columns of an account. A size that is no longer offered becomes the default.
    pub fn stored(page_size: i64, created_column: i64) -> Self {
        let offered = PAGE_SIZES
            .into_iter()
            .find(|size| i64::from(*size) == page_size);
        Self {
            page_size: offered.unwrap_or(PAGE_SIZE),
            created: created_column != 0,
        }
    }
}

/// Parses a page size.
///
/// # Errors
/// The message for the field.
fn page_size(text: &str) -> Result<u32, String> {
    let size = text.trim().parse();
    size.ok()
        .filter(|size| PAGE_SIZES.contains(size))
        .ok_or_else(|| "Choose 25, 50 or 100 keys on a page.".to_owned())
}

impl Vault {
    /// Saves the layout of the table. An empty `page_size` leaves the size as it is.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `page_size`.
    pub async fn save_table(&self, actor: &Actor, size: &str, created: bool) -> Result<()> {
        let size = if size.trim().is_empty() {
            None
        } else {
            let size = page_size(size).map_err(|message| FieldErrors::one("page_size", message))?;
            Some(i64::from(size))
        };
        let account = actor.account().id.clone();
        self.write(actor.with(Need::EDIT), move |tx| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE accounts SET page_size = COALESCE(CAST($1 AS BIGINT), page_size), created_column = $2
                     WHERE id = $3",
                )
                .bind(size)
                .bind(i64::from(created))
                .bind(account)
                .execute(tx.connection())
                .await?;
                // Nothing else depends on it.
                tx.commit_quietly();
                Ok(())
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sizes_that_are_offered_are_accepted() {
        assert_eq!(page_size(" 100 "), Ok(100));
        for other in ["", "0", "51", "-25", "1e2", "10000", "٥٠"] {
            assert!(page_size(other).is_err(), "{other}");
        }
        assert_eq!(TableLayout::stored(25, 1).page_size, 25);
        assert_eq!(TableLayout::stored(7, 0), TableLayout::default());
    }
}
