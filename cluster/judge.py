"""Asks every node about a key at once after its expire or delete was acknowledged. A success is a violation of promise 1."""

import threading
import time

from members import Caller

# Seconds that a changer waits for an answer, before another thread waits for it.
PATIENCE = 0.5


class Judge:
    """One for all changers. Each has its own connections."""

    def __init__(self, ports):
        self.ports = ports
        self.lock = threading.Lock()
        self.connections = threading.local()
        self.asked = 0
        self.statuses = {}
        self.violations = []
        # Connections whose answer is outstanding: their node is stopped, or slow.
        self.late = []

    def __call__(self, key):
        """Sends to all nodes first and reads afterwards, so that the last is asked as soon as the first."""
        callers = self.connections.__dict__.setdefault("callers", {})
        sent = []
        for port in self.ports:
            caller = callers.get(port) or Caller(port, key)
            secret = f"{key['access_key']}.{key['secret_key']}"
            caller.request = f"GET /verify HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-API-Key: {secret}\r\n\r\n".encode()
            try:
                if caller.socket is None:
                    caller.connect(timeout=PATIENCE)
                caller.socket.sendall(caller.request)
            except OSError:
                # The node was killed.
                caller.hang_up()
                self.count(0, port, key)
                continue
            callers[port] = caller
            sent.append((port, caller))
        for port, caller in sent:
            try:
                status = read_status(caller.socket)
            except TimeoutError:
                with self.lock:
                    self.late.append((port, caller.socket, key))
                caller.socket = None
                continue
            except OSError:
                status = 0
            if status == 0:
                caller.hang_up()
            self.count(status, port, key)

    def count(self, status, port, key):
        with self.lock:
            self.asked += 1
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status == 200:
                self.violations.append(f"{key['access_key']} was good at :{port}, at {time.strftime('%T')}")

    def collect(self):
        """Reads the answers that are outstanding. All nodes must run."""
        for port, late, key in self.late:
            late.settimeout(5)
            try:
                status = read_status(late)
            except OSError:
                status = 0
            late.close()
            self.count(status, port, key)
        self.late = []


def read_status(connection):
    """Reads one answer of /verify. 0 if the connection was closed."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(4096)
        if not piece:
            return 0
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    missing = int(length.split(b":")[1]) - len(body)
    while missing > 0:
        piece = connection.recv(missing)
        if not piece:
            break
        missing -= len(piece)
    status = int(head[9:12])
    if b"connection: close" in head.lower():
        connection.close()
    return status
