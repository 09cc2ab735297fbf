"""A node with 1,000,000 keys, a hundred to an account, on the whole cluster: how long it takes to be ready."""

import re
from pathlib import Path

import seed
from members import Front, Member, Row, verdict

WHAT = "A node with 1,000,000 keys is ready"
WANTED = "≤ 10 s"
ACCOUNTS, EACH = 10_000, 100


def run(how):
    accounts, each = (ACCOUNTS, EACH) if how.long else (ACCOUNTS // 100, EACH)
    emails = [f"seed{number}@example.com" for number in range(accounts)]
    owner = []

    def prepare(cluster):
        owner.append(Member.new(Front(cluster.service.ports[0], cluster.folder / "client"), 0))
        seed.accounts(cluster.database, emails)
        for first in range(0, accounts, 1_000):
            seed.keys(cluster.database, emails[first : first + 1_000], each, owner[0].key["access_key"])

    wrong, times = [], []
    # One node: three would load at once only after an outage of all.
    with how.cluster(nodes=1, prepare=prepare) as cluster:
        node = cluster.service.nodes[0]
        for _ in range(3):
            node.terminate()
            times.append(cluster.service.start_node(0))
        status = Path(f"/proc/{node.process.pid}/status").read_text()
        resident = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024
        front = Front(cluster.service.ports[0], cluster.folder / "client")
        for email in (emails[0], emails[-1]):
            key = {"access_key": seed.access_key(email, each - 1), "secret_key": owner[0].key["secret_key"]}
            if (found := verdict(front, key)) != 200:
                wrong.append(f"a key of {email} answers {found}")
    shown = ", ".join(f"{seconds:.1f}" for seconds in times)
    figure = f"{accounts * each:,} keys: ready after {shown} s; at most {resident / 1e6:.0f} MB resident, loading included"
    return Row(WHAT, figure, wrong, max(times) <= 10)
