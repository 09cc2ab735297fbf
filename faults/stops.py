"""Stops under load: every request sent before the signal is answered, and every call is counted."""

import signal
import threading
import time

from keyhold import Caller, Keyhold, Member
from life import SIGN_UP, Crew
from report import Row
from soak import count

# How long the server leaves connections open after the signal, so that the next request on each is answered too. Later
# requests may cross the close.
FAREWELL = 1


def run(binary, folder, long):
    rounds = 40 if long else 6
    signals = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT]
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    wrong, slowest, called, unanswered = [], 0.0, 0, 0
    try:
        key = Member(keyhold, "a@example.com").key
        crew = Crew(keyhold, 2)
        for number in range(rounds):
            callers = [Kept(keyhold, key) for _ in range(8)]
            crew.begin()
            time.sleep(0.3)
            chosen = signals[number % len(signals)]
            signalled = time.monotonic()
            code, took = keyhold.terminate(chosen)
            crew.end()
            slowest = max(slowest, took)
            if code != 0:
                wrong.append(f"{chosen.name}: exit {code}")
            for caller in callers:
                called += caller.end()
                unanswered += caller.lost is not None and caller.lost < signalled + FAREWELL
            keyhold.start()
            wrong += crew.compare(sample=1, others=SIGN_UP)
        if unanswered:
            wrong.append(f"{unanswered} requests on kept connections had no answer")
        counted = count(keyhold.database, [key["access_key"]])
        if counted != called:
            wrong.append(f"{counted} of {called} calls counted")
    finally:
        keyhold.close()
    figure = (
        f"{rounds} stops by four signals, {called:,} calls, {counted:,} counted, {unanswered} requests unanswered; "
        f"{slowest:.2f} s at most"
    )
    return [Row("stop under load", figure, wrong, slowest <= 10)]


class Kept:
    """A gateway's connection: busy until the server announces that it closes."""

    def __init__(self, keyhold, key):
        self.caller = Caller(keyhold.port, key)
        self.caller.connect()
        # `lost` is the time at which a request without an answer was sent.
        self.answered, self.lost = 0, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while self.caller.socket:
            status = self.caller.call()
            if status == 200:
                self.answered += 1
            else:
                self.lost = self.caller.sent
                return

    def end(self):
        self.thread.join()
        return self.answered
