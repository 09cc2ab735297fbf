// Fills the database of a stopped Keyhold with accounts and keys that look like its own.

import { Database } from "./peer/sqlite.mjs";

const DAY_MS = 86_400_000;
const ROWS = "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < @count - 1)";

/**
 * Inserts keys with random access keys and digests, a hundred per account, that expire during the year after next. Every
 * hundredth has the digest of `key`, so that the same secret fits it. Returns the access keys of those, and as many of
 * keys that the secret does not fit.
 *
 * No password fits the accounts. Without any they would count as deleted, and the server would remove them meanwhile.
 */
export function fill(file, key, count) {
  const database = new Database(file);
  try {
    const now = Date.now();
    const accounts = Math.ceil(count / 100);
    database.transaction(() => {
      database
        .prepare(
          `${ROWS} INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at)
           SELECT 'bench_' || n, n || '@bench.example.com', '-', 'UTC', 14, @now FROM numbers`,
        )
        .run({ count: accounts, now });
      // Hexadecimal digits are valid base 32 too. JavaScript numbers arrive as REAL; the cast keeps ".0" out of the
      // accounts' names.
      database
        .prepare(
          `${ROWS} INSERT INTO api_keys (access_key, account_id, name, description, folded, digest, pepper_id,
                                         created_at, expires_at, expiration_set_at)
           SELECT 'kh_' || lower(hex(randomblob(8))), 'bench_' || (n % CAST(@accounts AS INTEGER)),
                  'Key ' || n, '', 'key ' || n,
                  CASE WHEN n % 100 = 0 THEN k.digest ELSE randomblob(32) END, k.pepper_id,
                  @now, @now + 365 * ${DAY_MS} + n * 31536, @now
           FROM numbers, (SELECT digest, pepper_id FROM api_keys WHERE access_key = @like) k`,
        )
        .run({ count, accounts, now, like: key.access_key });
    })();
    const everyHundredth = database
      .prepare("SELECT access_key FROM api_keys WHERE name LIKE 'Key %' AND CAST(substr(name, 5) AS INTEGER) % 100 = ?")
      .pluck();
    return { good: everyHundredth.all(0), other: everyHundredth.all(1) };
  } finally {
    database.close();
  }
}

/**
 * Makes the last three keys of the list rare: expired, named so, and never used, where all others have been. Adds `entries`
 * entries to the audit trail, a fifth of them about `account`; three near the end have an action and a maker that no other has.
 */
export function fillRare(file, account, entries) {
  const database = new Database(file);
  try {
    const now = Date.now();
    database.transaction(() => {
      database.prepare("INSERT INTO last_uses SELECT access_key, @now FROM api_keys WHERE name LIKE 'Key %'").run({ now });
      const last = "(SELECT access_key FROM api_keys WHERE name LIKE 'Key %' ORDER BY created_at DESC, access_key DESC LIMIT 3)";
      database.prepare(`DELETE FROM last_uses WHERE access_key IN ${last}`).run();
      database
        .prepare(
          `UPDATE api_keys SET name = 'Rare', folded = 'rare' || char(10) || char(10) || access_key, expires_at = @now - 1
           WHERE access_key IN ${last}`,
        )
        .run({ now });
      database
        .prepare(
          `${ROWS} INSERT INTO audit (id, at, account_id, action, subject, detail, address, actor_kind)
           SELECT a.newest + 1 + CAST(n AS INTEGER), a.latest, CASE WHEN n % 5 = 0 THEN @account ELSE 'acc_' || (n % 1000) END,
                  CASE WHEN n >= @count - 13 AND n < @count - 10 THEN 'account.deleted' ELSE 'key.edited' END,
                  'kh_' || n, 'name', '192.0.2.1', CASE WHEN n >= @count - 13 AND n < @count - 10 THEN 'system' ELSE 'account' END
           FROM numbers, (SELECT MAX(id) AS newest, MAX(at) AS latest FROM audit) a`,
        )
        .run({ count: entries, account });
    })();
  } finally {
    database.close();
  }
}

/**
 * Inserts `count` more keys into the account of `key`, and for the `busy` newest of all its keys a call in each of the last
 * 720 hours, summed up by day as a running Keyhold does it.
 */
export function fillAccount(file, key, count, busy) {
  const database = new Database(file);
  try {
    const now = Date.now();
    const hour = Math.floor(now / 3_600_000);
    const today = Math.floor(now / DAY_MS);
    database.transaction(() => {
      database
        .prepare(
          `${ROWS} INSERT INTO api_keys (access_key, account_id, name, description, folded, digest, pepper_id,
                                         created_at, expires_at, expiration_set_at)
           SELECT 'kh_' || lower(hex(randomblob(8))), k.account_id, 'More ' || n, '', 'more ' || n, randomblob(32),
                  k.pepper_id, k.created_at - 1 - CAST(n AS INTEGER), @now + CAST(n % 400 AS INTEGER) * ${DAY_MS}, @now
           FROM numbers, (SELECT account_id, digest, pepper_id, created_at FROM api_keys WHERE access_key = @like) k
           WHERE @count > 0`,
        )
        .run({ count, now, like: key.access_key });
      database.prepare("DELETE FROM key_hours").run();
      database.prepare("DELETE FROM key_days").run();
      database
        .prepare(
          `${ROWS} INSERT INTO key_hours (access_key, hour, accepted, refused)
           SELECT b.access_key, CAST(@hour AS INTEGER) - CAST(n AS INTEGER), 1 + CAST(n % 7 AS INTEGER), 0
           FROM (SELECT access_key FROM api_keys
                 WHERE account_id = (SELECT account_id FROM api_keys WHERE access_key = @like)
                 ORDER BY created_at DESC LIMIT CAST(@busy AS INTEGER)) b, numbers`,
        )
        .run({ count: 720, hour, busy, like: key.access_key });
      database
        .prepare(
          `INSERT INTO key_days SELECT access_key, hour / 24, SUM(accepted), SUM(refused) FROM key_hours
           WHERE hour < CAST(@today AS INTEGER) * 24 GROUP BY access_key, hour / 24`,
        )
        .run({ today });
      database.prepare("UPDATE day_sums SET day = CAST(@today AS INTEGER) - 1, up_to = ''").run({ today });
    })();
  } finally {
    database.close();
  }
}
