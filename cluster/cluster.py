"""The whole cluster: the database and the service, in a temporary folder of their own."""

import functools
import os
import shutil
import signal
import tempfile
from pathlib import Path

from alone import Alone
from database import Database
from members import free_port
from process import require_setpriv
from programs import Programs
from service import Service


class Cluster:
    """`alone`: one server instead of the whole database, whose commits reach the disk only if it is "durable". `prepare` is
    called with the cluster while only its first node runs."""

    def __init__(
        self, binary, nodes=3, port=None, settings=None, strict=False, proxied=False, alone=None, prepare=None
    ):
        require_setpriv()
        programs = Programs()
        self.folder = Path(tempfile.mkdtemp(prefix="keyhold-cluster-"))
        # PostgreSQL runs as another user if this is root; its own folder is closed to all others.
        self.folder.chmod(0o711)
        self.prepare = prepare
        if alone:
            ports = [free_port() for _ in range(nodes)] if proxied else []
            self.database = Alone(programs, self.folder, ports, alone == "durable")
        else:
            self.database = Database(programs, self.folder, strict, nodes if proxied else 0)
        self.service = Service(programs, self.folder, os.path.abspath(binary), nodes, port, settings)

    def __enter__(self):
        try:
            self.database.start()
            urls = [self.database.url(proxy.port) for proxy in self.proxies()]
            prepare = self.prepare and functools.partial(self.prepare, self)
            self.service.start(urls or [self.database.url()] * len(self.service.nodes), prepare)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not leave anything behind.
        handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        for proxy in self.proxies():
            proxy.join()
        self.service.stop()
        self.database.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        for number, handler in handlers.items():
            signal.signal(number, handler)

    def proxies(self):
        """Of each node, if it has one of its own."""
        return self.database.proxies

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
