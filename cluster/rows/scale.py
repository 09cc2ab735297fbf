"""Acknowledgement with 1, 3 and 10 real nodes on one machine and one PostgreSQL server, for docs/scale.md.

As in the measurement of the protocol as SQL alone (bench/scale/measure.mjs): the log reaches the disk, there is no standby, and
changes are rare, so that each finds the nodes at rest.
"""

import json
import os
import subprocess
import time

from changes import compare_with, milliseconds
from members import Changer, Front, Row, cores
from programs import ROOT

from rows import UNLIMITED

WHAT = "Expire or delete acknowledged, by the number of nodes, without a standby"
WANTED = "measured beside the simulation"
NODES = [1, 3, 10]
# Seconds between two changes.
REST = 0.02
FILE = ROOT / "bench/scale/nodes.json"


def run(how):
    found, wrong, load = [], [], os.getloadavg()[0]
    for nodes in NODES:
        with how.cluster(nodes=nodes, settings=UNLIMITED, alone="durable") as cluster:
            changer = Changer(Front(cluster.service.ports[0], cluster.folder / "client"), 0)
            while len(changer.times) < (400 if how.long else 20):
                changer.cycle()
                time.sleep(REST)
            wrong += compare_with(cluster, [changer])
            changer.stop()
        p50, p99 = (round(milliseconds(changer.times, share), 2) for share in (0.5, 0.99))
        found.append({"nodes": nodes, "p50": p50, "p99": p99})
    if how.long:
        measured = {"date": time.strftime("%Y-%m-%d"), "cores": cores(), "load": round(load, 1), "nodes": found}
        FILE.write_text(json.dumps(measured, indent=2) + "\n")
        # Writes the tables of docs/scale.md.
        subprocess.run(["node", str(ROOT / "bench/scale.mjs")], check=True, stdout=subprocess.DEVNULL)
    figure = "; ".join(f"{one['nodes']}: p50 {one['p50']:.0f} ms, p99 {one['p99']:.0f} ms" for one in found)
    return Row(WHAT, figure, wrong)
