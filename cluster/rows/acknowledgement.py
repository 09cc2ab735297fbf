"""Three nodes that all run: how long an expire or delete takes."""

from changes import changing, compare_with, milliseconds, run_until
from members import Row

from rows import UNLIMITED

WHAT = "Expire or delete acknowledged, three nodes"
WANTED = "p50 ≤ 10 ms, p99 ≤ 100 ms"


def run(how):
    with how.cluster(settings=UNLIMITED) as cluster:
        with changing(cluster, 1) as changers:
            run_until(changers, 1500 if how.long else 50, 600)
        wrong = compare_with(cluster, changers)
    times = changers[0].times
    p50, p99 = milliseconds(times, 0.5), milliseconds(times, 0.99)
    figure = f"{len(times):,} by one account: p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    return Row(WHAT, figure, wrong, p50 <= 10 and p99 <= 100)
