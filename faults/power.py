"""A power cut: a start from an image of the database's device as it was at that moment.

The process is stopped while the image is copied, and a copy during which the device was written is made again. So it
holds the data that the file system had passed to the device at one moment, and no data that was still in memory.
"""

import collections
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from keyhold import Keyhold
from life import Crew, inspect
from report import NotRun, Row


def mount(image, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, folder], check=True, capture_output=True)


def unmount(folder):
    subprocess.run(["umount", "-l", folder], check=False, capture_output=True)


def stopped(process):
    """Stops the process, and waits for its threads: one in a system call stops only at the call's end."""
    process.send_signal(signal.SIGSTOP)
    begun = time.monotonic()
    while any(runs(thread) for thread in Path(f"/proc/{process.pid}/task").iterdir()):
        if time.monotonic() - begun > 60:
            raise RuntimeError("a thread has not stopped for a minute")
        time.sleep(0.001)


def runs(thread):
    try:
        # The name before it is in parentheses, and may contain any character.
        return (thread / "stat").read_text().rpartition(") ")[2][0] != "T"
    except OSError:
        # It has ended.
        return False


def copied(image, cut, folder):
    """Copies the image of the file system mounted at `folder`. The file system also writes by itself, and a copy made
    meanwhile would mix two moments, as no power cut does."""
    for _ in range(100):
        begun = written(folder)
        shutil.copyfile(image, cut)
        if begun == written(folder) and begun.under_way == 0:
            return
    raise RuntimeError("the device was never idle")


Written = collections.namedtuple("Written", "times under_way")


def written(folder):
    """How often the device was written to. See https://docs.kernel.org/block/stat.html."""
    device = os.stat(folder).st_dev
    fields = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()
    return Written(int(fields[4]), int(fields[8]))


def run(binary, folder, long):
    if os.geteuid() != 0:
        raise NotRun("mounting an image needs root")
    rounds = 80 if long else 4
    chance = random.Random(11)
    image, cut = f"{folder}/device.img", f"{folder}/cut.img"
    with open(image, "wb") as file:
        file.truncate(96 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
    live, dead = f"{folder}/live", f"{folder}/dead"
    try:
        mount(image, live)
    except subprocess.CalledProcessError as error:
        raise NotRun(f"no loop device: {error.stderr.decode().strip()}") from None
    keyhold = Keyhold(binary, f"{folder}/server", data=live)
    wrong, slowest = [], 0.0
    try:
        keyhold.start()
        crew = Crew(keyhold, 4)
        for _ in range(rounds):
            crew.begin()
            time.sleep(chance.uniform(0.05, 0.3))
            stopped(keyhold.process)
            # Answers already sent reach the writers; then each writer waits for an answer.
            time.sleep(0.05)
            before = [snapshot(writer) for writer in crew.writers]
            copied(image, cut, live)
            keyhold.process.send_signal(signal.SIGCONT)
            crew.end()
            mount(cut, dead)
            restored = Keyhold(binary, f"{folder}/server", data=dead)
            try:
                slowest = max(slowest, restored.start())
                wrong += lost(restored, before)
            finally:
                restored.close()
                unmount(dead)
            wrong += crew.compare(sample=1)
    finally:
        keyhold.close()
        unmount(live)
    figure = f"{rounds} cuts, {crew.acknowledged():,} acknowledged changes; ready after {slowest:.2f} s at most"
    return [Row("power cut: started from the device as it was", figure, wrong)]


def snapshot(writer):
    """Each access key with the states that it may have."""
    known = [(key.pair["access_key"], key.possible()) for key in writer.keys]
    return known + [(key.pair["access_key"], {"deleted"}) for key in writer.gone]


def lost(restored, before):
    """The acknowledged changes that the image lacks."""
    present, _, integrity = inspect(restored.database)
    wrong = [] if integrity == "ok" else [f"integrity after a cut: {integrity}"]
    for keys in before:
        for access_key, possible in keys:
            found = present.get(access_key, "deleted")
            if found not in possible:
                wrong.append(f"{access_key} is {found} after a cut, acknowledged as {possible}")
    return wrong
