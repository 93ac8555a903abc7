"""A hub with learners for a trial: accounts of the system, jupyterhub_config.py and a proxy, removed after it.

The proxy is npm's: ROOM_PROXY names the command, where it is not on the PATH.
"""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

import requests

from tools.room import accounts, used
from tools.room.caretaker import ROOT, cleaned, fence
from tools.room.learner import Learner

BIN = Path(sys.executable).parent
ADDRESS, GIT = "http://127.0.0.1:8000", 9418
COURSE = f"git://127.0.0.1:{GIT}/gating.git"


def started(command, log, given=None, **environment):
    """A process that ends with the trial; log is a file in the trial's folder, given what it reads, as JSON."""
    with open(log, "w") as file, TemporaryFile() as asked:
        asked.write(json.dumps(given).encode())
        asked.seek(0)
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdin=asked, stdout=file, stderr=file,
                                start_new_session=True, preexec_fn=fence(log.parent).enter)  # fmt: skip


@contextmanager
def learners(count):
    """(a folder, {name: password}) of so many new accounts, which are removed afterwards."""
    names = [f"room-{k:02}" for k in range(1, count + 1)]
    with cleaned(names) as folder:
        yield folder, {name: accounts.make(name) for name in names}


@contextmanager
def room(count, **environment):
    """The hub with so many learners: (its process, [Learner], the folder of its files)."""
    processes = []
    try:
        with learners(count) as (state, there):
            course = state / "git" / "gating.git"
            subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, course], check=True)
            subprocess.run(["git", "-C", course, "branch", "-f", "main", "HEAD"], check=True)
            serve = ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={GIT}", "--export-all"]
            processes.append(started([*serve, f"--base-path={state / 'git'}"], state / "git.log"))
            command = [str(BIN / "jupyterhub"), "-f", str(ROOT / "tools" / "room" / "jupyterhub_config.py")]
            environment |= {"COURSE_REPOSITORY": COURSE, "ROOM_STATE": str(state / "hub")}
            try:
                hub = started(command, state / "hub.log", **environment)
                processes.append(hub)
                while not answers(hub):
                    time.sleep(0.2)
                yield hub, [Learner(ADDRESS, name, password) for name, password in there.items()], state
            except Exception:
                print((state / "hub.log").read_text()[-6000:], file=sys.stderr)
                raise
    finally:
        for one in processes:
            one.wait()


def answers(hub):
    if hub.poll() is not None:
        raise RuntimeError("the hub has ended")
    with suppress(requests.ConnectionError):
        return requests.get(f"{ADDRESS}/hub/api").ok


def uid(learner):
    return accounts.number(learner.name)


def pids(learner):
    return used.processes().get(uid(learner), [])
