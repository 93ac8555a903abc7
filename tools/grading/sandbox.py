"""A box for a learner's code: a process with limits, in bubblewrap where the machine has it.

    with Box() as box:
        box.run("def twice(x): return 2 * x")
        box.call("twice", 3)     # 6

What bubblewrap adds to the limits: no network, no files but Python, its packages and the course's library (without the
checks), read-only, and an empty folder that is thrown away; other processes are not seen, and none outlives the box.
Without it, `protection` says what is missing.
"""

import base64
import json
import os
import pickle
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from tools.grading import inside

try:
    import resource
except ImportError:  # on Windows grading does not begin
    resource = None

ROOT = Path(__file__).resolve().parents[2]
BWRAP = shutil.which("bwrap")
HIDDEN = ("checks", "__pycache__")  # in course_lib: the references, and what was compiled of them
MOST = 2**24  # bytes in a reply
KNOWN = {kind.__name__: kind for kind in (
    ArithmeticError, AssertionError, AttributeError, FloatingPointError, ImportError, IndexError, KeyError, MemoryError,
    ModuleNotFoundError, NameError, NotImplementedError, OSError, OverflowError, RecursionError, RuntimeError,
    SyntaxError, TimeoutError, TypeError, UnboundLocalError, ValueError, ZeroDivisionError,
)}  # fmt: skip
START = 60  # seconds for Python and PyTorch to start


class Broken(Exception):
    """The process in the box does not answer any more; the message says why. The next call starts a new one."""


def protection(bwrap):
    """A sentence: what a learner's code can still do."""
    if bwrap:
        return "Learners' code ran in bubblewrap: no network, no other files, and a folder that was thrown away."
    return ("Learners' code ran in plain processes with limits on time, memory and file size: nothing kept it from "
            "reading files, writing or deleting them, using the network, or leaving processes behind. Install "
            "bubblewrap (Debian: apt-get install bubblewrap), or grade in a container without network.")  # fmt: skip


def shared(places):
    """The words that let bubblewrap show these places, read-only."""
    return [word for place in places for word in ("--ro-bind", str(place), str(place))]


class Linked(torch.autograd.Function):
    """A number that came out of the box, with its gradients by the tensors that went in."""

    @staticmethod
    def forward(ctx, value, gradients, *leaves):
        ctx.gradients = gradients
        return value.clone()

    @staticmethod
    def backward(ctx, by_value):
        return None, None, *(by_value * gradient for gradient in ctx.gradients)


class Box:
    """Run cells and call functions in a process of their own.

    memory    bytes of address space, beyond what Python and PyTorch reserve
    disk      bytes that can be written
    seconds   for one cell or one call
    bwrap     the path of bubblewrap; None for a plain process

    run and call raise what the learner's code raised, where it is one of KNOWN, else RuntimeError; TimeoutError after
    `seconds`; Broken where the process has ended.
    """

    def __init__(self, *, memory=2 * 2**30, disk=2**25, seconds=10, bwrap=BWRAP):
        self.memory, self.disk, self.seconds, self.bwrap, self.process = memory, disk, seconds, bwrap, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def command(self):
        script = str(Path(inside.__file__).resolve())
        command = [sys.executable, script, str(self.memory)]
        if not self.bwrap:
            return command
        size = ["--size", str(self.disk)]
        library = [path for path in sorted((ROOT / "course_lib").iterdir()) if path.name not in HIDDEN]
        python = list(dict.fromkeys(["/usr", sys.base_prefix, sys.prefix]))
        own = [place for place in python if Path(place).is_relative_to(ROOT)]
        outside = [place for place in python if place not in own]
        # The course may itself lie in a folder of Python or the system: it is covered before parts of it come back.
        cover = [*shared(outside), *size, "--tmpfs", str(ROOT), *shared([*own, *library, script])]
        links = [word for name in ("bin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", f"/{name}")]
        return [self.bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc", "--dev", "/dev",
                *size, "--tmpfs", "/dev/shm", *size, "--tmpfs", "/tmp", *size, "--tmpfs", "/box", *cover, *links,
                "--remount-ro", str(ROOT), "--remount-ro", "/", "--chdir", "/box", *command]  # fmt: skip

    def limits(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.disk, self.disk))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    def start(self):
        home = "/box" if self.bwrap else None
        self.folder = TemporaryDirectory(prefix="box-")
        environment = {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1",
                       "HOME": home or self.folder.name, "MPLBACKEND": "Agg", "COURSE_QUIET": "1",
                       "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
            cwd=self.folder.name, start_new_session=True, preexec_fn=self.limits,
        )  # fmt: skip
        os.set_blocking(self.process.stdin.fileno(), False)
        self.rest = b""
        self.ask(START, do="run", source="")

    def stop(self):
        """End the process and all that it started, and throw its folder away."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None
        self.folder.cleanup()

    def ask(self, seconds, **message):
        """The reply to a message."""
        if self.process is None:
            self.start()
        until = time.monotonic() + seconds + 2
        try:
            self.send(json.dumps(message | {"seconds": seconds}).encode() + b"\n", until)
            reply = json.loads(self.line(until))
        except (OSError, ValueError) as error:
            self.stop()
            raise Broken("its process ended" if isinstance(error, OSError) else "it sent no reply") from None
        except Broken:
            self.stop()
            raise
        if "error" in reply:
            name, text = map(str, reply["error"])
            raise KNOWN[name](text) if name in KNOWN else RuntimeError(f"{name}: {text}")
        return reply.get("value")

    def send(self, data, until):
        """Write data to the process; Broken where it does not read it in time."""
        while data:
            if not select.select([], [self.process.stdin], [], max(0, until - time.monotonic()))[1]:
                raise Broken("it stopped listening")
            data = data[os.write(self.process.stdin.fileno(), data) :]

    def line(self, until):
        """The next line of the process; Broken where it does not come in time or is too long."""
        parts, size = [self.rest], len(self.rest)
        while b"\n" not in parts[-1]:
            if not select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))[0]:
                raise Broken("it gave no answer in time, and had to be stopped")
            part = os.read(self.process.stdout.fileno(), 2**16)
            if not part:
                raise Broken("its process ended")
            parts.append(part)
            size += len(part)
            if size > MOST:
                raise Broken("it returned far too much")
        line, _, self.rest = b"".join(parts).partition(b"\n")
        return line

    def given(self, constants):
        """Tell the code inside what checks.given(name) is, {name: {constant: value}}; any object may go in."""
        self.ask(START, do="given", given=base64.b64encode(pickle.dumps(constants)).decode())

    def run(self, source):
        """Run a cell."""
        self.ask(self.seconds, do="run", source=source)

    def call(self, name, *args, **kwargs):
        """What the function of that name returns."""
        leaves = []
        args, kwargs = inside.encode(list(args), leaves), inside.encode(kwargs, leaves)
        value, gradients = self.ask(self.seconds, do="call", name=name, args=args, kwargs=kwargs)
        value, gradients = inside.decode(value), inside.decode(gradients)
        if gradients:
            value = Linked.apply(value, gradients, *leaves)
        return value
