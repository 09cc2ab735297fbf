"""The order of a change, seen in the system calls: write to the log, sync, and only then the answer."""

import re
import shutil
import subprocess
import time

from keyhold import Keyhold, Member
from report import NotRun, Row

SYNC = re.compile(r"f(data)?sync")


def run(binary, folder, long):
    if not shutil.which("strace"):
        raise NotRun("strace is not installed")
    changes = 80 if long else 20
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    trace = f"{folder}/trace"
    try:
        member = Member(keyhold, "a@example.com")
        calls = "trace=pwrite64,fdatasync,fsync,sendto,writev,write"
        command = ["strace", "-f", "-y", "-s", "24", "-e", calls, "-o", trace, "-p", str(keyhold.process.pid)]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        if "attached" not in (said := tracer.stderr.readline()):
            raise NotRun(f"strace cannot attach: {said.strip()}")
        time.sleep(0.3)
        for number in range(changes):
            status, _ = member.call("keys/create", name=f"key {number}", description="", expiry="never")
            if status != 200:
                raise RuntimeError(f"a change was answered {status}")
        tracer.terminate()
        tracer.wait()
    finally:
        keyhold.close()
    synced = answered = 0
    wrong, written, since, under_way = [], False, False, set()
    with open(trace, errors="replace") as lines:
        for line in lines:
            if "-wal>" in line and "pwrite64" in line:
                written = True
            elif SYNC.search(line):
                thread = line.split()[0]
                if "-wal>" in line:
                    under_way.add(thread)
                # strace splits a call that another thread interrupts; its second line lacks the file's name.
                if "unfinished" not in line and thread in under_way:
                    under_way.remove(thread)
                    synced, since, written = synced + written, since or written, False
            elif '"HTTP/1.1 200' in line:
                answered += 1
                # The mail worker writes too, so the log may be ahead of its sync again by now.
                if not since:
                    wrong.append(f"answer {answered} left before the log was synced")
                since = False
    if answered < changes or synced < changes:
        wrong.append(f"{synced} syncs and {answered} answers seen of {changes} changes")
    return [Row("a sync before each answer", f"{changes} changes: {synced} syncs, {answered} answers after them", wrong)]
