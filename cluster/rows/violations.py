"""Success on any node after an acknowledged expire or delete, with nodes stopped, killed, cut off and started all the while."""

import collections
import random
import signal
import time

import seed
from comparison import compare
from cycles import Cycles, Key
from members import Front, Member, Row
from process import wait_for

from rows import UNLIMITED

WHAT = "Success on any node after an acknowledged expire or delete"
WANTED = "0 in 10⁵ cycles"
CYCLES = 100_000
# Several hundred keys end at once, because each waits for as long as a node is away.
CLIENTS, ACCOUNTS = 900, 40
# Fewer in the short form, which runs beside other tests.
SHORT_CLIENTS, SHORT_ACCOUNTS, SHORT_KEYS = 24, 2, 4_000
# Shorter and longer than a lease.
SECONDS = [0.2, 1, 3, 7]


def run(how):
    # The shortest lease, so that many run out.
    settings = {"KEYHOLD_LEASE": "5", **UNLIMITED}
    keys = []
    accounts, count = (ACCOUNTS, CYCLES + 5_000) if how.long else (SHORT_ACCOUNTS, SHORT_KEYS)
    # One server: the primary is not at stake, and its standby would take a third of the processors.
    with how.cluster(
        settings=settings,
        proxied=True,
        alone="durable" if how.long else "volatile",
        prepare=lambda cluster: keys.extend(seeded(cluster, accounts, count)),
    ) as cluster:
        cycles = Cycles(cluster.service.ports, keys, CLIENTS if how.long else SHORT_CLIENTS)
        begun = time.monotonic()
        cycles.start()
        try:
            if how.long:
                end = begun + how.minutes * 60
                faults = cause_until(cluster, lambda: len(cycles.ended) >= CYCLES or time.monotonic() > end)
            else:
                faults = cause_all(cluster)
        finally:
            seconds = time.monotonic() - begun
            cycles.stop()
        for number in range(3):
            wait_for(lambda number=number: cluster.service.is_ready(number), "all nodes", 120)
        untouched = [key[1:3] for key in cycles.keys][:2_000]
        wrong = cycles.violations + compare(cluster, untouched, [key[1:3] for key in cycles.ended])
    for port in cluster.service.ports:
        if not cycles.answers[port, 401]:
            wrong.append(f":{port} was never asked about a key that had ended")
    happened = ", ".join(f"{count} × {fault}" for fault, count in sorted(faults.items()))
    answers = collections.Counter()
    for (_, status), count in cycles.answers.items():
        answers[status] += count
    shown = ", ".join(f"{count:,} × {status or 'none'}" for status, count in sorted(answers.items()))
    figure = (
        f"{len(cycles.violations)} in {len(cycles.ended):,} cycles, {len(cycles.ended) / seconds:.0f}/s, "
        f"{cycles.repeated:,} of them by two acknowledged expires; nodes {happened}; answers: {shown}{starts(cluster)}"
    )
    return Row(WHAT, figure, wrong, not how.long or len(cycles.ended) >= CYCLES)


def starts(cluster):
    failed = len(cluster.service.failed_starts)
    return f"; {failed} starts failed and were repeated" if failed else ""


def seeded(cluster, accounts, count):
    """Adds keys to a few accounts by SQL, and returns them."""
    front = Front(cluster.service.ports[0], cluster.folder / "client")
    members = [Member.new(front, number) for number in range(accounts)]
    for member in members:
        member.hang_up()
    each, keys = count // accounts, []
    # The secret of its owner's first key fits each key.
    for member in members:
        seed.keys(cluster.database, [member.email], each, member.key["access_key"])
        keys += [
            Key(member, seed.access_key(member.email, m), member.key["secret_key"], seed.name(0, m)) for m in range(each)
        ]
    random.Random(3).shuffle(keys)
    return keys


def cause_until(cluster, is_over):
    chance, faults = random.Random(5), collections.Counter()
    while not is_over():
        fault, number, seconds = chance.choice(FAULTS), chance.randrange(3), chance.choice(SECONDS)
        fault(cluster, number, seconds)
        faults[NAMES[fault]] += 1
        # The lease of a killed node is over after that, and the clients that wait for it go on.
        time.sleep(chance.uniform(1, 6))
    return faults


def cause_all(cluster):
    """Each fault once, two of them for longer than a lease."""
    faults = collections.Counter()
    for number, (fault, seconds) in enumerate([(stop, 6), (cut_off, 6), (kill, 0)]):
        time.sleep(1)
        fault(cluster, number, seconds)
        faults[NAMES[fault]] += 1
    # The node that was killed has a lease for another five seconds.
    time.sleep(2)
    return faults


def stop(cluster, number, seconds):
    node = cluster.service.nodes[number]
    node.signal(signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        node.signal(signal.SIGCONT)


def kill(cluster, number, seconds):
    cluster.service.nodes[number].kill()
    time.sleep(seconds)
    cluster.service.start_node(number)


def cut_off(cluster, number, seconds):
    proxy = cluster.proxies()[number]
    proxy.cut()
    try:
        time.sleep(seconds)
    finally:
        proxy.join()


NAMES = {stop: "stopped", kill: "killed", cut_off: "cut off"}
FAULTS = list(NAMES)
