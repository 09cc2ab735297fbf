"""A child process with a log file, which ends when this interpreter does."""

import os
import shutil
import signal
import subprocess
import time


class Process:
    """One program. It can be started again after it has ended."""

    def __init__(self, name, command, folder, environment=None, user=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.folder = folder
        self.log = folder / "log"
        self.environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **(environment or {})}
        self.user = user
        self.process = None

    def start(self):
        # The kernel ends it if this interpreter is killed. Call this from the main thread, because the kernel counts the
        # end of the thread.
        wrapper = ["setpriv", "--pdeathsig", "TERM"]
        if self.user:
            wrapper += ["--reuid", str(self.user[0]), "--regid", str(self.user[1]), "--clear-groups"]
        with open(self.log, "ab") as log:
            # In a session of its own, so that Ctrl-C reaches this interpreter only, which then stops all in order.
            self.process = subprocess.Popen(
                [*wrapper, "--", *self.command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.runs():
            self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self, seconds=40):
        """Asks it to end, and kills it if it has not ended in time. Returns its exit code."""
        if self.process is None:
            return None
        # A stopped process does not see SIGTERM.
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            print(f"{self.name} did not stop in {seconds} s and is killed", flush=True)
            self.kill()
            return self.process.returncode

    def logged(self, lines=15):
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Ended(RuntimeError):
    """A process has ended where it should run."""


def wait_for(condition, what, seconds, processes=()):
    """Waits until `condition` holds; returns the seconds. Fails with the log of a process that ends meanwhile."""
    begun = time.monotonic()
    while not condition():
        for process in processes:
            if not process.runs():
                raise Ended(f"{process.name} has ended while waiting for {what}:\n{process.logged()}")
        if time.monotonic() - begun > seconds:
            logs = "".join(f"\n{process.name}:\n{process.logged()}" for process in processes)
            raise RuntimeError(f"{what}: not after {seconds} s{logs}")
        time.sleep(0.05)
    return time.monotonic() - begun


def require_setpriv():
    if not shutil.which("setpriv"):
        raise SystemExit("make cluster needs setpriv, which is in Debian's package util-linux.")
