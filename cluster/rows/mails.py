"""Mails with three nodes sweeping, killed at random: every notice once.

A second copy is allowed only with the same Message-ID, and only if the node that sent the first one was killed after the
mail server had the text and before the database had the outcome (promise 5). Both are known: the mail server notes from which
node a copy came, and when; and the database is asked after each kill which mails have no outcome.
"""

import random
import time

import seed
from comparison import compare
from mail_server import MailServer, access_keys
from members import Front, Member, Row, free_port
from process import wait_for

from rows import UNLIMITED

WHAT = "Mails with three nodes sweeping, killed at random"
WANTED = "every notice once"
# At most ten mails a day go to an address that is not confirmed; further notices wait for an hour.
KEYS = 6
# Seconds in which the keys expire, one after another, while nodes are killed.
LONG, SHORT = 60, 20
# Seconds after the last kill until the last mail must have left: a lease of a killed node's mail lasts two minutes.
LAST = 300


def run(how):
    accounts, seconds = (100, LONG) if how.long else (20, SHORT)
    emails, owners, access = [f"due{n}@example.com" for n in range(accounts)], [], set()

    def prepare(cluster):
        front = Front(cluster.service.ports[0], cluster.folder / "client")
        owners.extend(Member.new(front, number) for number in range(accounts // 5))
        seed.accounts(cluster.database, emails)
        # Each account has a key that expires early, one that expires late, and others between them.
        at = f"{seed.NOW} + 15000 + (m * {accounts} + n) * {seconds * 1000 // (accounts * KEYS)}"
        seed.keys(cluster.database, emails, KEYS, owners[0].key["access_key"], at)
        access.update(seed.access_key(email, number) for email in emails for number in range(KEYS))

    # A notice about a key that was expired by a request leaves at once, and the request waits for the lease of a killed node.
    cluster = how.cluster(settings={"KEYHOLD_NOTICE_WAIT": "0", "KEYHOLD_LEASE": "5", **UNLIMITED}, prepare=prepare)
    ports = [free_port() for _ in cluster.service.nodes]
    for node, port in zip(cluster.service.nodes, ports):
        node.environment["KEYHOLD_SMTP_URL"] = f"smtp://127.0.0.1:{port}"
        node.environment["KEYHOLD_MAIL_FROM"] = "Keyhold <keyhold@example.com>"
    with MailServer(ports) as server, cluster:
        begun = time.monotonic()
        expired = []
        kills = kill_at_random(cluster, owners, seconds + 20, expired)
        access.update(key["access_key"] for key in expired)
        waiting = "SELECT COUNT(*) FROM outbox WHERE outcome IS NULL"
        recorded = "SELECT COUNT(*) FROM notices WHERE stage = 'expired'"
        wait_for(
            lambda: int(cluster.database.run_sql(recorded)) >= len(access) and int(cluster.database.run_sql(waiting)) == 0,
            "the last mail",
            LAST,
        )
        took = time.monotonic() - begun
        outcomes = cluster.database.run_sql("SELECT outcome, COUNT(*) FROM outbox WHERE kind = 'notice' GROUP BY outcome")
        wrong = compare(cluster, [], [(key["access_key"], key["secret_key"]) for key in expired])
        copies = server.by_id()
    wrong += judge(access, copies, kills)
    if outcomes.split("|")[0] != "sent" or "\n" in outcomes:
        wrong.append(f"outcomes of mails: {outcomes}")
    second = sum(len(found) - 1 for found in copies.values())
    open_mails = sum(len(found) for _, _, found in kills)
    figure = (
        f"{len(access):,} notices in {sum(bool(access_keys(found[0].text)) for found in copies.values()):,} mails, "
        f"{len(kills)} kills that left {open_mails} mails open; {second} second copies, all of mails that the server had taken "
        f"from a killed node before it could note so; the last one after {took:.0f} s"
    )
    return Row(WHAT, figure, wrong)


def kill_at_random(cluster, owners, seconds, expired):
    """Kills nodes and starts them again while keys expire, by the clock and by requests. Returns each kill: the node, the
    instant, and the ids of the mails without an outcome."""
    chance, kills = random.Random(23), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.2, 2.5))
        expire_one(cluster, chance.choice(owners), len(expired), expired)
        number = chance.randrange(len(cluster.service.nodes))
        cluster.service.nodes[number].kill()
        at = time.monotonic()
        found = cluster.database.run_sql("SELECT id FROM outbox WHERE outcome IS NULL AND attempts > 0").split()
        kills.append((number, at, set(found)))
        cluster.service.start_node(number)
    return kills


def expire_one(cluster, owner, count, expired):
    """Creates a key and expires it, once the answers are there."""
    name = f"Manual {count}"
    for _ in range(60):
        status, key = owner.call("keys/create", name=name, description="", expiry="never")
        if status == 200:
            break
    for _ in range(60):
        if status == 200 and owner.call("keys/expire", access_key=key["access_key"])[0] == 200:
            expired.append(key)
            return
        time.sleep(0.5)
    raise RuntimeError(f"no key was expired: {status} {key}")


def judge(access, copies, kills):
    """Returns what contradicts promise 5."""
    wrong, mails = [], {}
    for identity, found in copies.items():
        for key in access_keys(found[0].text):
            mails.setdefault(key, []).append(identity)
        for first, _ in zip(found, found[1:]):
            mail = identity.partition("@")[0]
            if not any(node == first.node and first.at <= at and mail in open_mails for node, at, open_mails in kills):
                wrong.append(f"{identity} has {len(found)} copies, and its outcome was stored")
    for key in sorted(access):
        if len(mails.get(key, [])) != 1:
            wrong.append(f"{key} is in {len(mails.get(key, []))} mails")
    return wrong
