"""The database of the cluster: three etcd, two PostgreSQL under Patroni, and HAProxy that leads to the primary.

etcd holds the leader's lock by majority, and with it the name of the standby that has every acknowledged commit. Only that
standby takes over, so a failover loses none.

While there is only one server, it acknowledges commits alone, once etcd has recorded that no standby may take over. In strict
mode commits wait instead, and with only two servers so do the renewals of leases: a former primary takes ten seconds or more
to come back as a standby, and a lease would not outlast that.
"""

import http.client
import json
import os
import signal

from cut import Proxy
from members import free_port
from process import Process, wait_for

# Seconds that the leader's lock lasts, the least that Patroni accepts. A killed primary is replaced after that.
LOCK = 20


class Database:
    def __init__(self, programs, folder, strict=False, proxies=0):
        self.programs = programs
        self.folder = folder
        self.strict = strict
        self.etcds = self.define_etcds()
        self.ports = [free_port(), free_port()]
        self.checks = [free_port(), free_port()]
        self.port = free_port()
        self.statistics = free_port()
        self.patronis = [self.define_patroni(number) for number in (0, 1)]
        self.haproxy = self.define_haproxy("HAProxy", self.port)
        # One for each node, so that one can be cut off from the database.
        self.proxies = [self.define_haproxy(f"HAProxy of node {number}", free_port()) for number in range(proxies)]

    def url(self, port=None):
        """The address for Keyhold, through HAProxy."""
        return f"postgres://keyhold@127.0.0.1:{port or self.port}/keyhold"

    def admin_url(self, name):
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def start(self):
        for etcd in self.etcds:
            etcd.start()
        wait_for(lambda: all(self.etcd_is_healthy(port) for port in self.etcd_ports), "etcd", 30, self.etcds)
        for patroni in self.patronis:
            patroni.start()
        for haproxy in [self.haproxy, *self.proxies]:
            haproxy.start()
        # The first Patroni runs initdb, the second copies the first.
        wait_for(self.is_replicated, "synchronous replication", 120, [*self.patronis, self.haproxy])
        self.programs.psql(self.admin_url("postgres"), ["CREATE ROLE keyhold LOGIN", "CREATE DATABASE keyhold OWNER keyhold"])

    def stop(self):
        for haproxy in [self.haproxy, *self.proxies]:
            haproxy.terminate()
        # Both at once, so that neither takes over from the other.
        for patroni in self.patronis:
            patroni.signal(signal.SIGCONT)
            patroni.signal(signal.SIGTERM)
        for number, patroni in enumerate(self.patronis):
            patroni.terminate()
            self.kill_postgres(number)
        for etcd in self.etcds:
            etcd.terminate()

    def processes(self):
        return [*self.etcds, *self.patronis, self.haproxy]

    # etcd

    def define_etcds(self):
        self.etcd_ports = [free_port() for _ in range(3)]
        peers = [free_port() for _ in range(3)]
        members = ",".join(f"e{number}=http://127.0.0.1:{port}" for number, port in enumerate(peers))
        etcds = []
        for number, (client, peer) in enumerate(zip(self.etcd_ports, peers)):
            folder = self.make_folder(f"etcd-{number}")
            options = {
                "name": f"e{number}",
                "data-dir": folder / "data",
                "listen-client-urls": f"http://127.0.0.1:{client}",
                "advertise-client-urls": f"http://127.0.0.1:{client}",
                "listen-peer-urls": f"http://127.0.0.1:{peer}",
                "initial-advertise-peer-urls": f"http://127.0.0.1:{peer}",
                "initial-cluster": members,
                "initial-cluster-state": "new",
            }
            command = [self.programs.etcd, *(part for name, value in options.items() for part in (f"--{name}", value))]
            etcds.append(Process(f"etcd {number}", command, folder))
        return etcds

    def etcd_is_healthy(self, port):
        status, body = ask(port, "/health")
        return status == 200 and b'"true"' in body

    # Patroni and PostgreSQL

    def define_patroni(self, number):
        folder = self.make_folder(f"postgres-{number}")
        login = {"username": "postgres", "password": "unused: pg_hba trusts loopback"}
        # Patroni reads YAML, and JSON is YAML. deploy/postgres/patroni.yml explains each setting.
        settings = {
            "scope": "keyhold",
            "name": f"p{number}",
            "restapi": {
                "listen": f"127.0.0.1:{self.checks[number]}",
                "connect_address": f"127.0.0.1:{self.checks[number]}",
            },
            "etcd3": {"hosts": [f"127.0.0.1:{port}" for port in self.etcd_ports]},
            "bootstrap": {
                "dcs": {
                    "ttl": LOCK,
                    "loop_wait": 2,
                    "retry_timeout": 3,
                    "primary_start_timeout": 5,
                    "maximum_lag_on_failover": 1 << 20,
                    "synchronous_mode": True,
                    "synchronous_mode_strict": self.strict,
                    "postgresql": {
                        "use_pg_rewind": True,
                        "parameters": {"max_connections": 200, "wal_log_hints": "on", "wal_retrieve_retry_interval": "500ms"},
                    },
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"],
                "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.ports[number]}",
                "connect_address": f"127.0.0.1:{self.ports[number]}",
                "data_dir": str(folder / "data"),
                "bin_dir": str(self.programs.postgres),
                "pgpass": str(folder / "pgpass"),
                "authentication": {"superuser": login, "replication": login, "rewind": login},
                "parameters": {"unix_socket_directories": ""},
            },
            # Needs a device that this machine may not have. Without it, synchronous replication still keeps a primary that has
            # lost the lock from acknowledging a commit.
            "watchdog": {"mode": "off"},
        }
        file = folder / "patroni.yml"
        file.write_text(json.dumps(settings, indent=2))
        if self.programs.postgres_user:
            os.chown(folder, *self.programs.postgres_user)
        # PostgreSQL writes here too, after Patroni's time.
        (folder / "log").touch()
        if self.programs.postgres_user:
            os.chown(folder / "log", *self.programs.postgres_user)
        return Process(
            f"Patroni {number}",
            [*self.programs.patroni, file],
            folder,
            {**self.programs.environment, "HOME": str(folder)},
            self.programs.postgres_user,
        )

    def members(self):
        """The servers by number: their role and state, as Patroni tells them."""
        for port in self.checks:
            status, body = ask(port, "/cluster")
            if status == 200:
                return {int(member["name"][1:]): member for member in json.loads(body)["members"]}
        return {}

    def is_replicated(self):
        roles = sorted(member["role"] for member in self.members().values())
        return roles == ["leader", "sync_standby"] and self.primary() is not None

    def primary(self):
        """The number of the server that accepts writes; none during a failover."""
        for number, port in enumerate(self.checks):
            if ask(port, "/primary")[0] == 200:
                return number
        return None

    def postmaster(self, number):
        """The process id of a PostgreSQL server, which is a child of its Patroni only until Patroni ends."""
        try:
            lines = (self.folder / f"postgres-{number}/data/postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
            # A killed server leaves its file, and the number may belong to another process since.
            program = os.readlink(f"/proc/{pid}/exe")
            folder = os.readlink(f"/proc/{pid}/cwd")
        except (OSError, ValueError, IndexError):
            return None
        ours = str((self.folder / f"postgres-{number}/data").resolve())
        return pid if program.startswith(str(self.programs.postgres)) and folder == ours else None

    def kill_postgres(self, number):
        """Kills one server with -9, as a power cut would. Its other processes notice and end too."""
        if (pid := self.postmaster(number)) is not None:
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: self.postmaster(number) is None, f"the end of PostgreSQL {number}", 10)

    def lose(self, number):
        """Loses the machine of one server: Patroni and PostgreSQL."""
        self.patronis[number].kill()
        self.kill_postgres(number)

    def restart(self, number):
        """Asks Patroni to restart a server, and waits for that."""
        connection = http.client.HTTPConnection("127.0.0.1", self.checks[number], timeout=60)
        try:
            connection.request("POST", "/restart", body="{}", headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"restart of PostgreSQL {number}: {answer.status} {text}")

    def run_sql(self, *statements):
        """Runs statements in Keyhold's database, on the primary."""
        return self.programs.psql(self.admin_url("keyhold"), statements)

    # HAProxy

    def define_haproxy(self, name, port):
        folder = self.make_folder(name.lower().replace(" ", "-"))
        servers = "\n".join(
            f"  server p{number} 127.0.0.1:{self.ports[number]} check port {self.checks[number]}" for number in (0, 1)
        )
        # deploy/postgres/haproxy-postgres.cfg explains each setting.
        (folder / "haproxy.cfg").write_text(
            f"""global
  maxconn 1000
defaults
  mode tcp
  retries 2
  timeout connect 1s
  timeout check 1s
  timeout client 30m
  timeout server 30m
listen primary
  bind 127.0.0.1:{port}
  option httpchk GET /primary
  http-check expect status 200
  default-server inter 500ms fastinter 250ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
{self.define_statistics() if port == self.port else ""}"""
        )
        return Proxy(name, [self.programs.haproxy, "-db", "-f", folder / "haproxy.cfg"], folder, port, self.programs.environment)

    def define_statistics(self):
        return f"""listen statistics
  mode http
  bind 127.0.0.1:{self.statistics}
  stats enable
  stats uri /
"""

    def make_folder(self, name):
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        return folder


def ask(port, path, headers=None, timeout=2):
    """Sends one GET to loopback. Returns status and body, or (0, b"") without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
