"""Was a cell that seldom learns a task at lag 80 at a bad rate there? One run at each of the two rates beside its own.

    python -m tools.authoring.next_rates

results/gates.sqlite chose its rates at lag 20. Asked is every cell, start and task that it solves at lag 20, in one run
or more, but at lag 80 in three of five or fewer. The rates beside the chosen one are the next of 1, 3, 10, 30 ...
results/next_rates.json keeps each run as it ends, so that a call that was stopped continues. Where a rate solved, the
choice is tuned anew at lag 80, in results/far_rates.sqlite (`make sweep`).
"""

import json
from collections import defaultdict

from tqdm import tqdm

from course_lib import cells, tasks
from course_lib.files import write
from course_lib.sweep.grid import LADDER
from course_lib.sweep.one import run, versions
from course_lib.sweep.store import KEY, read
from tools.authoring.notebooks import ROOT

STORED = ROOT / "results" / "next_rates.json"
SEED = 1000  # one of those that choose the rates of the stored tables


def asked():
    """The settings of the runs to be done, {name: setting}, and of each name the rate that was chosen."""
    groups = defaultdict(list)
    for row in read(ROOT / "results" / "gates.sqlite"):
        if row["role"] == "report" and row["task"] != "Copying":
            groups[row["cell"], row["init"], row["task"], row["lag"]].append(row)
    settings, chosen = {}, {}
    for (cell, init, task, lag), rows in groups.items():
        if lag == 80 and solved(rows) <= 3 and solved(groups[cell, init, task, 20]):
            rate = rows[0]["learning_rate"]
            for other in ([r for r in LADDER if r < rate][-1:]) + ([r for r in LADDER if r > rate][:1]):
                name = f"{cell} {init} {task} {other:g}"
                settings[name] = {key: rows[0][key] for key in KEY} | {"learning_rate": other, "seed": SEED}
                chosen[name] = rate
    return settings, chosen


def solved(rows):
    """How many of rows were solved."""
    return sum(row["ended"] == "solved" for row in rows)


def kept():
    """What was stored: {"command", "versions", "runs": {name: {"chosen", "ended", "solved_at"}}}."""
    empty = {"command": "python -m tools.authoring.next_rates", "versions": json.loads(versions()), "runs": {}}
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else empty


def main():
    settings, chosen = asked()
    found = kept()
    for name in tqdm([name for name in settings if name not in found["runs"]], desc="runs"):
        setting = settings[name]
        row = run(getattr(cells, setting["cell"]), getattr(tasks, setting["task"]), setting)
        if row["ended"] == "error":
            raise RuntimeError(f"{name}: {row['error']}")
        found["runs"][name] = {"chosen": chosen[name], "ended": row["ended"], "solved_at": row["solved_at"]}
        write(STORED, json.dumps(found, indent=1) + "\n")
    won = [name for name, result in found["runs"].items() if result["ended"] == "solved"]
    print(f"{len(won)} of {len(found['runs'])} runs solved:", *won, sep="\n    ")


if __name__ == "__main__":
    main()
