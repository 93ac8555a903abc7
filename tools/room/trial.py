"""Try the room of jupyterhub_config.py on this machine, as root, and store what it used and what it kept out.

    make room                                    all parts
    make room ARGS="hostile --learners 3"        some of: alone together hostile outside browser exchange rest

alone      one learner: start of the server, notebooks 02 and 05, a set of exercises; 02 with loops to be compiled
together   all learners at the same time
hostile    one learner who tries what attacks.py lists, while another one works
outside    the same, where it is to be looked at from outside: what is left behind, limits, links, ports
browser    one learner in Chromium, from the link of nbgitpuller to a widget that moves
exchange   nbgrader's exchange between a teacher and two learners, one of them hostile
rest       what does nothing is ended

It makes accounts of the system for its learners, room-01 and so on, and removes them, with their homes, at the end.
"""

import argparse
import json
import os
import sys
import threading
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from course_lib import bench
from course_lib.files import write
from tools.room import used
from tools.room.exchange import exchange
from tools.room.hostile import hostile, outside
from tools.room.page import seen
from tools.room.rooms import ROOT, pids, room, uid

EXERCISES = "05_mixing_old_and_new"
WORK = {  # what a learner runs: {name: (notebook, where it lies for its kernel)}
    "02": ("gating/notebooks/02_where_memory_goes.ipynb", None),
    "05": ("gating/notebooks/05_mixing_old_and_new.ipynb", None),
    "exercises of 05": (f"gating/solutions/{EXERCISES}/{EXERCISES}.ipynb", f"gating/exercises/{EXERCISES}/done.ipynb"),
}


def do(learner, work):
    """{"seconds", "cpu", "kernel", "server"} of a piece of work in a fresh kernel: seconds, of the processor, bytes."""
    path, place = WORK[work]
    before = {pid: used.seconds(pid) for pid in pids(learner)}
    seconds, kernel = learner.run(path, place)
    there = pids(learner)
    taken = sum(used.seconds(pid) - before.get(pid, 0.0) for pid in there)
    held = used.kinds(there)
    kernel.end()
    return {"seconds": seconds, "cpu": taken, "kernel": held["kernels"], "server": held["server"]}


def alone(asked):
    """One learner, with nobody else there."""
    with room(1) as (hub, (one,), _):
        one.log_in()
        first = one.start()
        rows = {"first start": {"seconds": first, "cpu": sum(map(used.seconds, pids(one))),
                                "server": used.kinds(pids(one))["server"]}}  # fmt: skip
        one.stop()
        rows["start"] = {"seconds": one.start(), "cpu": sum(map(used.seconds, pids(one)))}
        rows["hub and proxy"] = {"memory": sum(map(used.memory, used.own(hub.pid)))}
        for work in WORK:
            rows[work] = do(one, work)
        kernel = one.kernel()  # the same once more, with loops that nobody has compiled
        kernel.run("import os; os.environ['COURSE_CACHE'] = os.path.expanduser('~/empty')")
        began, before = time.perf_counter(), sum(map(used.seconds, pids(one)))
        for source in one.cells(WORK["02"][0]):
            kernel.run(source)
        rows["02, loops compiled"] = {"seconds": time.perf_counter() - began,
                                      "cpu": sum(map(used.seconds, pids(one))) - before}  # fmt: skip
    return {"rows": rows}


def together(asked):
    """All learners, who wait for each other before each piece of work."""
    rows, watched, over = {}, [], threading.Event()
    with room(asked.learners) as (hub, several, _):
        numbers = {uid(one) for one in several}

        def watch():
            while not over.wait(3):
                held = {user: used.kinds(there) for user, there in used.processes().items() if user in numbers}
                total = {kind: sum(one[kind] for one in held.values()) for kind in ("server", "kernels", "other")}
                watched.append(total | {"hub": sum(map(used.memory, used.own(hub.pid))), "most of one":
                                        max([sum(one.values()) for one in held.values()], default=0)})  # fmt: skip

        def life(one, barrier, mine):
            one.log_in()
            barrier.wait()
            mine["start"] = {"seconds": one.start()}
            for work in WORK:
                barrier.wait()
                mine[work] = do(one, work)

        barrier = threading.Barrier(asked.learners)
        each = [{} for _ in several]
        failed = []

        def guarded(*arguments):
            try:
                life(*arguments)
            except Exception as error:
                failed.append(repr(error))
                barrier.abort()

        threads = [threading.Thread(target=guarded, args=(one, barrier, mine)) for one, mine in zip(several, each)]
        watcher = threading.Thread(target=watch)
        began = time.perf_counter()
        for thread in [watcher, *threads]:
            thread.start()
        for thread in threads:
            thread.join()
        over.set()
        watcher.join()
        if failed:
            raise RuntimeError("\n".join(failed))
        for what in each[0]:
            rows[what] = {name: [one[what][name] for one in each] for name in each[0][what]}
    peak = max(watched, key=lambda one: one["server"] + one["kernels"] + one["other"])
    return {"learners": asked.learners, "seconds": time.perf_counter() - began, "rows": rows, "peak": peak}


def rest(asked):
    """Seconds until a kernel and a server that do nothing are ended."""
    with room(1, ROOM_IDLE="15") as (_, (one,), _):
        one.log_in()
        one.start()
        one.kernel().run("x = 1")
        began, ended = time.perf_counter(), {}
        while len(ended) < 2:
            there = [used.read(pid, "cmdline") for pid in pids(one)]
            for what, word in (("kernel", "ipykernel_launcher"), ("server", "jupyterhub-singleuser")):
                if what not in ended and not any(word in words for words in there):
                    ended[what] = time.perf_counter() - began
            time.sleep(0.5)
    return {"asked": {"kernel": 15, "server": 30}, "seconds": ended}


def attacked(asked):
    return {"outcomes": hostile()}


def looked_at(asked):
    return {"outcomes": outside()}


def browser(asked):
    return {"seen": seen()}


def exchanged(asked):
    return {"outcomes": exchange()}


PARTS = {
    "alone": alone,
    "together": together,
    "hostile": attacked,
    "outside": looked_at,
    "browser": browser,
    "exchange": exchanged,
    "rest": rest,
}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*PARTS, []], help="all when there are none")
    parser.add_argument("--learners", type=int, default=12)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "room.json")
    asked = parser.parse_args(arguments)
    if os.getuid():
        return "The room is tried as root: it makes accounts, and a learner's processes are their own."
    results = bench.read(asked.out)
    about = bench.environment()
    about["versions"] |= {name: version(name) for name in ("jupyterhub", "jupyterlab", "nbgitpuller", "ipykernel")}
    for part in asked.parts or PARTS:
        found = PARTS[part](asked)
        when = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        command = f"python -m tools.room.trial {part} --learners {asked.learners}"
        results[part] = {"command": command, "date": when, "environment": about} | found
        print(json.dumps({part: found}, indent=1), flush=True)
        write(asked.out, json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
