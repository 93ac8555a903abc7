"""Waiting without a deadline by the clock, which a busy machine would break: for events, while work goes on.

A process counts as at a standstill when it has used next to no processor time for minutes, and as endless when it has
used far more than anything here needs: both are its own time, which other processes cannot take from it.
"""

import time
from subprocess import TimeoutExpired

import psutil

MINUTES = 5  # of next to no work until a process is taken to stand still
LITTLE = 1.0  # seconds of processor time in MINUTES; a kernel that only waits for its next cell uses less


def spent(pid):
    """Seconds of processor time that a process and those that it started have used; 0 where it is gone."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for process in family:
        try:
            total += sum(process.cpu_times()[:4])  # its own, and that of children that have ended
        except psutil.NoSuchProcess:
            pass
    return total


class Watch:
    """What a process does from now on.

    minutes, little   it stands still when it uses less than so many seconds of processor time in so many minutes
    """

    def __init__(self, pid, *, minutes=MINUTES, little=LITTLE):
        self.pid, self.minutes, self.little = pid, minutes, little
        self.began = self.last = spent(pid)
        self.since = time.monotonic()

    def used(self):
        """Seconds of processor time since the watch began."""
        return spent(self.pid) - self.began

    def stands_still(self):
        now = spent(self.pid)
        if now - self.last >= self.little:
            self.last, self.since = now, time.monotonic()
        return time.monotonic() - self.since > 60 * self.minutes


def until(happened, process):
    """Wait until happened() is true. AssertionError where the subprocess.Popen ends first, or stands still."""
    watch = Watch(process.pid)
    while not happened():
        assert process.poll() is None, f"the process ended first, with {process.returncode}"
        assert not watch.stands_still(), "the process stands still"
        time.sleep(0.02)


def finished(process):
    """(printed, complained) of a subprocess.Popen once it has ended. AssertionError where it stands still."""
    watch = Watch(process.pid)
    while True:
        try:
            return process.communicate(timeout=1)
        except TimeoutExpired:
            assert not watch.stands_still(), "the process stands still"
