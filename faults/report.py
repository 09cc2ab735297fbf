"""What a fault came to, and the document that holds it."""

import datetime
import platform


class Row:
    """`wrong` is a list of sentences, each a promise that did not hold; `met` a bound on a figure."""

    def __init__(self, what, figure, wrong=(), met=True):
        self.what = what
        self.figure = figure
        self.wrong = list(wrong)
        self.met = met

    def holds(self):
        return self.met and not self.wrong

    def verdict(self):
        if self.wrong:
            return f"**{len(self.wrong)} wrong**: {'; '.join(self.wrong[:3])}"
        return "holds" if self.met else "**missed**"


class NotRun(Exception):
    """A fault that cannot be made on this machine, with the reason."""


def document(rows, seconds):
    lines = [
        "# Faults",
        "",
        "Written by `make faults`; do not edit. Each row is a script under `faults/`, run against the release build.",
        "`make test` runs a short form of each.",
        "",
        "| fault | measured | |",
        "| --- | --- | --- |",
        *(f"| {row.what} | {row.figure} | {row.verdict()} |" for row in rows),
        "",
        f"{datetime.date.today().isoformat()}, {platform.system()} {platform.machine()}, "
        f"{cores()} processors, {seconds / 60:.0f} minutes in all.",
    ]
    return "\n".join(lines) + "\n"


def cores():
    import os

    return len(os.sched_getaffinity(0))
