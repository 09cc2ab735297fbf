"""A node that is cut off from the database: how long a change waits for it, and how it comes back."""

from changes import compare_with
from members import Changer, Front, Row, verdict
from process import wait_for

from rows import UNLIMITED

WHAT = "A node is cut off"
WANTED = "≤ lease + 1 s; 503 afterwards; back in ≤ 1 s"


def run(how):
    # The default, and the shortest.
    lease = 30 if how.long else 5
    slowest, recovery, wrong = 0.0, 0.0, []
    with how.cluster(settings={"KEYHOLD_LEASE": str(lease), **UNLIMITED}, proxied=True) as cluster:
        folder, proxy = cluster.folder / "client", cluster.proxies()[2]
        changer, cut = Changer(Front(cluster.service.ports[0], folder), 1), Front(cluster.service.ports[2], folder)
        key = changer.member.key
        for _ in range(2):
            changer.times.clear()
            proxy.cut()
            # Creates a key and ends it: the first change waits.
            while not changer.times:
                changer.cycle()
            slowest = max(slowest, changer.slowest)
            if (status := verdict(cut, key)) != 503:
                wrong.append(f"the node that is cut off answers {status} after the acknowledgement")
            proxy.join()
            recovery = max(recovery, wait_for(lambda: verdict(cut, key) == 200, "the node to come back", 120))
            wait_for(lambda: cluster.service.is_ready(2), "the node to be ready", 120)
        wrong += compare_with(cluster, [changer])
        changer.stop()
    figure = f"a change waited for {slowest:.1f} s at most (lease {lease} s); the node was back after {recovery:.2f} s at most"
    return Row(WHAT, figure, wrong, slowest <= lease + 1 and recovery <= 1)
