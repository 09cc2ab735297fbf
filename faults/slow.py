"""Thousands of clients that send a byte a second, beside good clients."""

import selectors
import socket
import threading
import time

from keyhold import Keyhold, Member, percentile, verified
from report import Row

# The bound on verification's p99, as a multiple of its p99 alone.
MOST_TIMES = 2
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: slow.example\r\nX-Slow: "


class SlowClients:
    """Connections that never finish their request, and reconnect when they are closed."""

    def __init__(self, keyhold, count):
        self.port = keyhold.port
        self.count = count
        self.stopping = False
        self.disconnected = 0
        keyhold.clients.append(self)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def open(self, number):
        client = socket.socket()
        client.setblocking(False)
        # Many addresses, as in a distributed attack.
        client.bind((f"127.0.{1 + number // 250}.{1 + number % 250}", 0))
        client.connect_ex(("127.0.0.1", self.port))
        return client

    def run(self):
        clients = {}
        sent = dict.fromkeys(range(self.count), 0)
        watch = selectors.DefaultSelector()
        while not self.stopping:
            begun = time.monotonic()
            for number in range(self.count):
                if number not in clients:
                    clients[number] = self.open(number)
                    watch.register(clients[number], selectors.EVENT_READ, number)
                    sent[number] = 0
                    continue
                try:
                    place = sent[number]
                    clients[number].send(REQUEST[place : place + 1] or b"x")
                    sent[number] += 1
                except BlockingIOError:
                    pass
                except OSError:
                    self.drop(watch, clients, number)
            for ready, _ in watch.select(0):
                try:
                    if not ready.fileobj.recv(4096):
                        self.drop(watch, clients, ready.data)
                except OSError:
                    self.drop(watch, clients, ready.data)
            time.sleep(max(0, 1 - (time.monotonic() - begun)))
        for client in clients.values():
            client.close()

    def drop(self, watch, clients, number):
        self.disconnected += 1
        watch.unregister(clients[number])
        clients.pop(number).close()

    def stop(self):
        self.stopping = True
        self.thread.join()


def run(binary, folder, long):
    count, seconds = (4000, 40) if long else (200, 12)
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        key = Member(keyhold, "a@example.com").key
        alone, _, _ = verified(keyhold, key, lambda: time.sleep(3))
        slow = SlowClients(keyhold, count)
        time.sleep(2)
        fresh, failed = [], []

        def newcomers():
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                begun = time.perf_counter()
                if keyhold.ask("/healthz")[0] != 200:
                    failed.append(begun)
                fresh.append(time.perf_counter() - begun)
                time.sleep(0.05)

        beside, statuses, wrong_answers = verified(keyhold, key, newcomers)
        slow.stop()
    finally:
        keyhold.close()
    wrong = []
    if wrong_answers or failed:
        wrong.append(f"{statuses}, {len(failed)} new connections without an answer")
    if slow.disconnected < count:
        wrong.append(f"only {slow.disconnected} of {count} slow clients were disconnected")
    figure = (
        f"{count:,} clients of a byte a second for {seconds} s, disconnected {slow.disconnected:,} times; {statuses.get(200, 0):,} good "
        f"answers, p99 {beside:.2f} ms (alone {alone:.2f} ms), new connections p99 "
        f"{percentile(fresh, 0.99) * 1000:.1f} ms"
    )
    return [Row("slow clients", figure, wrong, not long or beside <= MOST_TIMES * alone)]
