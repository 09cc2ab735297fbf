#!/usr/bin/env python3
"""Starts a whole cluster on this machine: etcd, PostgreSQL under Patroni, HAProxy, Keyhold and nginx.

Everything listens on loopback and writes into a temporary folder. Ctrl-C or SIGTERM stops it all and removes the folder.
A process that ends by itself is started again after --restart seconds, as systemd would. So kill what you like, and watch.
"""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "cluster"))

from cluster import Cluster  # noqa: E402


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", default=str(ROOT / "target/release/keyhold"))
    arguments.add_argument("--nodes", type=int, default=3, help="processes of Keyhold; 3 if not given")
    arguments.add_argument("--port", type=int, help="port of nginx; a free one if not given")
    arguments.add_argument("--restart", type=float, default=5, help="seconds; 5 if not given")
    arguments.add_argument("--strict", action="store_true", help="commits wait for two servers, also if one is lost")
    chosen = arguments.parse_args()
    if sys.platform != "linux":
        arguments.exit(1, "cluster: Linux only.\n")
    if not os.access(chosen.binary, os.X_OK):
        arguments.exit(1, f"cluster: there is no {chosen.binary}; `make build` makes it.\n")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: end(stop))
    try:
        with Cluster(chosen.binary, chosen.nodes, chosen.port, strict=chosen.strict) as cluster:
            started.set()
            print(cluster.addresses(), flush=True)
            print("Ctrl-C stops everything.", flush=True)
            supervise(cluster, stop, chosen.restart)
            print("Stopping", flush=True)
    except Stopped:
        return 1
    return 0


class Stopped(Exception):
    """Raised by a signal while the cluster starts."""


started = threading.Event()


def end(stop):
    stop.set()
    if not started.is_set():
        raise Stopped


def supervise(cluster, stop, restart):
    ended = {}
    while not stop.wait(0.5):
        for process in cluster.processes():
            if process.runs():
                continue
            if process.name not in ended:
                ended[process.name] = time.monotonic()
                print(f"{process.name} has ended: {process.process.returncode}", flush=True)
            elif time.monotonic() - ended[process.name] >= restart:
                del ended[process.name]
                process.start()
                print(f"{process.name} is started again", flush=True)


if __name__ == "__main__":
    sys.exit(main())
