"""A hub with learners for a trial: accounts of the system, jupyterhub_config.py and a proxy, removed after it.

The proxy is npm's: ROOM_PROXY names the command, where it is not on the PATH.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

import requests

from tools.room import accounts, groups, used
from tools.room.learner import Learner

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ADDRESS, GIT = "http://127.0.0.1:8000", 9418


@contextmanager
def process(command, log, **environment):
    """A process that ends with the block, and what it has started with it."""
    with open(log, "w") as file:
        one = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=file, stderr=file,
                               stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        try:
            yield one
        finally:
            one.terminate()
            with suppress(subprocess.TimeoutExpired):
                one.wait(60)
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()


@contextmanager
def learners(count):
    """So many accounts, {name: password}, that are removed afterwards."""
    names = [f"room-{k:02}" for k in range(1, count + 1)]
    if there := [name for name in names if name in {one.pw_name for one in pwd.getpwall()}]:
        raise SystemExit(f"There are accounts named {', '.join(there)}: remove them first, with `userdel --remove`.")
    try:
        yield {name: accounts.make(name) for name in names}
    finally:
        for name in names:
            with suppress(KeyError, OSError):
                groups.throw_away(pwd.getpwnam(name).pw_uid)
                groups.Group(name, memory=2**30, cores=1, processes=64).end()
            subprocess.run(["userdel", "--force", "--remove", name], capture_output=True)


@contextmanager
def room(count, **environment):
    """The hub with so many learners: (its process, [Learner], the folder of its files)."""
    with ExitStack() as stack:
        state = Path(mkdtemp(prefix="room-"))
        stack.callback(shutil.rmtree, state, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", "--bare", ROOT, state / "git" / "gating.git"], check=True)
        subprocess.run(["git", "-C", state / "git" / "gating.git", "branch", "-f", "main", "HEAD"], check=True)
        there = stack.enter_context(learners(count))
        serve = ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={GIT}", "--export-all"]
        stack.enter_context(process([*serve, f"--base-path={state / 'git'}"], state / "git.log"))
        command = [str(BIN / "jupyterhub"), "-f", str(ROOT / "tools" / "room" / "jupyterhub_config.py")]
        environment |= {"COURSE_REPOSITORY": f"git://127.0.0.1:{GIT}/gating.git", "ROOM_STATE": str(state / "hub")}
        try:
            hub = stack.enter_context(process(command, state / "hub.log", **environment))
            while not answers(hub):
                time.sleep(0.2)
            yield hub, [Learner(ADDRESS, name, password) for name, password in there.items()], state
        except BaseException:
            print((state / "hub.log").read_text()[-6000:], file=sys.stderr)
            raise


def answers(hub):
    if hub.poll() is not None:
        raise RuntimeError("the hub has ended")
    with suppress(requests.ConnectionError):
        return requests.get(f"{ADDRESS}/hub/api").ok


def uid(learner):
    return pwd.getpwnam(learner.name).pw_uid


def pids(learner):
    return used.processes().get(uid(learner), [])
