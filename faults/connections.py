"""Ten thousand kept connections with an occasional request each."""

import selectors
import socket
import time

from keyhold import Keyhold, Member
from report import Row

MOST_BYTES = 500_000_000


def run(binary, folder, long):
    count, seconds = (10_000, 45) if long else (1_000, 8)
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        key = Member(keyhold, "a@example.com").key
        secret = f"{key['access_key']}.{key['secret_key']}"
        request = f"GET /verify HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {secret}\r\n\r\n".encode()
        watch = selectors.DefaultSelector()
        clients = []
        for number in range(count):
            client = socket.socket()
            client.bind((f"127.1.{number // 250}.{1 + number % 250}", 0))
            client.connect(("127.0.0.1", keyhold.port))
            client.setblocking(False)
            watch.register(client, selectors.EVENT_READ)
            clients.append(client)
        good = bad = closed = asked = 0
        begun = time.monotonic()
        # Each connection calls every six seconds, spread evenly.
        every = 6.0
        while (now := time.monotonic() - begun) < seconds or good + bad + closed < asked and now < seconds + 10:
            due = min(int(now / every * count), int(seconds / every * count))
            while asked < due:
                try:
                    clients[asked % count].send(request)
                except OSError:
                    closed += 1
                asked += 1
            for ready, _ in watch.select(0.01):
                try:
                    answer = ready.fileobj.recv(4096)
                except OSError:
                    answer = b""
                if not answer:
                    closed += 1
                    watch.unregister(ready.fileobj)
                elif answer.startswith(b"HTTP/1.1 200"):
                    good += answer.count(b"HTTP/1.1 200")
                else:
                    bad += 1
        resident = keyhold.resident()
        for client in clients:
            client.close()
    finally:
        keyhold.close()
    wrong = [] if (good, bad, closed) == (asked, 0, 0) else [f"{asked} asked: {good} good, {bad} bad, {closed} closed"]
    figure = f"{count:,} connections, {seconds} s, {good:,} good answers, {resident / 1e6:.0f} MB resident"
    return [Row("kept connections", figure, wrong, resident < MOST_BYTES)]
