"""PostgreSQL is restarted, by Patroni."""

from interruptions import interrupted

WHAT = "PostgreSQL restarted under load"
WANTED = "0 wrong answers, writes back in ≤ 5 s"


def run(how):
    rounds = 20 if how.long else 2
    return interrupted(how, rounds, restart, WHAT, 5)


def restart(cluster, _):
    cluster.database.restart(cluster.database.primary())
