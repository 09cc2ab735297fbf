"""Usage with three nodes: exact after SIGTERM of all, calls that are answered during the stop included.

Before that, each node is stopped and started again once, while the calls go on.
"""

import asyncio
import collections
import signal
import threading
import time

import seed
from client import Node
from members import Front, Member, Row

from rows import UNLIMITED

WHAT = "Usage with three nodes, stopped one by one and all at once"
WANTED = "exact after SIGTERM of all"
KEYS, CLIENTS = 200, 24


def run(how):
    owner, access, expired = [], [], []

    def prepare(cluster):
        front = Front(cluster.service.ports[0], cluster.folder / "client")
        owner.append(Member.new(front, 0))
        key = owner[0].key["access_key"]
        seed.keys(cluster.database, [owner[0].email], KEYS, key)
        access.extend(seed.access_key(owner[0].email, number) for number in range(KEYS))
        # Calls that are refused because the key has expired count too.
        expired.extend(access[:10])
        names = ", ".join(f"'{one}'" for one in expired)
        cluster.database.run_sql(f"UPDATE api_keys SET expires_at = created_at WHERE access_key IN ({names})")

    with how.cluster(settings=UNLIMITED, prepare=prepare) as cluster:
        calls = Calls(cluster.service.ports, access, owner[0].key["secret_key"])
        calls.start()
        codes = []
        try:
            for number, node in enumerate(cluster.service.nodes):
                time.sleep(5 if how.long else 1)
                codes.append(node.terminate())
                cluster.service.start_node(number)
            time.sleep(5 if how.long else 1)
            for node in cluster.service.nodes:
                node.signal(signal.SIGTERM)
            codes += [node.process.wait(timeout=60) for node in cluster.service.nodes]
        finally:
            calls.stop()
        rows = cluster.database.run_sql(
            "SELECT access_key, SUM(accepted), SUM(refused) FROM key_hours GROUP BY access_key"
        ).splitlines()
    stored = {row.split("|")[0]: tuple(map(int, row.split("|")[1:])) for row in rows}
    wrong = [f"exit codes {codes}"] if any(codes) else []
    for key in access:
        answered = (calls.answered[key, 200], calls.answered[key, 401])
        found = stored.get(key, (0, 0))
        # A call whose answer was lost may have been counted.
        if sum(found) - sum(answered) not in range(calls.lost[key] + 1) or any(a > f for a, f in zip(answered, found)):
            wrong.append(f"{key}: {answered} answered, {found} counted, {calls.lost[key]} without an answer")
    counted = sum(sum(found) for found in stored.values())
    lost = sum(calls.lost.values())
    figure = (
        f"{sum(calls.answered.values()):,} calls answered 200 or 401, {counted:,} counted, {lost} without an answer; "
        f"{len(codes)} stops"
    )
    return Row(WHAT, figure, wrong)


class Calls:
    """Clients that verify keys at random nodes until they are stopped."""

    def __init__(self, ports, access, secret):
        self.nodes = [Node(port) for port in ports]
        self.access = access
        self.secret = secret
        # Calls by key and status, and those without an answer by key.
        self.answered = collections.Counter()
        self.lost = collections.Counter()
        self.stopping = False
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()))

    def start(self):
        self.thread.start()

    def stop(self):
        self.stopping = True
        self.thread.join()

    async def run(self):
        await asyncio.gather(*(self.client(number) for number in range(CLIENTS)))
        for node in self.nodes:
            node.close()

    async def client(self, number):
        count = number
        while not self.stopping:
            node, key = self.nodes[count % len(self.nodes)], self.access[count % len(self.access)]
            count += 1
            status = await node.verify_once(key, self.secret)
            if status is None:
                self.lost[key] += 1
            elif status in (200, 401):
                self.answered[key, status] += 1
            if status not in (200, 401):
                await asyncio.sleep(0.02)
