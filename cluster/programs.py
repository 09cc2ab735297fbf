"""Where the programs of the cluster are: the system's, or those that the scripts of build/ fetch."""

import functools
import os
import pwd
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Programs:
    def __init__(self):
        self.nginx = printed("build/nginx.sh")
        self.postgres = Path(printed("build/postgres.sh"))
        # Debian's modules are built for Debian's Python.
        self.patroni = ["/usr/bin/python3", "-m", "patroni"]

    @functools.cached_property
    def unpacked(self):
        return Path(printed("build/cluster.sh"))

    @property
    def etcd(self):
        return self.unpacked / "usr/bin/etcd"

    @property
    def haproxy(self):
        return self.unpacked / "usr/sbin/haproxy"

    @functools.cached_property
    def postgres_user(self):
        """PostgreSQL refuses to run as root, and Patroni starts it."""
        if os.geteuid() != 0:
            return None
        user = account("postgres") or account("nobody")
        user = (user.pw_uid, user.pw_gid)
        refuse_unreadable(self.unpacked, self.postgres, user)
        return user

    @functools.cached_property
    def environment(self):
        environment = {**self.libraries(), "PYTHONUNBUFFERED": "1"}
        if self.unpacked != Path("/"):
            environment["PYTHONPATH"] = str(self.unpacked / "usr/lib/python3/dist-packages")
        return environment

    def libraries(self):
        fetched = [ROOT / "target/tools/postgres", ROOT / "target/tools/cluster"]
        found = [str(path) for folder in fetched for path in sorted(folder.glob("usr/lib/*-linux-*"))]
        return {"LD_LIBRARY_PATH": ":".join(found)} if found else {}

    def psql(self, url, statements):
        """Runs statements, each in a transaction of its own, and returns the rows of all, with columns separated by |."""
        command = [self.postgres / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        command += ["--set", "ON_ERROR_STOP=1", "--dbname", url]
        environment = {**os.environ, **self.libraries()}
        # Through its input, because a statement with many rows is too long for an argument.
        text = "".join(f"{statement};\n" for statement in statements)
        done = subprocess.run(
            [str(part) for part in command], env=environment, input=text, capture_output=True, text=True, timeout=600
        )
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()


def printed(script):
    """The path that a script of build/ prints. Its sentence about a missing package is on standard error."""
    done = subprocess.run([str(ROOT / script)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(1)
    return done.stdout.strip()


def account(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def refuse_unreadable(unpacked, postgres, user):
    for folder in (unpacked, postgres):
        test = ["setpriv", "--reuid", str(user[0]), "--regid", str(user[1]), "--clear-groups", "test", "-x", str(folder)]
        if subprocess.run(test).returncode != 0:
            raise SystemExit(
                f"As root, PostgreSQL runs as another user, who cannot read {folder}. Run make cluster as yourself."
            )
