#!/usr/bin/env python3
"""Causes the faults that Keyhold must withstand, one after another, and writes docs/faults.md.

    faults/run.py              the long forms, about an hour; writes the document
    faults/run.py --short      a short form of each, about two minutes; writes nothing
    faults/run.py kills disk   only these; replaces their rows in the document

Everything runs on loopback and in a temporary folder, and ends by itself. Linux only.
"""

import argparse
import importlib
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "faults"))

from report import NotRun, Row, document, replaced  # noqa: E402

FAULTS = [
    "kills", "power", "sync", "disk", "lock", "file", "unmount", "wal", "stops", "writers",
    "sign_ins", "slow", "heads", "connections", "soak",
]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--short", action="store_true")
    arguments.add_argument("--binary", default=str(ROOT / "target/release/keyhold"))
    arguments.add_argument("fault", nargs="*", help=", ".join(FAULTS))
    chosen = arguments.parse_args()
    for unknown in set(chosen.fault) - set(FAULTS):
        arguments.error(f"there is no fault {unknown}; there are {', '.join(FAULTS)}")
    if sys.platform != "linux":
        arguments.exit(1, "faults: these scripts need Linux (/proc, all of 127.0.0.0/8).\n")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Under nohup the server would keep SIGHUP ignored, as it should, and not stop by it.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

    rows, not_run, begun = [], [], time.monotonic()
    for name in chosen.fault or FAULTS:
        with tempfile.TemporaryDirectory(prefix="keyhold-faults-") as folder:
            try:
                for row in importlib.import_module(name).run(os.path.abspath(chosen.binary), folder, not chosen.short):
                    print(printed(row), flush=True)
                    rows.append(row)
            except NotRun as reason:
                not_run.append(name)
                print(f"NOT RUN  {name}: {reason}", flush=True)
            except Exception as error:  # noqa: BLE001
                # The other faults still run.
                traceback.print_exc()
                rows.append(Row(name, "ended early", [f"{type(error).__name__}: {' '.join(str(error).split())}"]))
                print(printed(rows[-1]), flush=True)
    failed = [row for row in rows if not row.holds()]
    passed = len(rows) - len(failed)
    if not chosen.short:
        rows += [Row(name, "not run", [], met=False) for name in not_run]
        report = ROOT / "docs/faults.md"
        if chosen.fault and report.exists():
            report.write_text(replaced(report.read_text(), rows))
        else:
            report.write_text(document(rows, time.monotonic() - begun))
    print(f"faults: {passed} passed, {len(failed)} failed, {len(not_run)} skipped", flush=True)
    # Again, so that the end of a long log names them.
    for row in failed:
        print(printed(row), flush=True)
    return 1 if failed or (not_run and not chosen.short) else 0


def printed(row):
    return f"{'holds' if row.holds() else 'FAILS':8} {row.what}: {row.figure} {row.verdict()}"


if __name__ == "__main__":
    sys.exit(main())
