"""Repeated `kill -9` during changes: every acknowledged change is there, complete, soon after the restart."""

import random
import time

from keyhold import Keyhold
from life import Crew
from report import Row


def run(binary, folder, long):
    rounds = 300 if long else 10
    chance = random.Random(7)
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        crew = Crew(keyhold, 4)
        wrong, slowest = [], 0.0
        for _ in range(rounds):
            crew.begin()
            time.sleep(chance.uniform(0.03, 0.4))
            keyhold.kill()
            crew.end()
            slowest = max(slowest, keyhold.start())
            wrong += crew.compare(sample=4)
    finally:
        keyhold.close()
    figure = (
        f"{rounds} kills, {crew.acknowledged():,} acknowledged changes, {crew.in_doubt()} in doubt; "
        f"ready again after {slowest:.2f} s at most"
    )
    return [Row("`kill -9` under create, edit, expire, restore, delete", figure, wrong, slowest <= 2)]
