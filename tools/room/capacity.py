"""How many learners a server bears, from what they used in results/room.json; the tables of docs/room.md.

python -m tools.room.capacity --memory 16 --cores 8
"""

import argparse
from math import floor
from pathlib import Path
from statistics import median

from course_lib import bench

STORED = Path(__file__).resolve().parents[2] / "results" / "room.json"
GB = 2**30
SYSTEM = 1.0  # GB that the system itself keeps
WORK = ("02", "05", "exercises of 05")
LAB = 90 * 60  # seconds
PATIENCE = 180  # seconds that a learner waits for what they started
BUSY = 0.5  # of the processor, over a lab: above it one waits for others all the time


def needs(stored):
    """What one learner needs: bytes of a server and of a kernel, seconds of the processor by piece of work."""
    alone, together = stored["alone"]["rows"], stored["together"]
    count = together["learners"]
    return {
        "hub": alone["hub and proxy"]["memory"],
        "server": together["peak"]["server"] / count,
        "kernel": together["peak"]["kernels"] / count,
        "cpu": {"start": alone["start"]["cpu"]} | {work: alone[work]["cpu"] for work in WORK},
    }


def bears(stored, *, memory, cores):
    """{what the class does: (how many learners, by what it is bounded)} on a server of so many GB and cores."""
    need = needs(stored)
    left = (memory - SYSTEM) * GB - need["hub"]
    by_memory = {k: floor(left / (need["server"] + k * need["kernel"])) for k in (1, 3)}
    cpu = need["cpu"]
    lab = cpu["start"] + 2 * sum(cpu[work] for work in WORK)
    by_cores = {
        "one notebook open, nothing runs": (by_memory[1], None),
        "three notebooks open, nothing runs": (by_memory[3], None),
        "all log in at the same moment, the last is in after 3 minutes": (
            by_memory[1],
            PATIENCE * cores / cpu["start"],
        ),
        "all run 02 at the same moment, and have it after 3 minutes": (by_memory[1], PATIENCE * cores / cpu["02"]),
        "a lab of 90 minutes, each runs 02, 05, exercises twice": (
            by_memory[3],
            BUSY * LAB * cores / lab,
        ),
    }
    return {
        what: (held, "memory") if most is None or held <= most else (floor(most), "processor")
        for what, (held, most) in by_cores.items()
    }


def used():
    """The table of what was measured: one learner, and all at once."""
    stored = bench.read(STORED)
    alone, together = stored["alone"]["rows"], stored["together"]
    yield f"| | one learner alone | of the processor | {together['learners']} at once: median (slowest) |"
    yield "|---|---|---|---|"
    names = {"first start": "first start of a server, with the course's pull", "start": "later start"}
    names |= {work: f"notebook {work}" for work in WORK[:2]} | {WORK[2]: "exercises of 05, done"}
    for what, words in names.items():
        row, many = alone[what], together["rows"].get({"first start": "start", "start": ""}.get(what, what))
        several = f"{median(many['seconds']):.0f} s ({max(many['seconds']):.0f} s)" if many else ""
        yield f"| {words} | {row['seconds']:.1f} s | {row['cpu']:.1f} s | {several} |"
    compiled = alone["02, loops compiled"]
    yield f"| notebook 02, its loops compiled anew | {compiled['seconds']:.1f} s | {compiled['cpu']:.1f} s | |"
    yield ""
    need, peak = needs(stored), together["peak"]
    yield (f"Memory, with what several share counted once, at its highest: {need['server'] / 1e6:.0f} MB for each "
           f"server and {need['kernel'] / 1e6:.0f} MB for its kernel, {peak['most of one'] / 1e6:.0f} MB at most for "
           f"one learner, {need['hub'] / 1e6:.0f} MB for hub and proxy; one learner alone has a server of "
           f"{alone['02']['server'] / 1e6:.0f} MB and a kernel of {alone['02']['kernel'] / 1e6:.0f} MB.")  # fmt: skip
    yield ""
    about = stored["together"]["environment"]
    versions = ", ".join(f"{package} {number}" for package, number in about["versions"].items())
    yield f"*{together['date']}: {about['processor']}, {about['cores']} cores; {versions}.*"


def numbers():
    """The table of how many learners a server of 16 GB and 8 cores bears."""
    yield "| what the class does | learners | bounded by |"
    yield "|---|---|---|"
    for what, (count, by) in bears(bench.read(STORED), memory=16, cores=8).items():
        yield f"| {what} | {count} | {by} |"


def kept_out():
    """The table of what a hostile learner tried, and got."""
    yield "| tried by a learner | what came of it |"
    yield "|---|---|"
    stored = bench.read(STORED)
    for what, came in (stored["hostile"]["outcomes"] | stored.get("outside", {}).get("outcomes", {})).items():
        yield f"| {what} | {came.strip()} |"


def windows():
    """The table of what learners saw in Chromium."""
    part = bench.read(STORED)["browser"]
    rows, count = part["rows"], part["learners"]
    yield f"| {count} learners at once, in {count} Chromiums | median (slowest) |"
    yield "|---|---|"
    names = {"open": "from the password to the open notebook", "run": "all cells of the notebook",
             "slider": "from a key on a slider to the new picture", "save": "saved on the hub"}  # fmt: skip
    for what, words in names.items():
        taken = [one["seconds"][what] for one in rows]
        yield f"| {words} | {median(taken):.2g} s ({max(taken):.2g} s) |"
    yield ""
    moved, whole = (
        sum(one["said"][0] != one["said"][1] for one in rows),
        sum(len(set(one["saved"])) == 1 for one in rows),
    )
    before, after = (words.partition(":")[0] for words in rows[0]["said"])
    words = f"({before} became {after} in the first)"
    yield (f"The slider moved the picture for {moved} of {count} {words}, and the notebook in the home of {whole} of "
           f"{count} holds what all its {rows[0]['saved'][1]} code cells gave.")  # fmt: skip


def rested():
    """The table of what was ended that did nothing."""
    part = bench.read(STORED)["rest"]
    asked = part["asked"]
    yield f"| a learner who | kernel (set: {asked['kernel']} s) | server (set: {asked['server']} s) |"
    yield "|---|---|---|"
    names = {"rests": "does nothing, connected to the kernel", "computes": "has a cell that runs, and says nothing",
             "goes on": "runs a cell now and then"}  # fmt: skip
    for life, words in names.items():
        ended = part["ended"][life].values()
        said = [f"ended after {when:.0f} s" if when else f"there after {part['watched']} s" for when in ended]
        yield f"| {words} | {said[0]} | {said[1]} |"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", type=float, default=16, help="GB of the server")
    parser.add_argument("--cores", type=float, default=8)
    asked = parser.parse_args(arguments)
    for what, (count, by) in bears(bench.read(STORED), memory=asked.memory, cores=asked.cores).items():
        print(f"{count:6} learners, bounded by {by:10} {what}")


if __name__ == "__main__":
    main()
