"""What users' processes hold and have taken: memory with what they share counted once, and seconds of the processor."""

import os
from contextlib import suppress
from pathlib import Path

from tools.grading.watch import TICKS, read


def processes():
    """{user's number: [ids of their processes]}."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            found.setdefault(Path("/proc", pid).stat().st_uid, []).append(int(pid))
    return found


def memory(pid):
    """Bytes of a process: its own, and of what is shared its part (PSS); 0 where it is gone."""
    rows = [line.split() for line in read(pid, "smaps_rollup").splitlines()]
    return 1024 * sum(int(row[1]) for row in rows if row[0] == "Pss:")


def seconds(pid):
    """Seconds of the processor that a process has taken, with those of its children that have ended."""
    fields = read(pid, "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0


def kinds(pids):
    """{"server": bytes, "kernels": bytes, "other": bytes} of a learner's processes."""
    held = {"server": 0, "kernels": 0, "other": 0}
    for pid in pids:
        words = read(pid, "cmdline")
        kind = "server" if "jupyterhub-singleuser" in words else "kernels" if "ipykernel_launcher" in words else "other"
        held[kind] += memory(pid)
    return held


def own(pid, children=None):
    """A process and all that came of it and belongs to the same user."""
    if children is None:
        children = {}
        for one in filter(str.isdigit, os.listdir("/proc")):
            parent = read(one, "stat").rpartition(")")[2].split()[1:2]
            children.setdefault(parent[0] if parent else "", []).append(int(one))
    same = [child for child in children.get(str(pid), []) if owner(child) == owner(pid)]
    return [pid, *(each for child in same for each in own(child, children))]


def owner(pid):
    """The number of a process's user, None where it is gone."""
    with suppress(OSError):
        return Path("/proc", str(pid)).stat().st_uid
