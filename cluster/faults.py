#!/usr/bin/env python3
"""Causes the faults that a cluster must withstand, and writes docs/cluster.md.

    cluster/faults.py              the long forms; writes the document
    cluster/faults.py --short      a short form of each, some minutes; writes nothing
    cluster/faults.py primary      only this; replaces its row in the document

Everything runs on loopback and in a temporary folder, and ends by itself. Linux only.
"""

import argparse
import contextlib
import os
import random
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "cluster"))

from cluster import Cluster  # noqa: E402
from judge import Judge  # noqa: E402
from members import Changer, Front, Watch  # noqa: E402
from process import wait_for  # noqa: E402

from keyhold import percentile, verdict  # noqa: E402
from report import Row, cores, replaced  # noqa: E402


def acknowledgement(binary, long):
    """Three nodes that all run: how long an expire or delete takes."""
    with Cluster(binary, settings=UNLIMITED) as cluster:
        with changing(cluster, 1) as changers:
            run_until(changers, 2000 if long else 50, 300)
        times = changers[0].times
        wrong = compare(cluster, changers)
    p50, p99 = percentile(times, 0.5) * 1000, percentile(times, 0.99) * 1000
    figure = f"{len(times):,} by one account: p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return Row("Expire or delete acknowledged, three nodes", figure, wrong, p50 <= 10 and p99 <= 100)


def violations(binary, long):
    """Success on any node after an acknowledged expire or delete, with nodes stopped, killed and cut off all the while."""
    wanted = 100_000 if long else 200
    chance = random.Random(5)
    # A short lease, so that many run out.
    with Cluster(binary, settings={"KEYHOLD_LEASE": "5", **UNLIMITED}, proxied=True) as cluster:
        judge = Judge(cluster.service.ports)
        faults = {"stopped": 0, "killed": 0, "cut off": 0}
        wrong = []
        end = time.monotonic() + (36_000 if long else 120)
        with changing(cluster, 12, judge, direct=True) as changers:
            while (done := sum(len(changer.times) for changer in changers)) < wanted or not all(faults.values()):
                if time.monotonic() > end:
                    wrong.append(f"only {done:,} cycles in time")
                    break
                number = chance.randrange(3)
                fault = chance.choice(list(faults))
                faults[fault] += 1
                node, proxy = cluster.service.nodes[number], cluster.proxies[number]
                # Shorter and longer than a lease.
                seconds = chance.choice([0.2, 1, 3, 7])
                if fault == "stopped":
                    node.signal(signal.SIGSTOP)
                    time.sleep(seconds)
                    node.signal(signal.SIGCONT)
                elif fault == "cut off":
                    proxy.cut()
                    time.sleep(seconds)
                    proxy.join()
                else:
                    node.kill()
                    cluster.service.start_node(number)
                time.sleep(chance.uniform(0.5, 3))
        for number in range(3):
            wait_for(lambda number=number: cluster.service.is_ready(number), "all nodes", 30)
        judge.collect()
        wrong += judge.violations + compare(cluster, changers)
        cycles = sum(len(changer.times) for changer in changers)
        answers = ", ".join(f"{status or 'none'} {count:,}" for status, count in sorted(judge.statuses.items()))
    happened = ", ".join(f"{count} × {fault}" for fault, count in faults.items())
    figure = f"{cycles:,} cycles, {happened}; answers after the acknowledgement: {answers}"
    return Row("Success after an acknowledged expire or delete", figure, wrong)


def cut_off(binary, long):
    """A node that is cut off from the database: how long a change waits for it, and how it comes back."""
    lease = 30 if long else 5
    slowest, recovery, wrong = 0.0, 0.0, []
    with Cluster(binary, settings={"KEYHOLD_LEASE": str(lease), **UNLIMITED}, proxied=True) as cluster:
        front = Front(cluster.service.ports[0], cluster.folder / "client")
        changers = [Changer(front, 1)]
        key = changers[0].member.key
        cut = Front(cluster.service.ports[2], cluster.folder / "client")
        for _ in range(5 if long else 2):
            changers[0].times.clear()
            cluster.proxies[2].cut()
            # Creates a key and ends it: the first change waits.
            while not changers[0].times:
                changers[0].cycle()
            slowest = changers[0].slowest
            if (status := verdict(cut, key)) != 503:
                wrong.append(f"the node that is cut off answers {status} after the acknowledgement")
            cluster.proxies[2].join()
            recovery = max(recovery, wait_for(lambda: verdict(cut, key) == 200, "the node to come back", 60))
            wait_for(lambda: cluster.service.is_ready(2), "the node to be ready", 60)
        wrong += compare(cluster, changers)
        changers[0].member.hang_up()
    figure = f"a change waited for {slowest:.1f} s at most (lease {lease} s); the node was back after {recovery:.2f} s at most"
    return Row("A node is cut off", figure, wrong, slowest <= lease + 1 and recovery <= 1)


def primary(binary, long):
    """The primary is lost: its processes are killed, in turn PostgreSQL alone, and PostgreSQL with Patroni."""

    def lose(cluster, count):
        database = cluster.database
        number = database.primary()
        if count % 2:
            database.kill_postgres(number)
            return
        database.lose(number)
        wait_for(lambda: database.primary() == 1 - number, "the failover", 90)
        database.patronis[number].start()

    rounds = 10 if long else 2
    return interrupted(binary, rounds, lose, f"Primary killed × {rounds}", 40)


def restarts(binary, long):
    """PostgreSQL is restarted."""

    def restart(cluster, _):
        cluster.database.restart(cluster.database.primary())

    rounds = 20 if long else 2
    return interrupted(binary, rounds, restart, f"PostgreSQL restarted × {rounds}", 5)


def interrupted(binary, rounds, fault, what, bound):
    """Changes and verifications through nginx while `fault` interrupts the database again and again."""
    with Cluster(binary, settings=UNLIMITED) as cluster:
        gaps = []
        with changing(cluster, 4) as changers:
            watch = Watch(changers[0].member.keyhold, changers[0].member.key)
            try:
                for count in range(rounds):
                    wait_for(cluster.database.is_replicated, "replication", 120)
                    time.sleep(2)
                    begun = time.monotonic()
                    fault(cluster, count)
                    wait_for(lambda: newest(changers) > time.monotonic() - 0.5, "changes", 120)
                    gaps.append(longest_gap(changers, begun - 1))
            finally:
                watch.stop()
        wrong = compare(cluster, changers)
        if watch.wrong():
            wrong.append(f"verification answered {watch.wrong()}")
        acknowledged = sum(changer.acknowledged for changer in changers)
    figure = (
        f"{acknowledged:,} acknowledged changes, {watch.total():,} verifications, {sum(watch.wrong().values())} failed; "
        f"no change was acknowledged for {percentile(gaps, 0.5):.1f} s (median), {max(gaps):.1f} s (longest)"
    )
    return Row(what, figure, wrong, max(gaps) <= bound)


# Steps of the faults.

UNLIMITED = {"KEYHOLD_LIMIT_CHANGES": "0", "KEYHOLD_LIMIT_KEYS": "0", "KEYHOLD_LIMIT_SIGN_UPS": "0"}


@contextlib.contextmanager
def changing(cluster, count, judge=None, direct=False):
    """Accounts that change keys, through nginx or each at one node, until the block ends."""
    ports = cluster.service.ports if direct else [cluster.service.port]
    changers = [
        Changer(Front(ports[number % len(ports)], cluster.folder / "client"), number, judge) for number in range(count)
    ]
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


def newest(changers):
    return max((changer.instants[-1] for changer in changers if changer.instants), default=0.0)


def longest_gap(changers, since):
    """The longest time without an acknowledged change."""
    instants = sorted(instant for changer in changers for instant in changer.instants if instant >= since)
    return max((later - earlier for earlier, later in zip(instants, instants[1:])), default=0.0)


def compare(cluster, changers):
    """Compares each node with what was acknowledged. Returns the faults."""
    wrong = []
    for port in cluster.service.ports:
        node = Front(port, cluster.folder / "client")
        for changer in changers:
            for access, key in list(changer.good.items())[-30:]:
                if access not in changer.doubtful and (status := verdict(node, key)) != 200:
                    wrong.append(f"{access} is lost: {status} at :{port}")
            for access, key in list(changer.ended.items())[-30:]:
                if (status := verdict(node, key)) != 401:
                    wrong.append(f"{access} was expired or deleted, and answers {status} at :{port}")
    return wrong


FAULTS = {fault.__name__: fault for fault in (acknowledgement, violations, cut_off, primary, restarts)}


def document(rows, seconds):
    lines = [
        "# Cluster",
        "",
        "Written by `make cluster-faults`; do not edit. Each row is a function of `cluster/faults.py`, run against the release",
        "build: three nodes, PostgreSQL with a synchronous standby under Patroni, HAProxy and nginx, all on one machine.",
        "",
        "| fault | measured | |",
        "| --- | --- | --- |",
        *(row.line() for row in rows),
        "",
        f"{time.strftime('%Y-%m-%d')}, {cores()} processors, {seconds / 60:.0f} minutes in total.",
    ]
    return "\n".join(lines) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--short", action="store_true")
    arguments.add_argument("--binary", default=str(ROOT / "target/release/keyhold"))
    arguments.add_argument("fault", nargs="*", help=", ".join(FAULTS))
    chosen = arguments.parse_args()
    for unknown in set(chosen.fault) - set(FAULTS):
        arguments.error(f"there is no fault {unknown}; there are {', '.join(FAULTS)}")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # As Ctrl-C: stops the cluster and removes its folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rows, begun = [], time.monotonic()
    for name in chosen.fault or FAULTS:
        try:
            row = FAULTS[name](os.path.abspath(chosen.binary), not chosen.short)
        except Exception as error:  # noqa: BLE001
            # The other faults still run.
            traceback.print_exc()
            row = Row(name, "ended early", [f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"])
        rows.append(row)
        print(f"{'holds' if row.holds() else 'FAILS':8} {row.what}: {row.figure} {row.verdict()}", flush=True)
    if not chosen.short:
        report = ROOT / "docs/cluster.md"
        if chosen.fault and report.exists():
            report.write_text(replaced(report.read_text(), rows))
        else:
            report.write_text(document(rows, time.monotonic() - begun))
    return 0 if all(row.holds() for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
