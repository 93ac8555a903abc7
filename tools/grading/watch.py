"""What all processes of a box use together: processor time, memory, files, and how many they and their threads are.

Elsewhere than on Linux this cannot be seen: the time is then that of the clock, and the memory nothing.
"""

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
SEEN = (PROC / "self" / "stat").exists()
TICKS = os.sysconf("SC_CLK_TCK") if SEEN else 1
PAGE = os.sysconf("SC_PAGE_SIZE") if SEEN else 1


def read(pid, name):
    """The text of a file of a process in /proc, "" where the process is gone."""
    try:
        return (PROC / str(pid) / name).read_text(encoding="latin-1")
    except OSError:
        return ""


def family(pid):
    """The ids of a process and of all that it and its children started and that are still there."""
    found, new = [], [pid]
    while new:
        found += new
        tasks = [(one, task) for one in new for task in threads(one)]
        new = [int(child) for one, task in tasks for child in read(one, f"task/{task}/children").split()]
    return found


def listed(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def seconds(pids):
    """Processor time of processes, with that of their children that have ended."""
    if not SEEN:
        return time.monotonic()
    fields = [read(pid, "stat").rpartition(")")[2].split() for pid in pids]
    return sum(sum(map(int, one[11:15])) for one in fields if one) / TICKS


def asleep(pids):
    """Whether none of the processes runs, waits for a processor, or for a disk."""
    return not states(pids) & {"R", "D"}


def states(pids):
    """The states of all threads of processes, a letter each, as /proc says them."""
    return {read(pid, f"task/{task}/stat").rpartition(")")[2][1:2] for pid in pids for task in threads(pid)} - {""}


def threads(pid):
    return listed(PROC / str(pid) / "task")


def files(pids):
    """How many files processes have open. A socket or a pipe holds memory that is no process's."""
    return sum(len(listed(PROC / str(pid) / "fd")) for pid in pids)


def memory(pids, enough):
    """Bytes that processes hold. What they share is counted once, but only where the sum is above enough."""
    resident = sum(int((read(pid, "statm").split() or [0, 0])[1]) for pid in pids) * PAGE
    if resident <= enough:
        return resident
    rows = [line.split() for pid in pids for line in read(pid, "smaps_rollup").splitlines()]
    return 1024 * sum(int(row[1]) for row in rows if row[0] == "Pss:") if rows else resident


def end_children(pid):
    """Kill what a process has started itself."""
    for child in read(pid, f"task/{pid}/children").split():
        send(int(child), signal.SIGKILL)


def end(pid):
    """Kill a process and all that it started; none is left when it returns.

    They are stopped before, so that none starts another one meanwhile: a child that is just being made is seen once its
    parent stands.
    """
    stopped = set()
    while new := set(family(pid)) - stopped:
        for one in new:
            send(one, signal.SIGSTOP)
        stand(new)
        stopped |= new
    last = family(pid)[::-1]
    for one in last:
        send(one, signal.SIGKILL)
    for one in last:
        gone(one)


def stand(pids, seconds=10):
    """Wait until stopped processes stand, which a busy machine puts off; or wait (D), as for a child that does."""
    until = time.monotonic() + seconds
    while SEEN and states(pids) & {"R", "S"} and time.monotonic() < until:
        time.sleep(0.001)


def gone(pid, seconds=10):
    """Wait until a killed process has ended, which a busy machine puts off; one that waits for a lost disk is left."""
    if not hasattr(os, "pidfd_open"):
        return
    with suppress(ProcessLookupError):
        process = os.pidfd_open(pid)
        try:
            select.select([process], [], [], seconds)
        finally:
            os.close(process)


def send(pid, number):
    with suppress(OSError):
        os.kill(pid, number)


def alive(pid):
    """Whether there is a process of that id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True
