"""Changes and verifications through nginx while the database is interrupted again and again."""

import time

from changes import changing, compare_with, longest_gap, newest
from members import Row, Watch, percentile
from process import wait_for

from rows import UNLIMITED

# Seconds within which a fault interrupts changes, if it does: what was under way is acknowledged for a moment longer.
UNDER_WAY = 3


def interrupted(how, rounds, fault, what, bound):
    """`fault` is called with the cluster and the number of the round. `bound`: seconds without an acknowledged change."""
    with how.cluster(settings=UNLIMITED) as cluster:
        gaps = []
        with changing(cluster, 4) as changers:
            watch = Watch(changers[0].member.keyhold, changers[0].member.key)
            try:
                for count in range(rounds):
                    wait_for(cluster.database.is_replicated, "replication", 240)
                    time.sleep(2)
                    begun = time.monotonic()
                    fault(cluster, count)
                    caused = time.monotonic()
                    wait_for(lambda: newest(changers) > caused + UNDER_WAY, "changes", 240)
                    gaps.append(longest_gap(changers, begun - 1))
            finally:
                watch.stop()
        wrong = compare_with(cluster, changers)
        if watch.wrong():
            wrong.append(f"verification answered {watch.wrong()}")
        acknowledged = sum(changer.acknowledged for changer in changers)
    failed = sum(watch.wrong().values())
    figure = (
        f"{rounds} times, {acknowledged:,} acknowledged changes, {watch.total():,} verifications, "
        f"{100 * (1 - failed / max(watch.total(), 1)):.4g} % good; no change was acknowledged for "
        f"{percentile(gaps, 0.5):.1f} s (median), {max(gaps):.1f} s (longest)"
    )
    return Row(what, figure, wrong, max(gaps) <= bound)
