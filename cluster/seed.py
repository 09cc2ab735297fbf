"""Many keys at once, by SQL: a key that is created by a request takes a write turn and a wait for every node."""

import hashlib

NOW = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


def accounts(database, emails):
    """Adds accounts without a password, each with a confirmed address."""
    rows = ", ".join(f"('seed_' || {n}, '{email}')" for n, email in enumerate(emails))
    database.run_sql(
        f"""INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at, confirmed_at, owned_at)
            SELECT id, email, '', 'UTC', 14, {NOW}, {NOW}, {NOW} FROM (VALUES {rows}) seeds (id, email)"""
    )


def keys(database, emails, count, like, expires_at="NULL"):
    """Adds `count` keys to each account, with the secret of the key `like`. `expires_at` is SQL and may use `n` and `m`, the
    numbers of the account and of the key. A server that runs does not know them: it reads keys when it starts."""
    rows = ", ".join(f"({n}, '{email}')" for n, email in enumerate(emails))
    database.run_sql(
        f"""INSERT INTO api_keys (access_key, account_id, name, description, folded, digest, pepper_id, created_at,
                                  expires_at, expiration_set_at)
            SELECT 'kh_' || left(md5(s.email || '/' || m), 16), a.id, 'Seed ' || n || '.' || m, '',
                   'seed ' || n || '.' || m, k.digest, k.pepper_id, {NOW}, {expires_at}, {NOW}
            FROM (VALUES {rows}) s (n, email) JOIN accounts a ON a.email = s.email
            CROSS JOIN generate_series(0, {count - 1}) m CROSS JOIN api_keys k WHERE k.access_key = '{like}'""",
        "ANALYZE",
    )


def access_key(email, number):
    """The access key of a seeded key."""
    return "kh_" + hashlib.md5(f"{email}/{number}".encode()).hexdigest()[:16]


def name(account, number):
    return f"Seed {account}.{number}"
