"""Inside bubblewrap: load once what every box needs, and make a copy of this process for each box, in walls of its own.

    python forkserver.py FD      serve the socket FD, in messages: {"memory": bytes, "disk": bytes}, and with each three
                                  files: a lifeline, and the pipes by which inside.py is asked and replies

No learner's code runs in this process, and none can reach it. A box is three copies of it:

keeper    holds the lifeline, and ends the box when the grader lets go of it. It tells its number there.
first     the first process in the box's own namespaces of users, processes, mounts, network and what else there is. It
          covers all that a box may write with empty folders, closes all files, gives up every right, forbids what
          lockdown.py lists, and only then makes the last copy. All others end with it.
second    runs inside.py, with the learner's code.

What they inherit is memory that is copied when it is written, and holds nothing of the grader: this process has
bubblewrap's walls, and an environment without secrets.
"""

import ctypes
import fcntl
import gc
import json
import os
import platform
import re
import resource
import select
import signal
import socket
import sys
from pathlib import Path

import inside
import lockdown
import torch

USER, MOUNT, PROCESS, NETWORK = 0x10000000, 0x20000, 0x20000000, 0x40000000  # flags of unshare
GROUP, NAME, MESSAGES = 0x2000000, 0x4000000, 0x8000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT = 1, 2, 4, 8, 32  # flags of mount
DETACH = 2  # a flag of umount2
TASKS = 400  # numbers of processes and threads in a box; when they are used up, 100 of them are given again
INODES = 10_000  # files and folders in each folder that can be written
FREE, MANY = 100, 2**16  # numbers of files: none is taken from here on; none is larger


def done(code, what):
    """OSError where a call of the C library has failed."""
    if code != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def system():
    return ctypes.CDLL(None, use_errno=True)


def mount(kind, place, flags, options=None):
    done(system().mount(kind.encode(), place.encode(), kind.encode(), flags, options and options.encode()), place)


def uncover_processes():
    """Uncover /proc, parts of which bubblewrap covers for root: only so may a box have one of its own."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if (place := line.split()[4]).startswith("/proc/"):
            system().umount2(place.encode(), DETACH)


def separate():
    """Namespaces of this process's own; those of processes for its children."""
    user, group = os.getuid(), os.getgid()
    done(system().unshare(USER | MOUNT | PROCESS | NETWORK | GROUP | NAME | MESSAGES), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def cover(disk):
    """Empty folders over all that can be written, and a /proc of the box's own."""
    for place in filter(lambda place: os.access(place, os.W_OK), ("/box", "/tmp", "/dev/shm")):
        mount("tmpfs", place, NO_SUID | NO_DEVICES, f"size={disk},nr_inodes={INODES},mode=0755")
    mount("tmpfs", "/dev/pts", READ_ONLY | NO_SUID | NO_DEVICES, "size=4096")
    mount("proc", "/proc", NO_SUID | NO_DEVICES | NO_PROGRAMS)
    few()
    mount("proc", "/proc", REMOUNT | READ_ONLY | NO_SUID | NO_DEVICES | NO_PROGRAMS)
    os.chdir("/box")


def few():
    """Let the system refuse what a look from outside would see too late: processes that double until no look comes.

    The limit of a user holds for others than root, the one of a namespace for everybody, from Linux 6.14 on.
    """
    resource.setrlimit(resource.RLIMIT_NPROC, (TASKS, TASKS))
    if tuple(map(int, re.findall(r"\d+", platform.release())[:2])) >= (6, 14):  # before, it was the whole machine's
        Path("/proc/sys/kernel/pid_max").write_text(str(TASKS))


def only(inbox, outbox):
    """Close all files but these two, which become 3 and 4; 0, 1 and 2 lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    free = [fcntl.fcntl(file, fcntl.F_DUPFD, FREE) for file in (nowhere, nowhere, nowhere, inbox, outbox)]
    for number, file in enumerate(free):
        os.dup2(file, number, inheritable=False)
    os.closerange(len(free), MANY)


def keep(lifeline, inbox, outbox, memory, disk):
    """The keeper's work."""
    os.setsid()
    separate()
    lockdown.end_with_parent()
    os.write(lifeline, b"keeper")  # with which the system tells its number
    first = os.fork()
    if first == 0:
        begin(lifeline, inbox, outbox, memory, disk)
    os.close(inbox)
    os.close(outbox)
    lockdown.drop()
    ended = os.pidfd_open(first)
    if lifeline in select.select([lifeline, ended], [], [])[0]:
        os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    os.read(lifeline, 1)  # until the grader lets go of it, so that the number of this process is not given to another


def begin(lifeline, inbox, outbox, memory, disk):
    """The first process's work, and the second's."""
    lockdown.end_with_parent()
    os.setsid()
    cover(disk)
    lockdown.limits(disk)
    lockdown.drop()
    lockdown.forbid()
    second = os.fork()
    if second == 0:
        only(inbox, outbox)
        inside.serve(3, 4, memory)
        os._exit(0)
    os.write(lifeline, b"stands")
    os.closerange(3, MANY)
    while os.wait()[0] != second:
        pass
    os._exit(0)


def ready():
    """Load the rest; RuntimeError where a copy would share more with this process than memory that it copies."""
    from IPython.core.inputtransformer2 import TransformerManager  # noqa: F401

    import course_lib.initialise
    import course_lib.unroll  # noqa: F401

    torch.set_num_threads(1)
    rights = [line.split()[1] for line in Path("/proc/self/maps").read_text().splitlines()]
    if any("w" in one and "s" in one for one in rights):
        raise RuntimeError("memory is shared with copies")
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("there is more than one thread")
    gc.collect()
    gc.freeze()


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    uncover_processes()
    ready()
    control.send(b"ready")
    while True:
        request, files, *_ = socket.recv_fds(control, 2**12, 3)
        if not request:
            return
        if os.fork() == 0:
            try:
                control.close()
                keep(*files, **json.loads(request))
            finally:  # whoever reads its files learns that it did not come to stand
                os._exit(1)
        for file in files:
            os.close(file)
        while True:  # keepers that have ended
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break


if __name__ == "__main__":
    main()
