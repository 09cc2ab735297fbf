"""The primary is lost: its processes are killed, in turn PostgreSQL with Patroni, as by a lost machine, and PostgreSQL alone."""

from interruptions import interrupted
from process import wait_for

WHAT = "Primary killed under load"
WANTED = "0 changes lost, 0 wrong answers, verification 100 % available, writes back in Patroni's time"
# Seconds: the leader's lock lasts for 20 of them.
BOUND = 40


def run(how):
    rounds = 10 if how.long else 2
    return interrupted(how, rounds, lose, WHAT, BOUND)


def lose(cluster, count):
    database = cluster.database
    number = database.primary()
    if count % 2:
        database.kill_postgres(number)
        return
    database.lose(number)
    wait_for(lambda: database.primary() == 1 - number, "the failover", 180)
    database.patronis[number].start()
