"""On Linux: what a process gives up: rights, calls of the system, outliving its parent.

Some memory is held by no process, so no limit on processes sees it: files without a name (memfd), System V's shared
memory and queues, kernel keys, and file systems that a process mounts in a user namespace of its own. `forbid` takes
away the system calls that make them, and those that change what is mounted. Imported inside the box too, where nothing
of the grader is but inside.py and forkserver.py.
"""

import ctypes
import platform
import signal
import struct
import sys

ENOSYS, EPERM = 38, 1
NEW_USER = 0x10000000  # a flag of clone
MOUNTS = {428, 429, 430, 431, 432, 433, 442, 467}  # the newer calls around mounting, on every machine
CALLS = {  # machine: (its number in the filter, clone, {denied system calls})
    "x86_64": (
        0xC000003E,
        56,
        MOUNTS | {29, 64, 68, 155, 161, 165, 166, 240, 248, 249, 250, 272, 298, 308, 319, 321, 323, 425, 447},
    ),
    "aarch64": (
        0xC00000B7,
        220,
        MOUNTS | {39, 40, 41, 51, 97, 180, 186, 190, 194, 217, 218, 219, 241, 268, 279, 280, 282, 425, 447},
    ),
}  # fmt: skip - (u)mount, pivot_root, chroot, mq_open, msgget, semget, shmget, keys, unshare, setns, perf_event_open,
# memfd_*, bpf, userfaultfd, io_uring
CLONE3 = 435  # its flags cannot be looked at; without it the C library takes clone
DIE_WITH_PARENT, SUBREAPER, NO_NEW_PRIVILEGES, SECCOMP, HAS_RIGHT, DROP_RIGHT = 1, 36, 38, 22, 23, 24
RIGHTS = 64  # that root may have, at most


def prctl(*words):
    """The system's prctl; OSError where it refuses."""
    if ctypes.CDLL(None, use_errno=True).prctl(*words, *[0] * (5 - len(words))) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def end_with_parent():
    """From now on this process is killed when its parent ends."""
    if sys.platform == "linux":
        prctl(DIE_WITH_PARENT, signal.SIGKILL)


def adopt():
    """From now on the children of ended descendants become this process's own."""
    if sys.platform == "linux":
        prctl(SUBREAPER, 1)


def limits(disk):
    """The largest file, and how many are open, of this process and all that it starts."""
    import resource  # not on Windows

    resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def drop():
    """Give up every right of root's, in this process and all that it starts."""
    system = ctypes.CDLL(None, use_errno=True)
    for right in range(RIGHTS):
        if system.prctl(HAS_RIGHT, right, 0, 0, 0) == 1:
            prctl(DROP_RIGHT, right)
    prctl(NO_NEW_PRIVILEGES, 1)
    if system.capset(struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0] * 6)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def forbid():
    """Refuse, in this process and all that it starts, the calls that make memory which no process holds."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in CALLS:
        return
    number, clone, denied = CALLS[machine]
    load, equal, above, ret, bits = 0x20, 0x15, 0x35, 0x06, 0x45
    kill, allow, refuse = 0x80000000, 0x7FFF0000, 0x00050000
    filters = [(load, 0, 0, 4), (equal, 1, 0, number), (ret, 0, 0, kill), (load, 0, 0, 0)]
    filters += [(above, 0, 1, 0x40000000), (ret, 0, 0, refuse | ENOSYS)]  # the second set of calls of x86
    filters += [(equal, 0, 1, CLONE3), (ret, 0, 0, refuse | ENOSYS)]
    for call in sorted(denied):
        filters += [(equal, 0, 1, call), (ret, 0, 0, refuse | EPERM)]
    filters += [(equal, 0, 3, clone), (load, 0, 0, 16), (bits, 0, 1, NEW_USER), (ret, 0, 0, refuse | EPERM)]
    filters += [(ret, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in filters))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(filters), ctypes.addressof(code)))
    prctl(NO_NEW_PRIVILEGES, 1)
    prctl(SECCOMP, 2, ctypes.c_void_p(ctypes.addressof(program)))
