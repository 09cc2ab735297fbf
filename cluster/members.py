"""Clients of the cluster: accounts that change keys through nginx, and checks of each node on its own port."""

import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# After this folder, because both have a run.py.
sys.path.append(str(ROOT / "faults"))

from keyhold import FORM, MOST_IDLE, Caller, Keyhold, percentile, verdict  # noqa: E402
from keyhold import Member as Account  # noqa: E402
from ports import free_port  # noqa: E402
from report import Row, cores  # noqa: E402

__all__ = [
    "FORM",
    "MOST_IDLE",
    "Caller",
    "Changer",
    "Front",
    "Member",
    "Row",
    "Watch",
    "cores",
    "free_port",
    "percentile",
    "verdict",
]


class Front(Keyhold):
    """The address of a cluster, or of one of its nodes, for the clients of faults/. It starts nothing."""

    def __init__(self, port, folder):
        super().__init__(None, folder)
        self.port = port


class Member(Account):
    @classmethod
    def new(cls, front, number):
        """Signs up. A machine that is busy may refuse some times, and an answer may be lost, so each try has its own address."""
        for attempt in range(10):
            try:
                return cls(front, f"owner{number}-{attempt}@example.com", f"198.51.{number % 250}.1")
            except RuntimeError as error:
                failure = error
                time.sleep(1)
        raise failure

    def cookie(self):
        """The value of the header of that name."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


class Changer:
    """One account that creates keys and deletes or expires them, and remembers what was acknowledged."""

    def __init__(self, front, number):
        self.member = Member.new(front, number)
        self.number = number
        self.good = {self.member.key["access_key"]: self.member.key}
        self.ended = {}
        # Sent, but without a 200: they may have happened.
        self.doubtful = set()
        self.acknowledged = 0
        self.refused = {}
        # Seconds of each acknowledged expire and delete.
        self.times = []
        # Seconds of the slowest acknowledged change.
        self.slowest = 0.0
        # When a change was acknowledged, by time.monotonic().
        self.instants = []
        self.stopping = False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopping:
            self.cycle()

    def cycle(self):
        """Creates a key and ends it."""
        name = f"key {time.monotonic_ns()}"
        status, key = self.call("keys/create", name=name, description="", expiry="never")
        if status != 200:
            return
        access = key["access_key"]
        self.good[access] = key
        # A few stay, so that the comparison at the end has good keys too.
        if self.acknowledged % 7 == 0 and len(self.good) < 50:
            return
        self.doubtful.add(access)
        begun = time.perf_counter()
        if self.acknowledged % 2:
            status, _ = self.call("keys/expire", access_key=access)
        else:
            status, _ = self.call("keys/delete", access_key=access, confirm_name=name)
        if status == 200:
            self.times.append(time.perf_counter() - begun)
            self.doubtful.discard(access)
            self.ended[access] = self.good.pop(access)

    def call(self, function, **fields):
        begun = time.perf_counter()
        status, answer = self.member.call(function, **fields)
        if status == 200:
            self.slowest = max(self.slowest, time.perf_counter() - begun)
            self.acknowledged += 1
            self.instants.append(time.monotonic())
        else:
            self.refused[status] = self.refused.get(status, 0) + 1
            time.sleep(0.1)
        return status, answer

    def stop(self):
        self.stopping = True
        if self.thread.is_alive():
            self.thread.join()
        self.member.hang_up()

    def good_pairs(self):
        """Access key and secret key of each key that is good, as far as that is known."""
        return [pair(key) for access, key in self.good.items() if access not in self.doubtful]

    def ended_pairs(self):
        return [pair(key) for key in self.ended.values()]


def pair(key):
    return key["access_key"], key["secret_key"]


class Watch:
    """Threads that verify a good key through nginx all the time, and count what is not 200."""

    def __init__(self, front, key, threads=2, pause=0.005):
        self.statuses = {}
        self.lock = threading.Lock()
        self.stopping = False
        self.threads = [threading.Thread(target=self.run, args=(Caller(front.port, key), pause)) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, caller, pause):
        while not self.stopping:
            status = caller.call()
            with self.lock:
                self.statuses[status] = self.statuses.get(status, 0) + 1
            time.sleep(pause)
        caller.hang_up()

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def wrong(self):
        """Answers other than 200, by status; 0: no answer."""
        return {status: count for status, count in sorted(self.statuses.items()) if status != 200}

    def total(self):
        return sum(self.statuses.values())
