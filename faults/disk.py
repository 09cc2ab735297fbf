"""A full disk: verification continues, changes are refused at once and resume when there is space again."""

import os
import subprocess
import time
from pathlib import Path

from keyhold import Keyhold, Member, Verifiers, verdict
from report import NotRun, Row
from soak import count


def run(binary, folder, long):
    if os.geteuid() != 0:
        raise NotRun("mounting a small file system needs root")
    for name, size in [("tmpfs", 6), ("ext4", 12)]:
        place = f"{folder}/{name}"
        Path(place).mkdir(parents=True)
        make(name, size, f"{folder}/{name}.img", place)
        try:
            yield fill(binary, f"{folder}/server-{name}", place, name, 20 if long else 4)
        finally:
            subprocess.run(["umount", "-l", place], check=False)


def make(name, megabytes, image, place):
    if name == "tmpfs":
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place]
    else:
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, capture_output=True)
        command = ["mount", "-o", "loop", image, place]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise NotRun(error.stderr.decode().strip()) from None


def fill(binary, folder, place, name, seconds):
    keyhold = Keyhold(binary, folder, data=place)
    keyhold.start()
    wrong = []
    try:
        member = Member(keyhold, "a@example.com")
        keys = [member.call("keys/create", name=f"key {n}", description="", expiry="never")[1] for n in range(20)]
        verifiers = Verifiers(keyhold, keys[0])
        filler = Path(place) / "filler"
        take_all(filler)
        refused, slowest, unready = {}, 0.0, False
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            begun = time.monotonic()
            status, _ = member.call("keys/create", name="more", description="x" * 480, expiry="never")
            took = time.monotonic() - begun
            if status == 200:
                take_all(filler)
            else:
                refused[status] = refused.get(status, 0) + 1
                # Of a refusal, because an accepted change also waits for the disk.
                slowest = max(slowest, took)
                unready = unready or keyhold.ask("/readyz")[0] == 503
            time.sleep(0.02)
        healthy = keyhold.ask("/healthz")
        filler.unlink()
        freed = time.monotonic()
        while member.call("keys/expire", access_key=keys[1]["access_key"])[0] != 200:
            if time.monotonic() - freed > 30:
                wrong.append("no change was accepted for 30 s after the disk had space again")
                break
            time.sleep(0.02)
        back = time.monotonic() - freed
        while keyhold.ask("/readyz")[0] != 200 and time.monotonic() - freed < 30:
            time.sleep(0.02)
        ready = time.monotonic() - freed
        if verdict(keyhold, keys[1]) != 401:
            wrong.append("a key expired afterwards is still good")
        verifiers.stop()
        code, _ = keyhold.terminate()
    finally:
        keyhold.close()
    called = sum(verifiers.statuses.values())
    counted = count(keyhold.database, [keys[0]["access_key"]])
    if verifiers.wrong():
        wrong.append(f"verification: {verifiers.statuses}")
    if counted != called:
        wrong.append(f"{counted} of {called} calls counted")
    if set(refused) != {503} or not unready:
        wrong.append(f"changes refused: {refused}, reported by /readyz: {unready}")
    if healthy != (200, "ok"):
        wrong.append(f"/healthz: {healthy}")
    if code != 0:
        wrong.append(f"exit {code}")
    figure = (
        f"{sum(refused.values())} changes refused, {slowest:.2f} s at most; {called:,} good calls meanwhile, p99 "
        f"{verifiers.p99():.2f} ms, {counted:,} counted; changes resume after {back:.2f} s, ready after {ready:.2f} s"
    )
    return Row(f"disk full ({name})", figure, wrong, slowest <= 1 and back <= 2 and ready <= 2)


def take_all(filler):
    """Fills the file system to the last byte."""
    with open(filler, "ab") as file:
        for size in (1 << 20, 4096, 512, 1):
            try:
                while True:
                    os.write(file.fileno(), b"\0" * size)
            except OSError:
                continue
