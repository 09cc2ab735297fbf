"""Verification on PostgreSQL against SQLite: the benchmark of that name, with wrk, in alternating pairs of runs."""

import json
import os
import subprocess

from members import Row
from programs import ROOT

WHAT = "Verification on PostgreSQL against SQLite"
WANTED = "requests/s within 5 %"


def run(how):
    environment = {**os.environ, "KEYHOLD_BINARY": how.binary}
    if not how.long:
        environment["BENCH_SECONDS"] = "1"
    # Beside the binary, which may be that of another checkout.
    environment.setdefault("KEYHOLD_SITE_ROOT", os.path.join(os.path.dirname(how.binary), "../site"))
    command = ["node", str(ROOT / "bench/run.mjs"), "--json", "postgres"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    answer = json.loads(done.stdout)[0]
    if "error" in answer:
        raise RuntimeError(answer["error"])
    figure = "; ".join(f"{target['what']}: {target['measured']}" for target in answer["targets"])
    return Row(WHAT, figure, [], answer["targets"][0]["met"])
