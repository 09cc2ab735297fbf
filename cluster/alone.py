"""One PostgreSQL server without a standby, as build/postgres.sh starts it for the tests: no Patroni, etcd or HAProxy."""

import os
import signal
import subprocess
import urllib.parse

from cut import Proxy, Simple
from programs import ROOT

# The last of several values counts. By default nothing that the server writes has to reach the disk.
DURABLE = "-c fsync=on -c full_page_writes=on -c autovacuum=on"


class Alone:
    def __init__(self, programs, folder, ports, durable=False):
        """`ports` are those of the proxies."""
        self.programs = programs
        self.folder = folder
        self.ports = ports
        self.durable = durable
        self.proxies = []
        self.server = None
        self.address = None

    def start(self):
        # The server ends when the input of the script's command does, so also if this interpreter is killed.
        self.server = subprocess.Popen(
            [str(ROOT / "build/postgres.sh"), "run", "sh", "-c", 'echo "$KEYHOLD_TEST_POSTGRES"; cat'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "KEYHOLD_TEST_POSTGRES_OPTIONS": DURABLE if self.durable else ""},
            text=True,
            start_new_session=True,
        )
        self.address = self.server.stdout.readline().strip()
        if not self.address:
            raise RuntimeError("build/postgres.sh did not start a server")
        for number, port in enumerate(self.ports):
            self.proxies.append(self.define_proxy(number, port))
            self.proxies[-1].start()

    def define_proxy(self, number, port):
        server, _, server_port = urllib.parse.urlsplit(self.address).netloc.partition("@")[2].partition(":")
        socket = f"{urllib.parse.unquote(server)}/.s.PGSQL.{server_port}"
        folder = self.folder / f"proxy-{number}"
        if not self.durable:
            return Simple(number, folder, port, socket)
        # HAProxy takes less of the processors, and is only fetched where it is needed.
        folder.mkdir()
        (folder / "haproxy.cfg").write_text(
            f"""defaults
  mode tcp
  timeout connect 1s
  timeout client 30m
  timeout server 30m
listen postgres
  bind 127.0.0.1:{port}
  server postgres unix@{socket}
"""
        )
        command = [self.programs.haproxy, "-db", "-f", folder / "haproxy.cfg"]
        return Proxy(f"HAProxy {number}", command, folder, port, self.programs.environment)

    def stop(self):
        for proxy in self.proxies:
            proxy.terminate()
        if self.server is None:
            return
        self.server.stdin.close()
        try:
            self.server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self.server.pid, signal.SIGKILL)

    def processes(self):
        return []

    def url(self, port=None):
        """The address for Keyhold, directly or through a port that leads there."""
        return f"postgres://keyhold@127.0.0.1:{port}/postgres" if port else self.address

    def run_sql(self, *statements):
        """Runs statements in Keyhold's database."""
        return self.programs.psql(self.address, statements)
