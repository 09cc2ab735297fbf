"""Keyhold on several ports of one machine, with nginx in front."""

import os
import signal
import time

from database import ask
from members import free_port
from process import Ended, Process, wait_for

# A start that fails is repeated as often, as systemd would: under load the write turn may not come in time for it.
STARTS = 5


class Service:
    def __init__(self, programs, folder, binary, nodes, port=None, settings=None):
        self.programs = programs
        self.folder = folder
        self.binary = binary
        self.port = port or free_port()
        self.ports = [free_port() for _ in range(nodes)]
        self.metrics = [free_port() for _ in range(nodes)]
        self.settings = settings or {}
        # The last line of the log of each start that failed.
        self.failed_starts = []
        self.nodes = [self.define_node(number) for number in range(nodes)]
        self.nginx = self.define_nginx()

    def start(self, database_urls, prepare=None):
        """`prepare` runs while only one node does, which then reads the keys again."""
        for node, url in zip(self.nodes, database_urls):
            node.environment["KEYHOLD_DATABASE_URL"] = url
        # The first one creates the pepper and the tables. On separate machines, the pepper is copied to each.
        self.start_node(0)
        if prepare:
            prepare()
            self.nodes[0].terminate()
            self.start_node(0)
        for number in range(1, len(self.nodes)):
            self.start_node(number)
        self.nginx.start()
        wait_for(lambda: ask(self.port, "/healthz")[0] == 200, "nginx", 60, [self.nginx])

    def start_node(self, number, seconds=120):
        """Starts one node and returns the seconds until it was ready."""
        node = self.nodes[number]
        for attempt in range(STARTS):
            node.start()
            try:
                return wait_for(lambda: self.is_ready(number), f"{node.name} to be ready", seconds, [node])
            except Ended:
                if attempt == STARTS - 1:
                    raise
                self.failed_starts.append(node.logged(1))
                time.sleep(1)

    def is_ready(self, number):
        return ask(self.ports[number], "/readyz")[0] == 200

    def stop(self):
        self.nginx.terminate()
        for node in self.nodes:
            node.signal(signal.SIGCONT)
            node.signal(signal.SIGTERM)
        for node in self.nodes:
            node.terminate()

    def processes(self):
        return [*self.nodes, self.nginx]

    def define_node(self, number):
        folder = self.folder / f"keyhold-{number}"
        folder.mkdir()
        settings = {
            "KEYHOLD_LISTEN": f"127.0.0.1:{self.ports[number]}",
            "KEYHOLD_METRICS_LISTEN": f"127.0.0.1:{self.metrics[number]}",
            "KEYHOLD_BASE_URL": f"http://127.0.0.1:{self.port}",
            "KEYHOLD_PEPPER_FILE": str(self.folder / "pepper"),
            "KEYHOLD_TRUSTED_PROXIES": "127.0.0.1/32",
            **{name: value for name, value in os.environ.items() if name in ("KEYHOLD_SITE_ROOT", "RUST_LOG")},
            **self.settings,
        }
        return Process(f"Keyhold {number}", [self.binary, "serve"], folder, settings)

    def define_nginx(self):
        folder = self.folder / "nginx"
        folder.mkdir()
        servers = "\n".join(f"        server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in self.ports)
        # nginx without its commercial modules has no checks of its own, so each request is one: a node that refuses the
        # connection or answers 503 gets none for a second, and the request goes to the next node. nginx never repeats a
        # POST that a node has received. While no node works, nginx answers 502.
        (folder / "nginx.conf").write_text(
            f"""pid {folder}/pid;
error_log stderr warn;
worker_processes 1;
daemon off;
events {{ worker_connections 2000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream keyhold {{
{servers}
        keepalive 64;
        # Keyhold closes a connection after 10 s of idleness; nginx must close it first.
        keepalive_timeout 5s;
    }}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            proxy_pass http://keyhold;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_connect_timeout 1s;
            # The longest KEYHOLD_LEASE, 300 s, and 60 s more.
            proxy_read_timeout 360s;
            proxy_next_upstream error timeout http_503;
        }}
    }}
}}
"""
        )
        return Process("nginx", [self.programs.nginx, "-c", folder / "nginx.conf", "-e", "stderr"], folder)
