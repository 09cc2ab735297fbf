"""Clients that end keys, several hundred at once, and ask every node about a key at the moment that its end is acknowledged.

An expire is sure to wait for every node only if a repeated one does too: a quarter of the expires is sent twice at about the
same time, to two nodes, and each acknowledgement counts.
"""

import asyncio
import collections
import random
import threading
import urllib.parse

from client import Node

# The share of expires that are sent twice.
REPEATED = 0.25
# Seconds that the last answers may take.
PATIENCE = 120

# `member` is an account whose cookie authorises the change; `name` confirms a deletion.
Key = collections.namedtuple("Key", "member access_key secret_key name")


class Cycles:
    def __init__(self, ports, keys, clients):
        self.nodes = [Node(port) for port in ports]
        self.keys = collections.deque(keys)
        self.clients = clients
        self.chance = random.Random(11)
        # Keys whose end was acknowledged.
        self.ended = []
        # Keys whose end was requested and not acknowledged.
        self.doubtful = []
        # Refused requests to end a key, by status.
        self.refused = collections.Counter()
        # Answers after the acknowledgement, by port and status.
        self.answers = collections.Counter()
        self.violations = []
        self.repeated = 0
        self.stopping = False
        self.failure = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()

    def stop(self):
        """Waits until each client has finished its cycle and all answers are in."""
        self.stopping = True
        self.thread.join(PATIENCE)
        if self.thread.is_alive():
            raise RuntimeError(f"requests have no answer after {PATIENCE} s")
        if self.failure:
            raise self.failure

    def run(self):
        try:
            asyncio.run(self.run_all())
        except Exception as error:  # noqa: BLE001
            self.failure = error

    async def run_all(self):
        # Tasks live only as long as something refers to them.
        self.asked = set()
        await asyncio.gather(*(self.client() for _ in range(self.clients)))
        while self.asked:
            await asyncio.wait(self.asked)
        for node in self.nodes:
            node.close()

    async def client(self):
        while self.keys and not self.stopping:
            await self.cycle(self.keys.pop())

    async def cycle(self, key):
        node = self.chance.choice(self.nodes)
        status = await node.verify(key.access_key, key.secret_key)
        if status not in (0, 200, 503):
            self.violations.append(f"{key.access_key} was refused before its end, with {status} at :{node.port}")
        deleted = self.chance.random() < 0.5
        twice = not deleted and self.chance.random() < REPEATED
        first, second = self.chance.sample(self.nodes, 2)
        ends = [self.end(key, deleted, first, 0)]
        if twice:
            ends.append(self.end(key, deleted, second, self.chance.uniform(0, 0.05)))
        acknowledged = await asyncio.gather(*ends)
        self.repeated += all(acknowledged) and twice
        (self.ended if any(acknowledged) else self.doubtful).append(key)

    async def end(self, key, deleted, node, delay):
        """Requests the end of a key until it is acknowledged. Returns whether it was."""
        await asyncio.sleep(delay)
        function, fields = "keys/expire", {"access_key": key.access_key}
        if deleted:
            function, fields = "keys/delete", {**fields, "confirm_name": key.name}
        body = urllib.parse.urlencode(fields)
        while True:
            status = await node.call(key.member, function, body)
            if status == 200:
                self.judge(key)
                return True
            self.refused[status] += 1
            # A deletion whose answer was lost is not found by the next one, which acknowledges nothing.
            if self.stopping or status == 404:
                return False
            await asyncio.sleep(self.chance.uniform(0.3, 1))
            node = self.chance.choice(self.nodes)

    def judge(self, key):
        """Asks all nodes about this key, and one about an earlier one. A node that is stopped answers later."""
        for node in self.nodes:
            self.ask(node, key)
        if self.ended:
            self.ask(self.chance.choice(self.nodes), self.chance.choice(self.ended))

    def ask(self, node, key):
        task = asyncio.ensure_future(self.check(node, key))
        self.asked.add(task)
        task.add_done_callback(self.asked.discard)

    async def check(self, node, key):
        status = await node.verify(key.access_key, key.secret_key)
        self.answers[node.port, status] += 1
        if status == 200:
            self.violations.append(f"{key.access_key} was good at :{node.port} after its end was acknowledged")
