"""The database file removed, replaced or cut under a running server: the server notices and acknowledges no change."""

import os
import shutil
import time

from keyhold import Keyhold, Member
from report import Row


def removed(path):
    os.remove(path)


def renamed_away(path):
    os.rename(path, f"{path}.away")


def replaced(path):
    shutil.copyfile(path, f"{path}.new")
    os.rename(f"{path}.new", path)


def cut(path):
    os.truncate(path, 0)


def log_removed(path):
    os.remove(f"{path}-wal")


def log_cut(path):
    os.truncate(f"{path}-wal", 0)


def run(binary, folder, long):
    faults = [removed, renamed_away, replaced, cut, log_removed, log_cut]
    for fault in faults:
        yield row(binary, f"{folder}/{fault.__name__}", fault)


def row(binary, folder, fault, **where):
    keyhold = Keyhold(binary, folder, **where)
    keyhold.start()
    wrong = []
    try:
        member = Member(keyhold, "a@example.com")
        key = member.call("keys/create", name="one", description="", expiry="never")[1]
        fault(str(keyhold.database))
        begun = time.monotonic()
        # No answer, which is 0, is no notice either.
        while keyhold.ask("/readyz")[0] != 503 and time.monotonic() - begun < 10:
            time.sleep(0.01)
        noticed = time.monotonic() - begun
        status, _ = member.call("keys/expire", access_key=key["access_key"])
        if status != 503:
            wrong.append(f"a change afterwards is answered {status}")
        keyhold.terminate()
    finally:
        keyhold.close()
    what = f"database file: {fault.__name__.replace('_', ' ')}"
    return Row(what, f"noticed after {noticed:.2f} s, changes refused", wrong, noticed <= 1.2)
