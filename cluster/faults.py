#!/usr/bin/env python3
"""Causes the faults that a cluster must withstand, and writes docs/cluster.md.

    cluster/faults.py                   the long forms, 40 minutes; writes each row as soon as it is measured
    cluster/faults.py --only mails      only this row
    cluster/faults.py --short           a short form of each, some minutes; writes nothing
    cluster/faults.py --short --alone   on one PostgreSQL server instead of a whole cluster: no etcd, Patroni and HAProxy

KEYHOLD_BINARY is the binary, target/release/keyhold unless set. Everything runs on loopback and in a temporary folder, and
ends by itself. Linux only.
"""

import argparse
import functools
import importlib
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "cluster"))

from cluster import Cluster  # noqa: E402
from members import Row  # noqa: E402
from table import ROWS, write  # noqa: E402

# These lose the primary of a whole cluster.
WHOLE = ["primary", "restarts"]


class How:
    """How a row is to be measured."""

    def __init__(self, binary, long, alone, minutes):
        self.binary = binary
        self.long = long
        self.minutes = minutes
        self.cluster = functools.partial(Cluster, binary, alone="volatile" if alone else None)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--short", action="store_true")
    arguments.add_argument("--alone", action="store_true")
    arguments.add_argument("--minutes", type=float, default=18, help="the most for the violations; 18 if not given")
    arguments.add_argument("--binary", default=os.environ.get("KEYHOLD_BINARY") or str(ROOT / "target/release/keyhold"))
    arguments.add_argument("--only", nargs="+", choices=ROWS, metavar="ROW", help=", ".join(ROWS))
    chosen = arguments.parse_args()
    if chosen.alone and not chosen.short:
        arguments.error("--alone is for the short forms: docs/cluster.md is about a whole cluster")
    if sys.platform != "linux":
        arguments.exit(1, "cluster: Linux only.\n")
    if not os.access(chosen.binary, os.X_OK):
        arguments.exit(1, f"cluster: there is no {chosen.binary}; `make build` makes it.\n")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # As Ctrl-C: stops the cluster and removes its folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    how, failed = How(os.path.abspath(chosen.binary), not chosen.short, chosen.alone, chosen.minutes), []
    for name in chosen.only or [name for name in ROWS if not (chosen.alone and name in WHOLE)]:
        begun = time.monotonic()
        try:
            row = importlib.import_module(f"rows.{name}").run(how)
        except Exception as error:  # noqa: BLE001
            # The other rows are still measured.
            traceback.print_exc()
            row = Row(importlib.import_module(f"rows.{name}").WHAT, "ended early", [f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"])
        seconds = time.monotonic() - begun
        holds = row.holds() if how.long else not row.wrong
        if not holds:
            failed.append(row)
        print(f"{'holds' if holds else 'FAILS':8} {row.what}: {row.figure} {row.verdict()} ({seconds:.0f} s)", flush=True)
        if how.long:
            write(name, row, seconds, how.binary)
    # Again, so that the end of a long log names them.
    for row in failed:
        print(f"FAILS    {row.what}: {row.verdict()}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
