//! Account changes since the backup was made. An address or a password that was given up must not grant access again.

use sqlx::AnyConnection;

use super::compare::Account;

/// An account that has an earlier address again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parted {
    /// The address that it has.
    pub email: String,
    /// The address that it had last, which is another account's.
    pub last: String,
}

/// Keeps the changes of these accounts. Returns those whose address belongs to another account in the backup.
pub async fn carry_over(
    connection: &mut AnyConnection,
    accounts: &[Account],
) -> sqlx::Result<Vec<Parted>> {
    // Addresses are unique, and two accounts may have exchanged theirs.
    for account in accounts {
        set_email(connection, &account.id, &account.id).await?;
    }
    let mut kept: Vec<&Account> = accounts.iter().collect();
    let mut parted = Vec::new();
    loop {
        // An account that has its earlier address again may take it from the next.
        let mut returned = false;
        let mut index = 0;
        while let Some(account) = kept.get(index) {
            if is_taken(connection, &account.email).await? {
                set_email(connection, &account.id, &account.earlier).await?;
                parted.push(Parted {
                    email: account.earlier.clone(),
                    last: account.email.clone(),
                });
                kept.remove(index);
                returned = true;
            } else {
                index += 1;
            }
        }
        if !returned {
            break;
        }
    }
    for account in &kept {
        set_email(connection, &account.id, &account.email).await?;
        // Both belong to the address.
        sqlx::query(
            "UPDATE accounts SET confirmed_at = CAST($1 AS BIGINT), owned_at = CAST($2 AS BIGINT) WHERE id = $3",
        )
        .bind(account.confirmed_at)
        .bind(account.owned_at)
        .bind(&account.id)
        .execute(&mut *connection)
        .await?;
    }
    for account in accounts {
        sqlx::query(
            "UPDATE accounts SET password = $1, second_recipient = $2, second_confirmed_at = CAST($3 AS BIGINT),
                 feed_generation = $4
             WHERE id = $5",
        )
        .bind(&account.password)
        .bind(account.second_recipient.clone())
        .bind(account.second_confirmed_at)
        .bind(account.feed_generation)
        .bind(&account.id)
        .execute(&mut *connection)
        .await?;
    }
    Ok(parted)
}

/// Sets an address. The next start computes the column that the account is searched by.
async fn set_email(connection: &mut AnyConnection, id: &str, email: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE accounts SET email = $1, folded = '' WHERE id = $2")
        .bind(email)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

async fn is_taken(connection: &mut AnyConnection, email: &str) -> sqlx::Result<bool> {
    let (owners,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM accounts WHERE email = $1")
        .bind(email)
        .fetch_one(connection)
        .await?;
    Ok(owners > 0)
}
