"""nbgrader's exchange on one machine: a teacher, who is root here, a learner and a hostile learner."""

import os
import pwd
import shutil
import subprocess
import sys

from tools.grading import collect
from tools.room.rooms import ROOT, learners

SET = "05_mixing_old_and_new"
LOOK = """
import os, pathlib, sys
inbound, victim, SET = pathlib.Path(sys.argv[1]), *sys.argv[2:4]
tried = {
    "list what was handed in": lambda: os.listdir(inbound),
    "open a neighbour's by its student, set and time": lambda: os.listdir(inbound / sys.argv[4]),
    "read what a neighbour keeps of it": lambda: os.listdir(f"/home/{victim}/.local/share/jupyter/nbgrader_cache"),
    "change what the teacher released": lambda: open(inbound.parent / "outbound" / SET / f"{SET}.ipynb", "a"),
    "take the folder of the exchange away": lambda: os.rename(inbound, inbound.parent / "gone"),
    "hand in for a neighbour": lambda: os.mkdir(inbound / f"{victim}+{SET}+2030-01-01 00:00:00.000000 UTC+forged"),
}
for what, do in tried.items():
    try:
        print(what, "done" if do() is None else "done", sep=": ")
    except OSError as error:
        print(what, type(error).__name__, sep=": ")
"""


def nbgrader(who, folder, *words):
    """What a command of nbgrader says, run by an account in a folder, by the teacher where who is None."""
    account = {} if who is None else {"user": who, "group": pwd.getpwnam(who).pw_gid, "extra_groups": []}
    home = {} if who is None else {"HOME": pwd.getpwnam(who).pw_dir, "USER": who, "LOGNAME": who}
    account["umask"] = 0o077 if who else 0o022
    done = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=folder, env=os.environ | home, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **account)  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"nbgrader {' '.join(words)}: {done.stdout}")
    return done.stdout


def exchange():
    """{what was done or tried: what came of it}."""
    with learners(2) as (folder, there):
        folder.chmod(0o755)
        names, root = list(there), folder / "exchange"
        root.mkdir()
        root.chmod(0o777)
        where = f"--Exchange.root={root}", "--course=gating"
        nbgrader(None, ROOT, "release_assignment", SET, *where)
        (root / "gating").chmod(0o755)
        for name in names:
            nbgrader(name, pwd.getpwnam(name).pw_dir, "fetch_assignment", SET, *where)
            nbgrader(name, pwd.getpwnam(name).pw_dir, "submit", SET, *where)
        inbound = root / "gating" / "inbound"
        good, bad = names
        known = next(path.name for path in inbound.iterdir() if path.name.startswith(good)).rpartition("+")[0]
        look = [sys.executable, "-c", LOOK, inbound, good, SET, known]
        said = subprocess.run(look, user=bad, group=pwd.getpwnam(bad).pw_gid, extra_groups=[], cwd="/", text=True,
                              capture_output=True, check=True).stdout  # fmt: skip
        outcomes = dict(line.split(": ", 1) for line in said.splitlines())
        forged = next(inbound.glob("*+forged"), None)
        if forged:
            shutil.copy(ROOT / "exercises" / SET / f"{SET}.ipynb", forged)
            shutil.chown(forged / f"{SET}.ipynb", bad)
        collect.main([str(inbound), "--folder", str(folder / "class")])
        there = sorted(path.parts[-2] for path in (folder / "class" / "submitted").glob("*/*"))
        outcomes["the teacher collects"] = ", ".join(there)
        outcomes["left out"] = (
            (folder / "class" / "collected.md").read_text(encoding="utf-8").partition("\n")[2].strip()
        )
        outcomes["permissions of inbound, outbound"] = ", ".join(
            oct(path.stat().st_mode & 0o7777) for path in (inbound, root / "gating" / "outbound")
        )
    return outcomes
