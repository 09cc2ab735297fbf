"""Writers that change keys and remember what was acknowledged, and the comparison with the database afterwards.

A change without an answer is in doubt: it may have happened, but completely or not at all.
"""

import random
import sqlite3
import threading

from keyhold import Member, verdict

MOST = 12
# Audit entries of a new account: signed up, key created, signed in.
SIGN_UP = 3


class Key:
    """The known state of one key: good, expired or deleted. `doubt` is a state that it may have reached instead."""

    def __init__(self, pair, name):
        self.pair = pair
        self.name = name
        self.state = "good"
        self.doubt = None

    def possible(self):
        return {self.state, self.doubt or self.state}


class Writer:
    """One account whose keys are created, edited, expired, restored and deleted at random."""

    def __init__(self, keyhold, email, seed):
        self.random = random.Random(seed)
        self.member = Member(keyhold, email, address=f"198.51.{seed % 250}.1")
        self.keys = [Key(self.member.key, "Default key")]
        self.gone = []
        self.acknowledged = SIGN_UP
        self.in_doubt = 0
        self.refused = {}
        self.stopping = False

    def run(self):
        while not self.stopping:
            if not self.step():
                return

    def step(self):
        """Makes one change. Returns whether there was an answer."""
        key = self.random.choice(self.keys) if self.keys else None
        action = self.random.choice(["create", "edit", "expire", "restore", "delete"])
        if key is None or (action == "create" and len(self.keys) < MOST):
            return self.create()
        access = {"access_key": key.pair["access_key"]}
        if action == "expire" and key.state == "good":
            return self.change(key, "expired", "keys/expire", **access)
        if action == "restore" and key.state == "expired":
            return self.change(key, "good", "keys/restore", **access, expiry="never")
        if action == "delete" and len(self.keys) > 2:
            return self.change(key, "deleted", "keys/delete", **access, confirm_name=key.name)
        if key.state != "good":
            return True
        fields = {"name": key.name, "description": f"note {self.random.random()}", "expiry": "never"}
        return self.change(key, "good", "keys/edit", **access, **fields)

    def create(self):
        name = f"key {self.random.randrange(10**9)}"
        status, answer = self.member.call("keys/create", name=name, description="", expiry="never")
        if status == 200:
            self.keys.append(Key(answer, name))
            self.acknowledged += 1
            return True
        return self.unanswered(status)

    def change(self, key, state, function, **fields):
        key.doubt = state
        status, _ = self.member.call(function, **fields)
        if status == 200:
            key.state, key.doubt = state, None
            self.acknowledged += 1
            if state == "deleted":
                self.keys.remove(key)
                self.gone.append(key)
            return True
        if status:
            # Refused: 503 means that nothing was changed, and the comparison checks that.
            key.doubt = None
        return self.unanswered(status)

    def unanswered(self, status):
        if status == 0:
            self.in_doubt += 1
            return False
        self.refused[status] = self.refused.get(status, 0) + 1
        return True

    def settle(self, present):
        """Compares with the states in the database, by access key. Returns the faults, and resolves the doubts."""
        wrong = []
        for key in list(self.keys):
            access_key = key.pair["access_key"]
            found = present.get(access_key, "deleted")
            if found not in key.possible():
                wrong.append(f"{access_key} is {found}, acknowledged as {key.state}")
            key.state, key.doubt = found, None
            if found == "deleted":
                self.keys.remove(key)
                self.gone.append(key)
        wrong += [
            f"{key.pair['access_key']} was deleted and is back"
            for key in self.gone
            if key.pair["access_key"] in present
        ]
        return wrong


class Crew:
    """Several concurrent writers."""

    def __init__(self, keyhold, writers, seed=1):
        self.keyhold = keyhold
        self.writers = [Writer(keyhold, f"w{seed}-{n}@example.com", seed * 100 + n) for n in range(writers)]
        self.threads = []

    def begin(self):
        for writer in self.writers:
            writer.stopping = False
        self.threads = [threading.Thread(target=writer.run) for writer in self.writers]
        for thread in self.threads:
            thread.start()

    def end(self):
        for writer in self.writers:
            writer.stopping = True
        for thread in self.threads:
            thread.join()
        for writer in self.writers:
            writer.member.hang_up()

    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)

    def in_doubt(self):
        return sum(writer.in_doubt for writer in self.writers)

    def refused(self):
        total = {}
        for writer in self.writers:
            for status, count in writer.refused.items():
                total[status] = total.get(status, 0) + count
        return total

    def compare(self, sample=None, others=0):
        """Compares every acknowledged change with the database and `/verify`; `others` is the number of audit entries that
        are not the crew's. Returns the faults."""
        present, rows, integrity = inspect(self.keyhold.database)
        wrong = [] if integrity == "ok" else [f"integrity: {integrity}"]
        for writer in self.writers:
            wrong += writer.settle(present)
        rows -= others
        if not self.acknowledged() <= rows <= self.acknowledged() + self.in_doubt():
            wrong.append(
                f"{rows} audit rows for {self.acknowledged()} acknowledged changes and {self.in_doubt()} in doubt"
            )
        for writer in self.writers:
            chosen = writer.keys[-sample:] if sample else writer.keys
            for key in chosen + writer.gone[-2:]:
                expected = 200 if key in writer.keys and key.state == "good" else 401
                if (answer := verdict(self.keyhold, key.pair)) != expected:
                    wrong.append(f"{key.pair['access_key']} answers {answer}, not {expected}")
        return wrong


def inspect(path):
    """Reads a database file: the state of each key, the number of the accounts' audit entries, and the integrity check."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
    try:
        keys = connection.execute("SELECT access_key, expires_at FROM api_keys").fetchall()
        # The server's own entries, such as that of the first operator's token, answer no request.
        (rows,) = connection.execute("SELECT COUNT(*) FROM audit WHERE actor_kind = 'account'").fetchone()
        (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
    finally:
        connection.close()
    # The writers use only the dates "never" and "now".
    return {key: "good" if expires is None else "expired" for key, expires in keys}, rows, integrity
