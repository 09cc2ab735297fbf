"""docs/cluster.md. Each row is written as soon as it is measured, so that a run that is interrupted leaves the finished ones."""

import importlib
import platform
import re
import subprocess
import time
from pathlib import Path

from members import cores
from programs import ROOT

# The modules in rows/, in the order of the table.
ROWS = [
    "acknowledgement", "cut_off", "primary", "restarts", "mails", "usage", "verification", "million", "scale", "violations",
]
UNMEASURED = "not measured yet"
DOCUMENT = ROOT / "docs/cluster.md"
HEAD = """# Cluster

Written by `make cluster-faults`; do not edit. Each row is a module of `cluster/rows/`, run against the release build: three
nodes, PostgreSQL with a synchronous standby under Patroni, HAProxy and nginx, all on one machine. The rows about violations and the
number of nodes have one PostgreSQL server, whose log reaches the disk; that about verification has one node beside it, and that about
1,000,000 keys has one node. The command in a row measures it again; `make cluster-faults`
measures all in 40 minutes, on a machine that does nothing else. Each row is written as soon as it is measured, so a run that is
interrupted keeps the finished ones.

| what | measured | wanted | | command | measured on |
| --- | --- | --- | --- | --- | --- |
"""


def write(name, row, seconds, binary):
    """Replaces a row of the document."""
    lines = measured()
    lines[name] = line(name, row, seconds, binary)
    DOCUMENT.write_text(HEAD + "".join(f"{lines.get(known) or unmeasured(known)}\n" for known in ROWS) + foot())


def measured():
    """The rows of the document, by their names."""
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    found = {}
    for one in text.splitlines():
        if (match := re.search(r"\| `cluster/faults\.py --only (\w+)` \|", one)) and UNMEASURED not in one:
            found[match[1]] = one
    return found


def unmeasured(name):
    row = importlib.import_module(f"rows.{name}")
    return f"| {row.WHAT} | {UNMEASURED} | {row.WANTED} | | `cluster/faults.py --only {name}` | |"


def line(name, row, seconds, binary):
    wanted = importlib.import_module(f"rows.{name}").WANTED
    command = f"`cluster/faults.py --only {name}`"
    verdict = row.verdict().replace("|", "/")
    minutes = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    of = f"{time.strftime('%Y-%m-%d')}, {version(binary)}, {minutes}"
    return f"| {row.what} | {row.figure} | {wanted} | {verdict} | {command} | {of} |"


def version(binary):
    found = printed(binary, "--version").split()[-1:]
    # A binary from elsewhere is of another commit.
    if Path(binary).is_relative_to(ROOT):
        found.append(printed("git", "-C", str(ROOT), "describe", "--always", "--exclude=*"))
    return " ".join(filter(None, found))


def printed(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def foot():
    return f"\nMeasured on {platform.system()} {platform.machine()} with {cores()} processors.\n"
