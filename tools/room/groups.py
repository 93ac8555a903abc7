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


def unified():
    """Whether this machine has version 2."""
    return (TREE / "cgroup.controllers").exists()


def trees():
    """The folders in which learners have theirs."""
    return [TREE / ROOM] if unified() else [TREE / tree / ROOM for tree in ("memory", "pids", "cpu")]


class Fence:
    """Control groups, as their folders: processes that are in them, with all that these start, until they are ended."""

    def __init__(self, folders):
        self.folders = folders
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)

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

    def remove(self):
        """Take them away, where nothing is left in them."""
        for folder in self.folders:
            with suppress(OSError):
                folder.rmdir()


class Group(Fence):
    """The control groups of one learner. OSError where this process may not make them.

    name        the learner's
    memory      bytes
    cores       how many, 0.5 is half of one; what they have left over others take
    processes   how many processes and threads
    """

    def __init__(self, name, *, memory, cores, processes):
        quota = int(cores * PERIOD)
        if unified():
            limits = {"": {"memory.max": memory, "memory.swap.max": 0, "pids.max": processes,
                           "cpu.max": f"{quota} {PERIOD}"}}  # fmt: skip
            (TREE / ROOM).mkdir(exist_ok=True)
            for folder in (TREE, TREE / ROOM):
                (folder / "cgroup.subtree_control").write_text("+memory +pids +cpu")
            super().__init__([TREE / ROOM / name])
        else:
            limits = {"memory": {"memory.limit_in_bytes": memory}, "pids": {"pids.max": processes},
                      "cpu": {"cpu.cfs_period_us": PERIOD, "cpu.cfs_quota_us": quota}}  # fmt: skip
            super().__init__([TREE / tree / ROOM / name for tree in limits])
        for folder, values in zip(self.folders, limits.values()):
            for file, value in values.items():
                with suppress(FileNotFoundError if file == "memory.swap.max" else ()):  # a kernel without swap has none
                    (folder / file).write_text(str(value))


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
