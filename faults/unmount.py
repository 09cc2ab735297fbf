"""The volume of the database unmounted under a running server: the server treats its file as removed."""

import os
import subprocess
from pathlib import Path

import file
from disk import make
from report import NotRun


def unmounted(path):
    subprocess.run(["umount", "-l", os.path.dirname(path)], check=True)


def run(binary, folder, long):
    if os.geteuid() != 0:
        raise NotRun("mounting a file system needs root")
    for name, size in [("tmpfs", 16), ("ext4", 24)]:
        place = f"{folder}/{name}"
        Path(place).mkdir(parents=True)
        make(name, size, f"{folder}/{name}.img", place)
        try:
            row = file.row(binary, f"{folder}/server-{name}", unmounted, data=place)
        finally:
            # Still mounted only if the row failed before its fault.
            if os.path.ismount(place):
                subprocess.run(["umount", "-l", place], check=False)
        row.what += f" ({name})"
        yield row
