"""Hundreds of concurrent sign-ins: rejections are quick, and verification takes little longer than without them."""

import selectors
import socket
import time
import urllib.parse

from keyhold import FORM, PASSWORD, Keyhold, Member, percentile, verified
from report import Row

REFUSALS_MS = 100
# The bound on verification's p99, as a multiple of its p99 alone.
MOST_TIMES = 2
# Longer than the half minute after which the server itself gives up on a request.
PATIENCE = 40


def run(binary, folder, long):
    count, rounds = (500, 5) if long else (100, 2)
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        member = Member(keyhold, "a@example.com")
        alone, _, _ = verified(keyhold, member.key, lambda: time.sleep(3))
        body = urllib.parse.urlencode({"email": "a@example.com", "password": PASSWORD})
        answers = []

        def floods():
            for number in range(rounds):
                answers.extend(flood(keyhold.port, count, number, body))
                time.sleep(0.5)

        beside, statuses, wrong_answers = verified(keyhold, member.key, floods)
    finally:
        keyhold.close()
    signed = {}
    for status, _ in answers:
        signed[status] = signed.get(status, 0) + 1
    refusals = percentile([took for status, took in answers if status in (429, 503)], 0.99) * 1000
    wrong = [f"verification: {statuses}"] if wrong_answers else []
    if unexpected := set(signed) - {200, 429, 503}:
        wrong.append(f"sign-ins answered {unexpected}")
    figure = (
        f"{rounds} × {count} sign-ins at once: {signed}; refusals p99 {refusals:.0f} ms; "
        f"verification p99 {beside:.2f} ms, alone {alone:.2f} ms"
    )
    met = refusals < REFUSALS_MS and beside <= MOST_TIMES * alone
    return [Row("sign-ins at once", figure, wrong, not long or met)]


def flood(port, count, number, body):
    """Sends `count` sign-ins on open connections, each from its own network, then reads the answers. Returns status and
    seconds of each, with status 0 for a missing answer."""
    watch, begun, answers = selectors.DefaultSelector(), {}, []
    for client in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        watch.register(connection, selectors.EVENT_READ, client)
    for key in list(watch.get_map().values()):
        client = key.data
        request = (
            f"POST /fn/account/sign-in HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {FORM}\r\n"
            f"Accept: application/json\r\nX-Forwarded-For: {20 + client // 250}.{client % 250}.{number}.7\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        begun[client] = time.monotonic()
        key.fileobj.sendall(request.encode())
    until = time.monotonic() + PATIENCE
    while begun and time.monotonic() < until:
        for ready, _ in watch.select(1):
            head = ready.fileobj.recv(4096)
            status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/1.1 ") else 0
            answers.append((status, time.monotonic() - begun.pop(ready.data)))
            watch.unregister(ready.fileobj)
            ready.fileobj.close()
    answers += [(0, PATIENCE)] * len(begun)
    watch.close()
    return answers
