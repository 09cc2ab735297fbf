"""Idle connections whose first request had a large head: the memory that each of them holds."""

import socket
import time

from keyhold import Keyhold, Member
from report import Row

HEAD_BYTES = 60_000
MOST_HELD = 32 * 1024


def run(binary, folder, long):
    # With fewer connections, the difference is lost in the allocator's noise.
    count = 2_000 if long else 1_000
    small = measured(binary, f"{folder}/small", count, 10)
    large = measured(binary, f"{folder}/large", count, HEAD_BYTES)
    more = (large - small) / count
    figure = f"{count:,} idle connections, each begun with a head of {HEAD_BYTES:,} bytes: {more / 1024:.1f} kB more each"
    return [Row("large heads", figure, [], more <= MOST_HELD)]


def measured(binary, folder, count, filler):
    """The resident memory, in bytes, of a server with `count` idle connections whose first head had that size."""
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        key = Member(keyhold, "a@example.com").key
        secret = f"{key['access_key']}.{key['secret_key']}"
        rest = f" HTTP/1.1\r\nHost: 127.0.0.1:{keyhold.port}\r\nX-API-Key: {secret}\r\n"
        # The first is not a verification, so that both HTTP readers have read a large head.
        requests = [f"GET /healthz{rest}X-Filler: {'x' * filler}\r\n\r\n".encode(), f"GET /verify{rest}\r\n".encode()]
        return held(keyhold, count, requests)
    finally:
        keyhold.close()


def held(keyhold, count, requests):
    """The resident memory, in bytes, while `count` connections that sent `requests` are idle."""
    clients = []
    for number in range(count):
        client = socket.socket()
        client.bind((f"127.2.{number // 250}.{1 + number % 250}", 0))
        client.connect(("127.0.0.1", keyhold.port))
        client.settimeout(10)
        for request in requests:
            client.sendall(request)
            if not client.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("a large head was not answered")
        clients.append(client)
        if len(clients) % 100 == 0:
            time.sleep(0.05)
    resident = keyhold.resident()
    for client in clients:
        client.close()
    return resident
