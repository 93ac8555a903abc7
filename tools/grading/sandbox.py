"""A box for a learner's code: a process with limits, in bubblewrap where the machine has it.

    with Box() as box:
        box.run("def twice(x): return 2 * x")
        box.call("twice", 3)     # 6

The limits are for all processes of the box together (watch.py). What bubblewrap adds to them: no network, no files but
Python, its packages and the course's library (without the checks), read-only, and an empty folder that is thrown away;
other processes are not seen, and none outlives the box. Without it, walls.protection says what is missing.
"""

import base64
import json
import math
import os
import pickle
import select
import time

import torch

from tools.grading import inside, walls, watch
from tools.grading.walls import BWRAP, PATIENCE, START

MOST = 2**24  # bytes in a reply
ITEMS = 10**6  # lists, pairs and members of lists in a reply
PROCESSES, THREADS, FILES = 64, 256, 1024  # that a box may have at a time
OWN = 2**29  # bytes that Python and PyTorch have before any cell is run
LOOK = 0.05  # seconds between two looks at what the box uses
KNOWN = {kind.__name__: kind for kind in (
    ArithmeticError, AssertionError, AttributeError, FloatingPointError, ImportError, IndexError, KeyError, MemoryError,
    ModuleNotFoundError, NameError, NotImplementedError, OSError, OverflowError, RecursionError, RuntimeError,
    SyntaxError, TimeoutError, TypeError, UnboundLocalError, ValueError, ZeroDivisionError,
)}  # fmt: skip


class Broken(Exception):
    """The process in the box does not answer any more; the message says why. The next call starts a new one."""


class Slow(Broken):
    """It does not answer, and has used little processor time: it sleeps, or the machine is busy."""


class Linked(torch.autograd.Function):
    """A number that came out of the box, with its gradients by the tensors that went in."""

    @staticmethod
    def forward(ctx, value, gradients, *leaves):
        ctx.gradients = gradients
        return value.clone()

    @staticmethod
    def backward(ctx, by_value):
        return None, None, *(by_value * gradient for gradient in ctx.gradients)


def count(box, pids, since):
    """Broken where these processes use more than they may; since is the seconds since they were last looked at."""
    if len(pids) > PROCESSES:
        raise Broken(f"it started more than {PROCESSES} processes, and had to be stopped")
    if sum(len(watch.threads(pid)) for pid in pids) > THREADS:
        raise Broken(f"it started more than {THREADS} threads, and had to be stopped")
    if watch.files(pids) > FILES:
        raise Broken(f"it opened more than {FILES} files, and had to be stopped")
    if watch.asleep(pids):  # if this process was kept from looking, who knows what the others did
        box.spent += min(since, 2 * LOOK)
    if box.spent + watch.seconds(pids) > box.limit:
        raise Broken("it gave no answer in time, and had to be stopped")
    if watch.memory(pids, box.memory + OWN) > box.memory + OWN:
        raise Broken(f"its processes took more than {box.memory / 2**30:.1f} GB of memory, and had to be stopped")


class Box:
    """Run cells and call functions in a process of their own.

    memory    bytes, beyond what Python and PyTorch take: of one process, and of all together
    disk      bytes that can be written
    seconds   of processor time for one cell or one call, where time counts in which all processes sleep; on the clock
              of a busy machine, PATIENCE times that
    bwrap     the path of bubblewrap; None for a plain process

    run and call raise what the learner's code raised, where it is one of KNOWN, else RuntimeError; TimeoutError after
    `seconds`; Broken where the process has ended.
    """

    def __init__(self, *, memory=2 * 2**30, disk=2**25, seconds=10, bwrap=BWRAP):
        self.memory, self.disk, self.seconds, self.bwrap, self.process = memory, disk, seconds, bwrap, None
        self.asked = 0  # messages
        self.own, self.counted = 0, -math.inf  # seconds of the process that is there, and when they were counted
        self.spent = 0  # seconds of processor time in the processes that were stopped, and of sleep

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.process = walls.made(self.memory, self.disk, self.bwrap)
        os.set_blocking(self.process.stdin.fileno(), False)
        self.rest, self.counted = b"", -math.inf
        self.ask(START, do="run", source="")

    def stop(self):
        """End the process and all that it started, and throw its folder away."""
        if self.process is None:
            return
        self.counted = -math.inf
        self.spent, self.own = self.clock(), 0
        self.process.end()
        self.process = None

    def clock(self):
        """Seconds of processor time that the box has used since it was made, and that it slept when it was asked."""
        if self.process and time.monotonic() > self.counted + LOOK:  # a call may take a hundredth of that
            self.counted, self.own = time.monotonic(), watch.seconds(watch.family(self.process.pid))
        return self.spent + self.own

    def ask(self, seconds, **message):
        """The reply to a message."""
        if self.process is None:
            self.start()
        self.until, self.limit = time.monotonic() + PATIENCE * seconds, self.clock() + 1.25 * seconds + 1
        self.looked = time.monotonic()
        try:
            self.asked += 1
            self.send(json.dumps(message | {"seconds": seconds, "number": self.asked}).encode() + b"\n")
            line = self.line()
            if line.count(b",") + line.count(b"[") + line.count(b"{") > ITEMS:
                raise Broken("it returned far too much")
            reply = json.loads(line)
            if not isinstance(reply, dict) or reply.get("number") != self.asked:
                raise ValueError("no reply to this message")
            name, text = reply.get("error", ("", ""))
            if not isinstance(name, str) or not isinstance(text, str):
                raise ValueError("no error that a reply may tell")
        except (OSError, ValueError, TypeError, RecursionError) as error:
            self.stop()
            raise Broken("its process ended" if isinstance(error, OSError) else "it sent no reply") from None
        except Broken:
            self.stop()
            raise
        if "error" in reply:
            raise KNOWN[name](text) if name in KNOWN else RuntimeError(f"{name}: {text}")
        return reply.get("value")

    def look(self):
        """Broken where the box uses more than it may."""
        if time.monotonic() < self.looked + LOOK:
            return
        before, self.looked = self.looked, time.monotonic()
        if watch.SEEN:
            count(self, watch.family(self.process.pid), self.looked - before)
        if self.looked > self.until:
            raise Slow("it gave no answer in time, and had to be stopped")

    def send(self, data):
        """Write data to the process; Broken where it does not read it in time."""
        while data:
            self.look()
            if select.select([], [self.process.stdin], [], LOOK)[1]:
                data = data[os.write(self.process.stdin.fileno(), data) :]

    def line(self):
        """The next line of the process; Broken where it does not come in time or is too long."""
        parts, size = [self.rest], len(self.rest)
        while b"\n" not in parts[-1]:
            self.look()
            if not select.select([self.process.stdout], [], [], LOOK)[0]:
                continue
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

    def run(self, source, *, only_definitions=False):
        """Run a cell, or only its imports, functions and classes."""
        self.ask(self.seconds, do="run", source=source, only_definitions=only_definitions)

    def has(self, name):
        """Whether a function of that name is defined."""
        return self.ask(self.seconds, do="has", name=name) is True

    def call(self, name, *args, **kwargs):
        """What the function of that name returns."""
        leaves = []
        args, kwargs = inside.encode(list(args), leaves), inside.encode(kwargs, leaves)
        reply = self.ask(self.seconds, do="call", name=name, args=args, kwargs=kwargs)
        try:
            value, gradients = reply
            if inside.size([value, gradients]) > inside.MOST:
                raise Broken("it returned far too much")
            value, gradients = inside.decode(value), inside.decode(gradients)
            return Linked.apply(value, gradients, *leaves) if gradients else value
        except Broken:
            self.stop()
            raise
        except Exception:  # whatever a reply causes that inside.py has not written
            self.stop()
            raise Broken("it sent no reply") from None
