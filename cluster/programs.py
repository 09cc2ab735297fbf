"""Where the programs of the cluster are: the system's, or those that the scripts of build/ fetch."""

import os
import pwd
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Programs:
    def __init__(self):
        self.nginx = printed("build/nginx.sh")
        self.postgres = Path(printed("build/postgres.sh"))
        unpacked = Path(printed("build/cluster.sh"))
        self.etcd = unpacked / "usr/bin/etcd"
        self.haproxy = unpacked / "usr/sbin/haproxy"
        # Debian's modules are built for Debian's Python.
        self.patroni = ["/usr/bin/python3", "-m", "patroni"]
        # PostgreSQL refuses to run as root, and Patroni starts it.
        self.postgres_user = None
        if os.geteuid() == 0:
            user = account("postgres") or account("nobody")
            self.postgres_user = (user.pw_uid, user.pw_gid)
            refuse_unreadable(unpacked, self.postgres, self.postgres_user)
        fetched = [ROOT / "target/tools/postgres", ROOT / "target/tools/cluster"]
        libraries = [str(path) for folder in fetched for path in sorted(folder.glob("usr/lib/*-linux-*"))]
        self.environment = {"PYTHONUNBUFFERED": "1"}
        if libraries:
            self.environment["LD_LIBRARY_PATH"] = ":".join(libraries)
        if unpacked != Path("/"):
            self.environment["PYTHONPATH"] = str(unpacked / "usr/lib/python3/dist-packages")


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
