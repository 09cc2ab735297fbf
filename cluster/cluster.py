"""The whole cluster: the database and the service, in a temporary folder of their own."""

import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

from cut import Proxy
from database import Database
from process import require_setpriv
from programs import Programs
from service import Service


class Cluster:
    def __init__(self, binary, nodes=3, port=None, settings=None, strict=False, proxied=False):
        require_setpriv()
        programs = Programs()
        self.folder = Path(tempfile.mkdtemp(prefix="keyhold-cluster-"))
        # PostgreSQL runs as another user if this is root; its own folder is closed to all others.
        self.folder.chmod(0o711)
        free_port = Ports().take
        self.database = Database(programs, self.folder, free_port, strict)
        # One for each node, so that one can be cut off from the database.
        self.proxies = [Proxy(free_port(), self.database.port) for _ in range(nodes if proxied else 0)]
        urls = [self.database.url(proxy.port) for proxy in self.proxies] or [self.database.url()] * nodes
        self.service = Service(programs, self.folder, os.path.abspath(binary), urls, free_port, port, settings)

    def __enter__(self):
        try:
            self.database.start()
            self.service.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not leave anything behind.
        handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        for proxy in self.proxies:
            proxy.join()
        self.service.stop()
        self.database.stop()
        for proxy in self.proxies:
            proxy.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        for number, handler in handlers.items():
            signal.signal(number, handler)

    def processes(self):
        return [*self.database.processes(), *self.service.processes()]

    def addresses(self):
        database, service = self.database, self.service
        lines = [("Keyhold, through nginx", f"http://127.0.0.1:{service.port}")]
        for number, (port, metrics) in enumerate(zip(service.ports, service.metrics)):
            lines.append((f"Keyhold {number}", f"http://127.0.0.1:{port}  http://127.0.0.1:{metrics}/metrics"))
        lines.append(("PostgreSQL, through HAProxy", database.url()))
        for number, (port, check) in enumerate(zip(database.ports, database.checks)):
            lines.append(
                (f"PostgreSQL {number}", f"postgres://postgres@127.0.0.1:{port}/keyhold  http://127.0.0.1:{check}/cluster")
            )
        lines.append(("HAProxy's statistics", f"http://127.0.0.1:{database.statistics}"))
        for number, port in enumerate(database.etcd_ports):
            lines.append((f"etcd {number}", f"http://127.0.0.1:{port}"))
        lines.append(("Files, logs and mails", str(self.folder)))
        return "\n".join(f"{name:28} {address}" for name, address in lines)


class Ports:
    """Free ports of loopback, each given once."""

    def __init__(self):
        self.taken = set()

    def take(self):
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            if port not in self.taken:
                self.taken.add(port)
                return port
