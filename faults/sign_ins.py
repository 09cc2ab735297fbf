"""Hundreds of sign-ins at once: refusals come quickly, and verification hardly feels it."""

import http.client
import threading
import time
import urllib.parse

from keyhold import FORM, PASSWORD, Keyhold, Member, Verifiers, percentile
from report import Row


def run(binary, folder, long):
    count, rounds = (500, 5) if long else (100, 2)
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        member = Member(keyhold, "a@example.com")
        alone = Verifiers(keyhold, member.key)
        time.sleep(3)
        alone.stop()
        answers = []
        beside = Verifiers(keyhold, member.key)
        for number in range(rounds):
            answers += flood(keyhold, count, number)
            time.sleep(0.5)
        beside.stop()
    finally:
        keyhold.close()
    statuses = {}
    for status, _ in answers:
        statuses[status] = statuses.get(status, 0) + 1
    refusals = [took for status, took in answers if status in (429, 503)]
    wrong = [f"verification: {beside.statuses}"] if beside.wrong() else []
    if unexpected := set(statuses) - {200, 429, 503}:
        wrong.append(f"sign-ins answered {unexpected}")
    figure = (
        f"{rounds} × {count} sign-ins at once: {statuses}; refusals p99 {percentile(refusals, 0.99) * 1000:.0f} ms; "
        f"verification p99 {beside.p99():.2f} ms, alone {alone.p99():.2f} ms"
    )
    return [Row("sign-ins at once", figure, wrong)]


def flood(keyhold, count, number):
    """Each from a network of its own, on connections that are open already."""
    body = urllib.parse.urlencode({"email": "a@example.com", "password": PASSWORD})
    answers, ready = [], threading.Barrier(count)

    def sign_in(client):
        connection = http.client.HTTPConnection("127.0.0.1", keyhold.port, timeout=30)
        connection.connect()
        headers = {
            "Content-Type": FORM,
            "Accept": "application/json",
            "X-Forwarded-For": f"203.{number}.{client // 250}.{client % 250}",
        }
        ready.wait()
        begun = time.monotonic()
        try:
            connection.request("POST", "/fn/account/sign-in", body, headers)
            answer = connection.getresponse()
            answer.read()
            answers.append((answer.status, time.monotonic() - begun))
        except (OSError, http.client.HTTPException):
            answers.append((0, time.monotonic() - begun))
        connection.close()

    threads = [threading.Thread(target=sign_in, args=(client,)) for client in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
