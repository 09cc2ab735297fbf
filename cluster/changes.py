"""Accounts that change keys through nginx, as the rows use them, and what they have seen."""

import contextlib

from comparison import compare
from members import Changer, Front, percentile
from process import wait_for


@contextlib.contextmanager
def changing(cluster, count, port=None):
    """Accounts that change keys, through nginx or at the node with this port, until the block ends."""
    front = Front(port or cluster.service.port, cluster.folder / "client")
    changers = [Changer(front, number) for number in range(count)]
    for changer in changers:
        changer.thread.start()
    try:
        yield changers
    finally:
        for changer in changers:
            changer.stopping = True
        for changer in changers:
            changer.stop()


def run_until(changers, cycles, seconds):
    wait_for(lambda: sum(len(changer.times) for changer in changers) >= cycles, f"{cycles} cycles", seconds)


def compare_with(cluster, changers):
    good = [pair for changer in changers for pair in changer.good_pairs()]
    ended = [pair for changer in changers for pair in changer.ended_pairs()]
    return compare(cluster, good, ended)


def newest(changers):
    return max((changer.instants[-1] for changer in changers if changer.instants), default=0.0)


def longest_gap(changers, since):
    """The longest time without an acknowledged change."""
    instants = sorted(instant for changer in changers for instant in changer.instants if instant >= since)
    return max((later - earlier for earlier, later in zip(instants, instants[1:])), default=0.0)


def milliseconds(seconds, share):
    return percentile(seconds, share) * 1000
