"""Try the room of jupyterhub_config.py on this machine, as root, and store what it used and what it kept out.

    make room                                    all parts
    make room ARGS="hostile --learners 3"        some of: alone together hostile outside browser exchange rest

alone      one learner: start of the server, notebooks 02 and 05, a set of exercises; 02 with loops to be compiled
together   all learners at the same time
hostile    one learner who tries what attacks.py lists, while another one works
outside    the same, where it is to be looked at from outside: what is left behind, limits, links, ports
browser    learners in Chromium, from the link of nbgitpuller to a widget that moves and a notebook that is saved
exchange   nbgrader's exchange between a teacher and two learners, one of them hostile
rest       what does nothing is ended, and who goes on is left alone

It makes accounts of the system for its learners, room-01 and so on, and removes them, with their homes, at the end:
also after Ctrl-C, or when it is killed.
"""

import argparse
import json
import os
import pwd
import shlex
import sys
import threading
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from course_lib import bench
from course_lib.files import write
from tools.room import page, used
from tools.room.exchange import exchange
from tools.room.hostile import hostile, outside
from tools.room.rooms import ADDRESS, COURSE, ROOT, pids, room, started, uid

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
    """All learners, who wait for each other before each piece of work; what was stored of other work is kept."""
    stored = bench.read(asked.out).get("together", {}) if len(asked.work) < len(WORK) else {}
    rows, watched, over = stored.get("rows", {}), [], threading.Event()
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
            for work in asked.work:
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
    watched += [stored["peak"]] if stored else []
    peak = max(watched, key=lambda one: one["server"] + one["kernels"] + one["other"])
    return {"learners": asked.learners, "rows": rows, "peak": peak}


IDLE = 40  # seconds until a kernel at rest is to be ended, twice as many for a server
LIVES = {"rests": "x = 1", "computes": "import time; time.sleep(10**6)", "goes on": "x = 1"}


def rest(asked):
    """{how a learner lives: {"kernel", "server": seconds until it was ended, None where it was there to the end}}.

    One rests, connected; one has a cell that runs, and says nothing; one runs a cell now and then.
    """
    with room(len(LIVES), ROOM_IDLE=str(IDLE)) as (_, several, _):
        kernels = {}
        for one, (life, source) in zip(several, LIVES.items()):
            one.log_in()
            one.start()
            kernels[life] = one.kernel()
            kernels[life].send(source) if life == "computes" else kernels[life].run(source)
        ended = {life: {"kernel": None, "server": None} for life in LIVES}
        began = time.perf_counter()
        while (now := time.perf_counter() - began) < 6 * IDLE:
            for one, when in zip(several, ended.values()):
                there = [used.read(pid, "cmdline") for pid in pids(one)]
                for what, word in (("kernel", "ipykernel_launcher"), ("server", "jupyterhub-singleuser")):
                    if when[what] is None and not any(word in words for words in there):
                        when[what] = now
            if ended["goes on"]["kernel"] is None:
                kernels["goes on"].run("x += 1")
            time.sleep(2)
    return {"asked": {"kernel": IDLE, "server": 2 * IDLE}, "watched": 6 * IDLE, "ended": ended}


def attacked(asked):
    return {"outcomes": hostile()}


def looked_at(asked):
    return {"outcomes": outside()}


def browser(asked):
    """What several learners see in Chromium, all at once, and what of it lies in their homes then."""
    with room(min(asked.learners, asked.browsers)) as (_, several, state):
        asking = [{"name": one.name, "password": one.password, "link": page.link(ADDRESS, COURSE)} for one in several]
        windows = [started([sys.executable, "-m", "tools.room.page"], state / f"{one['name']}.json", given=one,
                           TMPDIR=str(state)) for one in asking]  # fmt: skip
        rows = []
        for one, window in zip(several, windows):
            if window.wait():
                raise RuntimeError((state / f"{one.name}.json").read_text())
            rows.append(json.loads((state / f"{one.name}.json").read_text().splitlines()[-1]))
            saved = Path(pwd.getpwnam(one.name).pw_dir, "gating", "notebooks", page.NOTEBOOK)
            cells = [cell for cell in json.loads(saved.read_text())["cells"] if cell["cell_type"] == "code"]
            rows[-1]["saved"] = sum(cell["execution_count"] is not None for cell in cells), len(cells)
    return {"notebook": page.NOTEBOOK, "learners": len(rows), "rows": rows}


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
    parser.add_argument("--browsers", type=int, default=4, help="how many of them in Chromium")
    parser.add_argument("--work", nargs="+", choices=list(WORK), default=list(WORK), help="of together")
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
        if part == "together" and len(asked.work) < len(WORK):  # beside what an earlier run stored
            before = results.get(part, {}).get("command")
            command = " && ".join(filter(None, [before, f"{command} --work {shlex.join(asked.work)}"]))
        if part == "browser":
            command += f" --browsers {asked.browsers}"
        results[part] = {"command": command, "date": when, "environment": about} | found
        print(json.dumps({part: found}, indent=1), flush=True)
        write(asked.out, json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped; what the trial made is removed.")
