"""Fifty clients that change keys concurrently: no change fails because of a lock, and none is lost."""

import time

from keyhold import Keyhold
from life import Crew
from report import Row


def run(binary, folder, long):
    writers, seconds = (50, 60) if long else (50, 5)
    keyhold = Keyhold(binary, folder)
    keyhold.start()
    try:
        crew = Crew(keyhold, writers)
        signed_up = crew.acknowledged()
        crew.begin()
        time.sleep(seconds)
        crew.end()
        changes = crew.acknowledged() - signed_up
        wrong = crew.compare(sample=1)
        if refused := crew.refused():
            wrong.append(f"refused: {refused}")
        if unanswered := crew.in_doubt():
            wrong.append(f"{unanswered} changes without an answer")
        if "locked" in keyhold.logged():
            wrong.append("the log mentions a locked database")
    finally:
        keyhold.close()
    figure = f"{writers} writers, {seconds} s, {changes:,} acknowledged changes, {changes / seconds:,.0f}/s"
    return [Row("many writers", figure, wrong)]
