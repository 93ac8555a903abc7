"""Who cleans up after a trial, however that ends: by itself, after Ctrl-C, or because it was killed.

    python -m tools.room.caretaker FOLDER NAME ...      as root; cleans up once its standard input has ended

A trial starts it, as a process apart, before it makes anything, and holds the other end of its input, which ends with
the trial. Then all processes of the trial end, and all of the accounts NAME; these are removed, with their homes,
control groups, certificates and what they left where everybody writes; and so is FOLDER.
"""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from tools.room import accounts, groups

ROOT = Path(__file__).resolve().parents[2]


def fence(folder):
    """The control group of what the trial of a folder starts in its own name; nothing in it is limited."""
    tree = groups.TREE if groups.unified() else groups.TREE / "pids"
    return groups.Fence([tree / Path(folder).name])


@contextmanager
def cleaned(names):
    """A new folder, {its path}; it, the accounts of these names and the trial's processes are gone after the block.

    SystemExit where one of the names has an account already: it may be somebody's.
    """
    if there := [name for name in names if accounts.number(name) is not None]:
        raise SystemExit(f"There are accounts named {', '.join(there)}: remove them first, with `userdel --remove`.")
    folder = mkdtemp(prefix="room-")
    one = subprocess.Popen([sys.executable, "-m", "tools.room.caretaker", folder, *names], cwd=ROOT,
                           stdin=subprocess.PIPE, start_new_session=True)  # fmt: skip
    try:
        yield Path(folder)
    finally:
        one.stdin.close()
        one.wait()


def main(folder, *names):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.read()
    own = fence(folder)
    own.end()
    own.remove()
    for name in names:
        accounts.remove(name)
    shutil.rmtree(folder, ignore_errors=True)
    for empty in (accounts.CERTIFICATES, *groups.trees()):
        with suppress(OSError):  # not there, or somebody's
            os.rmdir(empty)
    if names:  # refused while it is the group of an account
        subprocess.run(["groupdel", accounts.GROUP], capture_output=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
