"""The result of a fault, and the report of all of them."""

import datetime
import platform


class Row:
    """One line of the report. `wrong` lists broken promises; `met` says whether the figure is within its bound."""

    def __init__(self, what, figure, wrong=(), met=True):
        self.what = what
        self.figure = figure
        self.wrong = list(wrong)
        self.met = met

    def holds(self):
        return self.met and not self.wrong

    def line(self):
        return f"| {self.what} | {self.figure} | {self.verdict()} |"

    def verdict(self):
        if self.wrong:
            return f"**{len(self.wrong)} wrong**: {'; '.join(self.wrong[:3])}"
        return "holds" if self.met else "**missed**"


class NotRun(Exception):
    """Raised where a fault cannot be caused on this machine, with the reason."""


def document(rows, seconds):
    lines = [
        "# Faults",
        "",
        "Written by `make faults`; do not edit. Each row is a script under `faults/`, run against the release build.",
        "`make test` runs a short form of each.",
        "",
        "| fault | measured | |",
        "| --- | --- | --- |",
        *(row.line() for row in rows),
        "",
        f"{datetime.date.today().isoformat()}, {platform.system()} {platform.machine()}, "
        f"{cores()} processors, {seconds / 60:.0f} minutes in total.",
    ]
    return "\n".join(lines) + "\n"


def replaced(text, rows):
    """The document with the rows of the faults that ran again. New rows come first."""
    lines = text.splitlines()
    for row in rows:
        known = [at for at, line in enumerate(lines) if line.startswith(f"| {row.what} |")]
        if known:
            lines[known[0]] = row.line()
        else:
            lines.insert(lines.index("| --- | --- | --- |") + 1, row.line())
    return "\n".join(lines) + "\n"


def cores():
    import os

    return len(os.sched_getaffinity(0))
