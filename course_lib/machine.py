"""What this process may use of the machine. Importing it keeps torch from starting more threads than there are cores.

torch counts the machine's cores, of which a container or a class's server may grant a few: with more threads than cores
every one of them is stopped most of the time.
"""

import math
import os
from pathlib import Path

import torch

GROUPS = Path("/sys/fs/cgroup")


def cores(membership="/proc/self/cgroup"):
    """How many cores this process may use: the machine's, less what its affinity and its control groups withhold.

    membership   where Linux says in which control groups this process is
    """
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([mine, *(math.ceil(quota) for group in groups("cpu", membership) for quota in bound(group))])


def memory(membership="/proc/self/cgroup"):
    """How many bytes the control groups of this process may hold, inf where none is bounded; membership as in cores."""
    files = (group / name for group in groups("memory", membership) for name in ("memory.max", "memory.limit_in_bytes"))
    return min([math.inf, *(int(text) for file in files if (text := content(file)).isdecimal())])


def groups(controller, membership):
    """The folders of the control groups of this process, of version 1 or 2, that may bound a controller, root last."""
    found = []
    for line in content(Path(membership)).splitlines():  # none where the system is not Linux
        _, controllers, path = line.split(":", 2)
        root = GROUPS if controllers == "" else GROUPS / controller
        if controllers and controller not in controllers.split(","):
            continue
        folder = root / path.lstrip("/")
        for group in (folder, *folder.parents):
            found.append(group)
            if group == root:
                break
    return found


def content(file):
    """The text of a file, without the blanks around it; "" where it cannot be read."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def bound(group):
    """[cores] of one control group; [] where it has no bound, or is not seen from here."""
    try:
        if (group / "cpu.max").exists():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return [int(quota) / int(period)] if int(quota) > 0 else []
    except (OSError, ValueError):  # "max" is no number
        return []


if torch.get_num_threads() > cores():
    torch.set_num_threads(cores())
