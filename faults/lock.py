"""The database locked by another process: changes are refused within the deadline, and refused changes are not made."""

import sqlite3
import threading
import time

from keyhold import Keyhold, Member, Verifiers
from life import inspect
from report import Row


def hold(database):
    connection = sqlite3.connect(database, timeout=10, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def run(binary, folder, long):
    yield refused(binary, f"{folder}/refused", 30 if long else 5)
    yield stopped(binary, f"{folder}/stopped")


def refused(binary, folder, seconds):
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    wrong, answers = [], []
    try:
        members = [Member(keyhold, f"m{n}@example.com", f"198.51.100.{n}") for n in range(8)]
        verifiers = Verifiers(keyhold, members[0].key)
        lock = hold(keyhold.database)
        until = time.monotonic() + seconds

        def create(member):
            while time.monotonic() < until:
                begun = time.monotonic()
                status, reason = member.call("keys/create", name="made behind a lock", description="", expiry="never")
                answers.append((status or reason, time.monotonic() - begun))

        threads = [threading.Thread(target=create, args=(member,)) for member in members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lock.rollback()
        lock.close()
        freed = time.monotonic()
        while members[0].call("keys/create", name="after", description="", expiry="never")[0] != 200:
            if time.monotonic() - freed > 30:
                wrong.append("no change was accepted for 30 s after the lock was released")
                break
        back = time.monotonic() - freed
        verifiers.stop()
        present, _, _ = inspect(keyhold.database)
        extra = len(present) - len(members) - 1
        code, _ = keyhold.terminate()
    finally:
        keyhold.close()
    slowest = max(took for _, took in answers)
    statuses = {status for status, _ in answers}
    if statuses != {503}:
        wrong.append(f"answers behind the lock: {statuses}")
    if extra:
        wrong.append(f"{extra} keys were created although their request was answered 503")
    if verifiers.wrong() or code != 0:
        wrong.append(f"verification {verifiers.statuses}, exit {code}")
    figure = (
        f"{len(answers)} changes refused, {slowest:.2f} s at most, {extra} of them made; changes resume after {back:.2f} s; "
        f"{verifiers.good():,} good calls meanwhile"
    )
    return Row(f"database locked for {seconds} s", figure, wrong, slowest <= 3 and back <= 2)


def stopped(binary, folder):
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        key = Member(keyhold, "a@example.com").key
        lock = hold(keyhold.database)
        verifiers = Verifiers(keyhold, key, threads=1)
        time.sleep(1)
        verifiers.stop()
        code, took = keyhold.terminate()
        lock.rollback()
        lock.close()
    finally:
        keyhold.close()
    wrong = []
    if code == 0:
        wrong.append("exit 0, though the usage could not be written")
    if "ERROR" not in keyhold.logged():
        wrong.append("the log has no ERROR")
    return Row("SIGTERM with the database locked", f"exit {code} after {took:.1f} s", wrong, took <= 10.5)
