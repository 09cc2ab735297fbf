"""Half an hour of ordinary work: memory does not drift, and every call is counted."""

import multiprocessing
import sqlite3
import threading
import time

from keyhold import Caller, Keyhold, Member, percentile
from report import Row

KEYS = 10
RATE = 2_000
MOST_DRIFT = 0.05


def verify(port, keys, rate, until, results):
    """Calls at a steady rate, in its own process."""
    callers = [Caller(port, key) for key in keys]
    statuses, times, number = {}, [], 0
    begun = time.monotonic()
    while (now := time.monotonic()) < until:
        due = (now - begun) * rate
        if number >= due:
            time.sleep(0.001)
            continue
        started = time.perf_counter()
        status = callers[number % len(callers)].call()
        times.append(time.perf_counter() - started)
        statuses[status] = statuses.get(status, 0) + 1
        number += 1
    results.put((statuses, percentile(times, 0.99) * 1000))


class Beside:
    """A thread that runs `action` `rate` times a second and counts failures."""

    def __init__(self, action, rate, until):
        self.done, self.failed = 0, []
        self.thread = threading.Thread(target=self.run, args=(action, rate, until))
        self.thread.start()

    def run(self, action, rate, until):
        while time.monotonic() < until:
            status = action(self.done)
            self.done += 1
            if status != 200:
                self.failed.append(status)
            time.sleep(1 / rate)


def run(binary, folder, long):
    seconds = 1_800 if long else 15
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        member = Member(keyhold, "a@example.com")
        reader = Member(keyhold, "b@example.com")
        keys = [member.call("keys/create", name=f"key {n}", description="", expiry="never")[1] for n in range(KEYS)]
        until = time.monotonic() + seconds
        results = multiprocessing.Queue()
        process = multiprocessing.Process(target=verify, args=(keyhold.port, keys, RATE, until, results))
        process.start()
        pages = Beside(lambda _: reader.page("/preferences/api-control"), 5, until)
        edit = {"access_key": member.key["access_key"], "name": "Default key", "expiry": "never"}
        writes = Beside(lambda n: member.call("keys/edit", **edit, description=f"note {n}")[0], 5, until)
        resident = []
        while time.monotonic() < until:
            time.sleep(min(seconds / 10, 60))
            resident.append(keyhold.resident())
        statuses, p99 = results.get(timeout=60)
        process.join()
        pages.thread.join()
        writes.thread.join()
        code, took = keyhold.terminate()
    finally:
        keyhold.close()
    called = sum(statuses.values())
    counted = count(keyhold.database, [key["access_key"] for key in keys])
    wrong = []
    if set(statuses) != {200} or pages.failed or writes.failed:
        wrong.append(f"answers {statuses}, pages {pages.failed[:3]}, writes {writes.failed[:3]}")
    if counted != called:
        wrong.append(f"{counted} of {called} calls counted")
    if code != 0:
        wrong.append(f"exit {code}")
    drift = drifted(resident)
    figure = (
        f"{seconds} s of {RATE:,} calls, 5 pages and 5 changes a second: {called:,} calls, {counted:,} counted, p99 {p99:.2f} ms; "
        f"{resident[-1] / 1e6:.0f} MB, drift {drift * 100:+.1f} %; stopped in {took:.2f} s"
    )
    return [Row("soak", figure, wrong, not long or drift < MOST_DRIFT)]


def drifted(resident):
    """The growth of memory from the middle third of the run to the last, as a fraction."""
    third = max(1, len(resident) // 3)
    middle, last = resident[-2 * third : -third] or resident[:1], resident[-third:]
    return (sum(last) / len(last)) / (sum(middle) / len(middle)) - 1


def count(database, keys):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        marks = ",".join("?" * len(keys))
        statement = f"SELECT SUM(accepted + refused) FROM key_hours WHERE access_key IN ({marks})"
        return connection.execute(statement, keys).fetchone()[0] or 0
