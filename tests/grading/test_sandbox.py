"""Plain data crosses into the box and back, and nothing in it can hold up the class."""

import os
import signal
import sys
from pathlib import Path
from tempfile import mkdtemp

import pytest
import torch
from handed_in import EQUAL

from course_lib.checks import compare
from tools.grading import sandbox, walls, watch

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what processes use")
boxed = pytest.mark.skipif(sandbox.BWRAP is None, reason="there is no bubblewrap (Debian: apt-get install bubblewrap)")


def test_values_cross_into_the_box_and_back_unchanged_and_gradients_follow():
    values = [
        1,
        2.5,
        "word",
        None,
        True,
        (1, [2.0]),
        {"a": torch.tensor([1.0, float("nan")])},
        torch.ones(2, 2).double(),
    ]
    with sandbox.Box() as box:
        box.run("def same(value):\n    return value\ndef squares(u):\n    return (u ** 2).sum()")
        for value in values:
            torch.testing.assert_close(box.call("same", value), value, equal_nan=True) if isinstance(
                value, torch.Tensor
            ) else repr(box.call("same", value)) == repr(value)
        u = torch.tensor([1.0, 2.0], requires_grad=True)
        assert torch.autograd.grad(box.call("squares", u), u)[0].tolist() == [2, 4]


def test_a_process_that_answers_ahead_and_listens_no_more_cannot_hold_up_the_class():
    early = """import os, signal
def answer(x):
    for channel in range(3, 9):
        data = b''.join(b'{"number": %d, "value": [1, null]}\\n' % k for k in range(3, 60))
        try: os.write(channel, data)
        except OSError: pass
    signal.setitimer(signal.ITIMER_PROF, 0)
    while True: pass"""
    with sandbox.Box(seconds=30) as box:
        box.run(early)
        box.seconds = 1
        assert box.call("answer", 0) == 1
        with pytest.raises(sandbox.Broken, match="no answer in time"):
            for _ in range(49):
                box.call("answer", torch.zeros(2000))


FORMS = """import array, collections, dataclasses, decimal, enum, fractions, types
import numpy as np, torch
State = collections.namedtuple("State", "h c")
Both = dataclasses.make_dataclass("Both", ["h", "c"])
class One(enum.IntEnum): ONE = 1
class Row(list): pass
class Word(str): pass
RIGHT = [{"h": 1, "c": [1, 2]}, collections.OrderedDict(h=1, c=(1, 2)), State(1, (1, 2)),
         Both(One.ONE, Row([1, 2])), {"h": np.bool_(1), "c": reversed([2, 1])},
         types.MappingProxyType({"h": True, "c": range(1, 3)}),
         types.SimpleNamespace(h=np.float32(1), c=np.arange(1, 3)),
         collections.defaultdict(list, {Word("h"): fractions.Fraction(1), np.str_("c"): map(int, "12")}),
         {"h": decimal.Decimal(1), "c": array.array("d", [1, 2])}, {"h": np.array(1), "c": collections.deque([1, 2])},
         {"h": torch.tensor(1.0), "c": [torch.tensor(1), np.int8(2)]},
         {"h": np.longdouble(1), "c": {1: 0, 2: 0}.keys()},
         {"h": torch.nn.Parameter(torch.ones(())), "c": np.array([fractions.Fraction(1), 2], dtype=object)},
         {"h": torch.ones((), dtype=torch.bfloat16), "c": (k for k in (1, 2))}, {"h": [1], "c": {1, 2}}]
def form(k):
    return RIGHT[k]
def count():
    return len(RIGHT)
def word(kind):
    return [Word("a"), np.str_("a"), np.array("a"), "a"][kind]
"""


def test_whatever_container_and_number_the_notebook_reads_crosses_and_is_the_same():
    here = {}
    exec(FORMS, here)
    with sandbox.Box() as box:
        box.run(FORMS)
        for k in range(box.call("count")):
            for found in (here["form"](k), box.call("form", k)):
                read = compare.plain(found)
                assert list(read) == ["h", "c"] and read["h"] == 1 and read["c"].tolist() == [1, 2], k
        for kind in range(4):
            assert compare.plain(box.call("word", kind)) == compare.plain(here["word"](kind)) == {"": "a"}


def test_an_object_of_a_learners_own_does_not_cross():
    with sandbox.Box() as box:
        box.run(f"{EQUAL}def answer():\n    return Equal()")
        with pytest.raises(RuntimeError, match="NotPlain: an object of type Equal"):
            box.call("answer")


HELD = """import os, time
def answer(count, size):
    for k in range(count):
        if os.fork() == 0:
            held = TAKE
            for k in range(0, size, 4096): held[k] = 1
            time.sleep(1e6)
    os.wait()"""


@linux
@pytest.mark.parametrize("take", ["bytearray(size)", "__import__('mmap').mmap(-1, size)"])
def test_the_memory_of_all_processes_of_a_box_is_limited_together(take):
    with sandbox.Box(memory=2**29, seconds=60) as box:
        box.run(HELD.replace("TAKE", take))
        with pytest.raises(sandbox.Broken, match="0.5 GB of memory"):
            box.call("answer", 6, 2**28)


@linux
def test_processes_that_a_box_started_end_with_it_and_are_not_many(monkeypatch):
    monkeypatch.setattr(sandbox, "PROCESSES", 8)
    with sandbox.Box(seconds=60, bwrap=None) as box:
        box.run("import os, time\ndef answer(n):\n    for k in range(n):\n        if os.fork() == 0:\n"
                "            os.setsid(); time.sleep(1e6)\n    return os.getpid()")  # fmt: skip
        first = box.call("answer", 3)
        family = watch.family(first)
        assert len(family) == 4
        with pytest.raises(sandbox.Broken, match="more than 8 processes"):
            box.call("answer", 9)
            box.run("import time; time.sleep(1e6)")
    assert not any(watch.read(pid, "cmdline") for pid in family)


@linux
def test_a_child_that_is_being_made_is_seen_once_its_parent_stands(monkeypatch):
    looks, sent, parent, child = [], [], 2**30, 2**30 + 1
    monkeypatch.setattr(watch, "states", lambda pids: {"R"} if looks.append(pids) or len(looks) < 3 else {"T"})
    monkeypatch.setattr(watch, "family", lambda pid: [pid, child] if len(looks) > 2 else [pid])
    monkeypatch.setattr(watch, "send", lambda pid, number: sent.append((pid, number)))
    watch.end(parent)
    stop, kill = signal.SIGSTOP, signal.SIGKILL
    assert sent == [(parent, stop), (child, stop), (child, kill), (parent, kill)]


CALLS = """import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def memfd():
    try: return os.memfd_create('a')
    except OSError as error: ctypes.set_errno(error.errno)
    return -1
CALLS = {
    "memfd": memfd, "shmget": lambda: libc.shmget(0, 4096, 0o1600), "msgget": lambda: libc.msgget(0, 0o1600),
    "unshare": lambda: libc.unshare(0x10000000), "clone3": lambda: libc.syscall(435, 0, 0),
    "umount": lambda: libc.umount2(b'/box', 0), "chroot": lambda: libc.chroot(b'/'),
    "fsopen": lambda: libc.syscall(430, b'tmpfs', 0), "mount_setattr": lambda: libc.syscall(442, -100, b'/', 0, 0, 0),
}
def answer():
    return {name: os.strerror(ctypes.get_errno()) if call() < 0 else "allowed" for name, call in CALLS.items()}"""


@linux
@pytest.mark.parametrize("bwrap", [None, pytest.param(sandbox.BWRAP, marks=boxed)])
def test_memory_that_no_process_holds_cannot_be_made_and_nothing_is_mounted_otherwise(bwrap):
    with sandbox.Box(bwrap=bwrap) as box:
        box.run(CALLS)
        told = box.call("answer")
    assert {name: words for name, words in told.items() if words != "Operation not permitted"} == {
        "clone3": "Function not implemented"
    }


@boxed
def test_a_box_has_none_of_the_rights_of_root_whoever_starts_it():
    with sandbox.Box() as box:
        box.run("def answer(): return [line.split() for line in open('/proc/self/status') if line.startswith('Cap')]")
        assert {int(held, 16) for _, held in box.call("answer")} == {0}


def test_the_folder_of_a_box_whose_grader_was_killed_is_thrown_away():
    gone = Path(mkdtemp(prefix="box-999999999-"))
    own = Path(mkdtemp(prefix=f"box-{os.getpid()}-"))
    walls.sweep()
    assert not gone.exists() and own.exists()
    own.rmdir()


@linux
def test_time_is_that_of_the_processor_and_sleep_counts_as_work(monkeypatch):
    """So whoever sleeps in every cell and every call takes no longer than whoever counts there."""
    monkeypatch.setattr(sandbox, "PATIENCE", 10**4)  # the clock, which runs on a busy machine, plays no part
    with sandbox.Box(seconds=0.2) as box:
        box.run("import time\ntime.sleep(0.4)")
        with pytest.raises(TimeoutError, match="within 0.2 seconds"):
            box.run("while True: pass")
        before = box.clock()
        for source in ("time.sleep(1e6)", "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
                       "import os\nif os.fork() == 0: time.sleep(1e6)\nos.wait()"):  # fmt: skip
            with pytest.raises(sandbox.Broken, match="no answer in time") as told:
                box.run(f"import time\n{source}")
            assert told.type is sandbox.Broken  # not Slow: it would be tried again
        assert box.clock() - before > 2


@linux
@pytest.mark.parametrize(
    ("many", "source"),
    [
        ("THREADS", "import threading, time\n"
                    "for k in range(50): threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()"),
        ("FILES", "import socket\nheld = [socket.socketpair() for k in range(50)]"),
    ],
)  # fmt: skip
def test_threads_and_files_whose_memory_is_no_process_s_are_not_many(monkeypatch, many, source):
    monkeypatch.setattr(sandbox, many, 40)
    with sandbox.Box(seconds=60) as box:
        with pytest.raises(sandbox.Broken, match=f"more than 40 {many.lower()}"):
            box.run(f"{source}\nwhile True: pass")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("x = 3\nx?\n!ls\n%time y = 4\nz = !ls\nassert z == [] and x == 3", ""),
        ("def f(): return 1\nprint(f(", "f"),
        ("import asyncio\nawait asyncio.sleep(0)\nasync def g(): return 2\nf = lambda: 3\nassert await g() == 2", "f"),
        ("%%time\ndef f(): return 1", "f"),
        ("%%bash\nrm -rf /", ""),
        ("%%writefile own.py\ndef f(): return 1", ""),
        ("import inspect\ndef f(): return 1\nassert inspect.getsource(f) == 'def f(): return 1\\n'", "f"),
    ],
)
def test_a_cell_runs_as_in_a_notebook(source, words):
    with sandbox.Box() as box:
        try:
            box.run(source)
        except SyntaxError:
            assert source.endswith("f(")
        assert not words or box.has(words)
        if "writefile" in source:
            box.run("from own import f")


def test_what_a_cell_imports_from_the_future_holds_for_later_ones_as_in_a_notebook():
    with sandbox.Box() as box:
        with pytest.raises(NameError):
            box.run("def f(x: Unknown): return x")
        box.run("from __future__ import annotations")
        box.run("def f(x: Unknown): return x")
        assert box.call("f", 1) == 1
