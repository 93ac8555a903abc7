"""The control groups of a learner: what all their processes together may use of the machine, and how they all end.

Linux has them in two versions. Of version 1 each resource has a tree of its own, of version 2 there is one tree.
"""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

TREE = Path("/sys/fs/cgroup")
ROOM = "room"
SHARED = ("/dev/shm", "/tmp", "/var/tmp")
PERIOD = 100_000  # microseconds in which a learner has so much of the processor


class Group:
    """The control groups of one learner. OSError where this process may not make them.

    name        the learner's
    memory      bytes
    cores       how many, 0.5 is half of one; what they have left over others take
    processes   how many processes and threads
    """

    def __init__(self, name, *, memory, cores, processes):
        quota = int(cores * PERIOD)
        if (TREE / "cgroup.controllers").exists():
            limits = {"": {"memory.max": memory, "memory.swap.max": 0, "pids.max": processes,
                           "cpu.max": f"{quota} {PERIOD}"}}  # fmt: skip
            (TREE / ROOM).mkdir(exist_ok=True)
            for folder in (TREE, TREE / ROOM):
                (folder / "cgroup.subtree_control").write_text("+memory +pids +cpu")
        else:
            limits = {"memory": {"memory.limit_in_bytes": memory}, "pids": {"pids.max": processes},
                      "cpu": {"cpu.cfs_period_us": PERIOD, "cpu.cfs_quota_us": quota}}  # fmt: skip
        self.folders = [TREE / tree / ROOM / name for tree in limits]
        for folder, values in zip(self.folders, limits.values()):
            folder.mkdir(parents=True, exist_ok=True)
            for file, value in values.items():
                with suppress(FileNotFoundError if file == "memory.swap.max" else ()):  # a kernel without swap has none
                    (folder / file).write_text(str(value))

    def enter(self):
        """Put this process, and all that it will start, into them."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def members(self):
        """The ids of the processes in them."""
        return {int(pid) for folder in self.folders for pid in (folder / "cgroup.procs").read_text().split()}

    def end(self, seconds=10):
        """Kill what is left in them, whatever it does against that.

        They stay: what a learner left in a file system in memory counts against the next server too.
        """
        patience = time.monotonic() + seconds
        while (there := self.members()) and time.monotonic() < patience:
            for pid in there:  # they are so many at most, however fast they start each other
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def throw_away(user, places=SHARED):
    """Delete what a user, by number, left in folders that everybody writes to."""
    for place in places:
        for entry in os.scandir(place):
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_uid == user:
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path)
                    else:
                        os.unlink(entry.path)
