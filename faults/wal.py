"""A long read by another process while keys change: the write-ahead log shrinks again afterwards."""

import os
import sqlite3
import time

from keyhold import Keyhold
from life import Crew
from report import Row

# The server truncates a log that is longer than 16 MiB.
MOST_BYTES = 17 << 20


def run(binary, folder, long):
    seconds = 30 if long else 6
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        crew = Crew(keyhold, 4)
        crew.begin()
        reader = sqlite3.connect(f"file:{keyhold.database}?mode=ro", uri=True, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM audit").fetchone()
        begun = time.monotonic()
        # On a busy machine, it takes longer until there is a log to truncate.
        while (read := time.monotonic() - begun) < seconds or size(keyhold) <= MOST_BYTES and read < seconds + 60:
            time.sleep(0.1)
        largest = size(keyhold)
        reader.rollback()
        reader.close()
        freed = time.monotonic()
        while size(keyhold) > MOST_BYTES and time.monotonic() - freed < 60:
            time.sleep(0.1)
        back = time.monotonic() - freed
        crew.end()
        wrong = crew.compare(sample=1)
        left = size(keyhold)
    finally:
        keyhold.close()
    if largest <= MOST_BYTES:
        wrong.append("the log did not grow beyond its bound")
    figure = (
        f"{crew.acknowledged():,} changes; the log grew to {largest / 1e6:.1f} MB behind the reader, and was below "
        f"{MOST_BYTES >> 20} MiB {back:.1f} s after it ({left / 1e6:.1f} MB)"
    )
    return [Row(f"a foreign reader for {seconds} s", figure, wrong, back <= 15)]


def size(keyhold):
    return os.path.getsize(f"{keyhold.database}-wal")
