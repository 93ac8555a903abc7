"""The process of a box: made anew in bubblewrap, or copied from one there that has loaded PyTorch; plain without it.

`Copy` takes a few hundredths of a second: forkserver.py makes it, behind walls of its own inside bubblewrap's. Where
the system lets nobody build walls there, and where there is no bubblewrap, every box is `made` anew.
"""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from tools.grading import lockdown, watch

ROOT = Path(__file__).resolve().parents[2]
BWRAP = shutil.which("bwrap")
INSIDE = [Path(__file__).resolve().with_name(name) for name in ("inside.py", "lockdown.py", "forkserver.py")]
HIDDEN = ("checks", "__pycache__")  # in course_lib: the references, and what was compiled of them
START = 60  # seconds for Python and PyTorch to start; on the clock, PATIENCE times that
PATIENCE = 6
INSTEAD = "Install bubblewrap (Debian: apt-get install bubblewrap), or grade in a container without network."
DISK = 2**25  # bytes that the process that is copied may write


def protection(bwrap):
    """A sentence: what a learner's code can still do."""
    if bwrap:
        return "Learners' code ran in bubblewrap: no network, no other files, and a folder that was thrown away."
    return (
        "Learners' code ran in plain processes with limits on time, memory and file size: nothing kept it from reading "
        f"files, writing or deleting them, using the network, or leaving processes behind. {INSTEAD}"
    )


def shared(places):
    """The words that let bubblewrap show these places, read-only."""
    return [word for place in places for word in ("--ro-bind", str(place), str(place))]


def around(bwrap, disk):
    """The words of a command that put bubblewrap around what follows them."""
    size = ["--size", str(disk)]
    library = [path for path in sorted((ROOT / "course_lib").iterdir()) if path.name not in HIDDEN]
    python = list(dict.fromkeys(["/usr", sys.base_prefix, sys.prefix]))
    own = [place for place in python if Path(place).is_relative_to(ROOT)]
    outside = [place for place in python if place not in own]
    # The course may itself lie in a folder of Python or the system: it is covered before parts of it come back.
    cover = [*shared(outside), *size, "--tmpfs", str(ROOT), *shared([*own, *library, *INSIDE])]
    links = [word for name in ("bin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
    own_folders = [word for place in ("/dev/shm", "/tmp", "/box") for word in (*size, "--tmpfs", place)]
    # Where the course or its Python lies in /tmp, that is read-only too: a copy could not cover it without hiding them.
    if any(Path(place).is_relative_to("/tmp") for place in (ROOT, *python)):
        cover += ["--remount-ro", "/tmp"]
    # Started by root, bubblewrap would leave the box root's rights, and with them what is read-only is soon writable.
    return [bwrap, "--unshare-all", "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--proc", "/proc",
            "--dev", "/dev", *own_folders, "--remount-ro", "/dev", *cover, *links, "--remount-ro", str(ROOT),
            "--remount-ro", "/", "--chdir", "/box"]  # fmt: skip


def environment(home):
    return {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HOME": home,
            "TMPDIR": home, "MPLBACKEND": "Agg", "COURSE_QUIET": "1", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip


def bound(disk):
    """Set, in the process that becomes that of a box, what holds for each of its processes."""
    lockdown.end_with_parent()
    lockdown.limits(disk)


class Made:
    """A process of a box, made anew: pid, stdin and stdout."""

    def __init__(self, memory, disk, bwrap):
        self.folder = None if bwrap else mkdtemp(prefix=f"box-{os.getpid()}-")
        command = [*(around(bwrap, disk) if bwrap else []), sys.executable, str(INSIDE[0]), str(memory)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment(self.folder or "/box"), cwd=self.folder or "/", start_new_session=True,
            preexec_fn=partial(bound, disk),
        )  # fmt: skip
        self.pid, self.stdin, self.stdout = self.process.pid, self.process.stdin, self.process.stdout

    def end(self):
        """End it and all that it started, and throw its folder away."""
        watch.end(self.pid)
        with suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        self.stdin.close()
        self.stdout.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class Copy:
    """A process of a box, copied by a Server: pid, stdin and stdout. OSError where it does not come to stand."""

    def __init__(self, memory, disk, server):
        self.lifeline, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        inbox, stdin = os.pipe()
        stdout, outbox = os.pipe()
        self.stdin, self.stdout = os.fdopen(stdin, "wb", buffering=0), os.fdopen(stdout, "rb", buffering=0)
        try:
            self.lifeline.settimeout(PATIENCE * START)
            self.lifeline.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            request = json.dumps({"memory": memory, "disk": disk}).encode()
            socket.send_fds(server.control, [request], [theirs.fileno(), inbox, outbox])
            theirs.close()
            self.pid = self.number()
            if self.lifeline.recv(64) != b"stands":
                raise OSError("the walls of a box do not stand")
        except OSError:
            self.close()
            raise
        finally:
            theirs.close()
            os.close(inbox)
            os.close(outbox)

    def number(self):
        """The number of the keeper, which is first to write, as it is known here."""
        size = struct.calcsize("3i")
        message, more, *_ = self.lifeline.recvmsg(64, socket.CMSG_SPACE(size))
        if message != b"keeper":
            raise OSError("a box was not begun")
        return struct.unpack("3i", more[0][2][:size])[0]

    def close(self):
        for one in (self.stdin, self.stdout, self.lifeline):
            one.close()

    def end(self):
        """End it and all that it started."""
        self.lifeline.setblocking(False)
        with suppress(BlockingIOError, ConnectionError):
            if self.lifeline.recv(1) == b"":  # the keeper was killed, and its number may be another's
                return self.close()
        watch.end_children(self.pid)  # with the first process of its namespace all others end, however many
        watch.end(self.pid)
        self.lifeline.setblocking(True)
        with suppress(ConnectionError):
            self.lifeline.recv(1)
        self.close()


class Server:
    """A process in bubblewrap that has loaded what every box needs, of which Copy gets copies.

    control   a socket on which another process has started it; a server is started when omitted
    """

    def __init__(self, bwrap, control=None):
        self.bwrap, self.process = bwrap, None
        if control is not None:
            self.control = socket.socket(fileno=control)
            return
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # What only root needs: to take away what bubblewrap puts over /proc, and to be root, without rights, in a box.
        rights = [word for right in ("SYS_ADMIN", "SETFCAP") for word in ("--cap-add", f"CAP_{right}")]
        command = [
            *around(bwrap, DISK),
            *(rights if os.getuid() == 0 else []),
            sys.executable,
            str(INSIDE[-1]),
            str(theirs.fileno()),
        ]
        nowhere = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        self.process = subprocess.Popen(command, env=environment("/box"), cwd="/", start_new_session=True,
                                        pass_fds=[theirs.fileno()], preexec_fn=lockdown.end_with_parent,
                                        **nowhere)  # fmt: skip
        theirs.close()
        try:
            self.control.settimeout(PATIENCE * START)
            if self.control.recv(64) != b"ready":
                raise OSError("nothing can be copied there")
            self.control.settimeout(None)
            Copy(2**30, DISK, self).end()
        except BaseException:
            self.stop()
            raise

    def dead(self):
        try:
            return self.control.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def stop(self):
        self.control.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()


servers = {}  # {path of bubblewrap: its Server, None where no copies can be made}


def server(bwrap):
    """The Server of this process, started if need be; None where no copies can be made."""
    if bwrap not in servers or servers[bwrap] and servers[bwrap].dead():
        stop(bwrap)
        servers[bwrap] = None
        with suppress(OSError):
            servers[bwrap] = Server(bwrap)
    return servers[bwrap]


def stop(*bwraps):
    """Stop servers; all of them, when none is named."""
    for bwrap in bwraps or list(servers):
        if found := servers.pop(bwrap, None):
            found.stop()


def made(memory, disk, bwrap):
    """The process of a new box."""
    if bwrap and (source := server(bwrap)):
        with suppress(OSError):
            return Copy(memory, disk, source)
    return Made(memory, disk, bwrap)


def sweep():
    """Throw away the folders of boxes whose grader has ended before it could."""
    for folder in Path(gettempdir()).glob("box-[0-9]*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdigit() and not watch.alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
