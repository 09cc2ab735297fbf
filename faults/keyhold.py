"""A running `keyhold serve` in its own folder, and the clients that talk to it over the network."""

import http.client
import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import threading
import time
import types
import urllib.parse
from pathlib import Path

from ports import free_port

PASSWORD = "a calm lake at dawn"
FORM = "application/x-www-form-urlencoded"
# The server closes a connection after ten idle seconds, and a request that crosses the close has no answer (RFC 9112,
# section 9.5). So a client connects again after half of that: on a busy machine, a few sign-ups take longer than ten
# seconds, and the first account is idle meanwhile.
MOST_IDLE = 5


class Keyhold:
    """`folder` holds the database, the pepper, the mails and the log; `data` moves the database elsewhere."""

    def __init__(self, binary, folder, data=None, settings=None):
        self.binary = binary
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.database = Path(data or self.folder) / "keyhold.db"
        self.log = self.folder / "log"
        self.port = free_port()
        self.settings = settings or {}
        self.process = None
        # They call until they are stopped, also after an exception.
        self.clients = []

    def start(self):
        """Starts the server and returns the seconds until it was ready."""
        settings = {
            "PATH": os.environ["PATH"],
            "KEYHOLD_LISTEN": f"127.0.0.1:{self.port}",
            "KEYHOLD_DATABASE_URL": f"sqlite://{self.database}",
            "KEYHOLD_PEPPER_FILE": str(self.folder / "pepper"),
            # Lets each client choose its address, as behind a proxy.
            "KEYHOLD_TRUSTED_PROXIES": "127.0.0.0/8",
            **self.settings,
        }
        site = os.environ.get("KEYHOLD_SITE_ROOT")
        if site:
            settings["KEYHOLD_SITE_ROOT"] = os.path.abspath(site)
        begun = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve"], cwd=self.folder, env=settings, stdout=log, stderr=log
            )
        while self.ask("/readyz")[0] != 200:
            if self.process.poll() is not None:
                raise RuntimeError(f"keyhold exited at once: {self.logged()[-2000:]}")
            if time.monotonic() - begun > 60:
                raise RuntimeError(f"keyhold is not ready after a minute: {self.logged()[-2000:]}")
            time.sleep(0.005)
        return time.monotonic() - begun

    def logged(self):
        return self.log.read_text(errors="replace")

    def ask(self, path, headers=None, timeout=5):
        """Sends one GET on its own connection. Returns status and body, or (0, reason) without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            return 0, str(error)
        finally:
            connection.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self, signal_number=signal.SIGTERM):
        """Stops the server; returns its exit code and the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(signal_number)
        code = self.process.wait(timeout=60)
        return code, time.monotonic() - begun

    def resident(self):
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def close(self):
        """Ends the server and its clients."""
        if self.process and self.process.poll() is None:
            self.kill()
        for client in self.clients:
            client.stop()


class Member:
    """A signed-in account on one kept connection."""

    def __init__(self, keyhold, email, address="198.51.100.1"):
        self.keyhold = keyhold
        self.email = email
        self.address = address
        self.connection = None
        self.used = 0.0
        self.cookies = {}
        fields = {"email": email, "password": PASSWORD, "time_zone": "UTC"}
        status, self.key = self.call("account/sign-up", **fields)
        if status != 200:
            raise RuntimeError(f"sign-up of {email}: {status} {self.key}")

    def call(self, function, **fields):
        """Posts to a server function: status and JSON. An error of the connection is (0, reason)."""
        body = urllib.parse.urlencode(fields)
        headers = {
            "Content-Type": FORM,
            "Accept": "application/json",
            "X-Forwarded-For": self.address,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if time.monotonic() - self.used > MOST_IDLE:
            self.hang_up()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.keyhold.port, timeout=40)
            self.connection.request("POST", f"/fn/{function}", body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.hang_up()
            return 0, repr(error)
        self.used = time.monotonic()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        if answer.will_close:
            self.hang_up()
        try:
            return answer.status, json.loads(text or b"null")
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def page(self, path):
        """The status of a page."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return self.keyhold.ask(path, {"Cookie": cookie, "Accept": "text/html"})[0]

    def hang_up(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Caller:
    """Calls `/verify` with one key on a kept connection, as a gateway does."""

    def __init__(self, port, key):
        self.port = port
        secret = f"{key['access_key']}.{key['secret_key']}"
        self.request = (
            f"GET /verify HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nX-API-Key: {secret}\r\n\r\n"
        ).encode()
        self.socket = None
        self.sent = 0.0

    def connect(self, timeout=20):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self):
        """The status, or 0 without an answer."""
        try:
            if self.socket is None:
                self.connect()
            try:
                self.socket.sendall(self.request)
            finally:
                self.sent = time.monotonic()
            answer = b""
            while b"\r\n\r\n" not in answer:
                piece = self.socket.recv(4096)
                if not piece:
                    raise OSError("closed")
                answer += piece
            head, _, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            missing = (int(length[1]) if length else 0) - len(body)
            while missing > 0:
                missing -= len(self.socket.recv(missing))
            if b"onnection: close" in head:
                self.hang_up()
            return int(head[9:12])
        except OSError:
            self.hang_up()
            return 0

    def hang_up(self):
        if self.socket:
            self.socket.close()
        self.socket = None


def verdict(keyhold, key):
    """The status of `/verify` on its own connection."""
    secret = f"{key['access_key']}.{key['secret_key']}"
    return keyhold.ask("/verify", {"X-API-Key": secret})[0]


class Verifiers:
    """Threads that call `/verify` with a good key until they are stopped, and their results."""

    def __init__(self, keyhold, key, threads=2, pause=0.001):
        self.statuses = {}
        self.times = []
        self.stopping = False
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.run, args=(Caller(keyhold.port, key), pause)) for _ in range(threads)
        ]
        keyhold.clients.append(self)
        for thread in self.threads:
            thread.start()

    def run(self, caller, pause):
        while not self.stopping:
            begun = time.perf_counter()
            status = caller.call()
            took = time.perf_counter() - begun
            with self.lock:
                self.statuses[status] = self.statuses.get(status, 0) + 1
                self.times.append(took)
            time.sleep(pause)
        caller.hang_up()

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def good(self):
        return self.statuses.get(200, 0)

    def wrong(self):
        return sum(count for status, count in self.statuses.items() if status != 200)

    def p99(self):
        """In milliseconds."""
        return percentile(self.times, 0.99) * 1000


def verified(keyhold, key, action):
    """Verifies while `action` runs. Returns p99 in milliseconds, answers by status, and the number of wrong ones."""
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    process = multiprocessing.Process(target=verify, args=(keyhold.port, key, stop, results))
    process.start()
    try:
        action()
    finally:
        stop.set()
    found = results.get(timeout=30)
    process.join()
    return found


def verify(port, key, stop, results):
    """Runs in its own process, so that this interpreter's load does not count as the server's time."""
    verifiers = Verifiers(types.SimpleNamespace(port=port, clients=[]), key)
    stop.wait()
    verifiers.stop()
    results.put((verifiers.p99(), verifiers.statuses, verifiers.wrong()))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
