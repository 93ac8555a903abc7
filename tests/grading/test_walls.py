"""Boxes are copied from one process: none leaves anything in it or reaches another, whatever its learner tries."""

import os
import subprocess
from contextlib import nullcontext, suppress

import pytest
from patience import finished, until

from tools.grading import sandbox, walls, watch

pytestmark = pytest.mark.skipif(
    walls.BWRAP is None, reason="there is no bubblewrap (Debian: apt-get install bubblewrap)"
)
BEGIN = "import builtins, ctypes, os, signal, socket, sys, time\nimport numpy, torch\nfrom course_lib import cells\n"
PLACES = "('.', '/box', '/tmp', '/dev/shm', '/dev', '/dev/pts', '/', '/proc')"
LEFT = {  # what a learner's code does, and an expression that is true where something of it is found
    "files": (f"for place in {PLACES}:\n    try: open(place + '/left', 'w').write('x')\n    except OSError: pass",
              f"[place for place in {PLACES} if os.path.exists(place + '/left')]"),
    "a process": ("if os.fork() == 0:\n    os.setsid(); time.sleep(1e6)",
                  "[one for one in os.listdir('/proc') if one.isdigit() and int(one) > 2]"),
    "the processes around it": ("if os.fork() == 0:\n"
                                "    for one in (0, os.getppid(), os.getpgid(os.getppid()), -os.getpgid(0), 1, -1):\n"
                                "        try: os.kill(one, signal.SIGKILL)\n        except OSError: pass", ""),
    "a name in the network": ("kept = socket.socket(socket.AF_UNIX)\nkept.bind('\\0left'); kept.listen()",
                              "socket.socket(socket.AF_UNIX).connect_ex('\\0left') == 0"),
    "a terminal": ("try: kept = os.openpty()\nexcept OSError: pass", "os.listdir('/dev/pts')"),
    "another torch": ("torch.allclose = torch.Tensor.__eq__ = lambda *a: True",
                      "torch.allclose.__name__ == '<lambda>'"),
    "another Python": ("builtins.left = 1\nsys.modules['left'] = os\nsys.path.insert(0, '/box')",
                       "[hasattr(builtins, 'left'), 'left' in sys.modules, '/box' in sys.path] != [False] * 3"),
    "another course": ("cells.RNNCell.step = None", "cells.RNNCell.step is None"),
    "other numbers": ("numpy.random.seed(0); torch.manual_seed(1)", "torch.initial_seed() == 1"),
    "an environment": ("os.environ['LEFT'] = 'x'", "'LEFT' in os.environ"),
    "a byte where Python keeps it": ("ctypes.memset(id(b'a') + bytes.__basicsize__ - 1, 98, 1)", "b'a'[0] == 98"),
}  # fmt: skip


def answer(box, expression):
    box.run(f"def answer():\n    return {expression}")
    return box.call("answer")


@pytest.fixture
def source():
    """The process that is copied, which must be the same afterwards."""
    found = walls.server(walls.BWRAP)
    assert found, "no copies can be made here"
    yield found
    assert found.process.poll() is None and walls.server(walls.BWRAP) is found


@pytest.mark.parametrize("what", LEFT)
def test_nothing_that_a_learner_leaves_is_found_by_the_next_one_or_by_one_beside(source, what):
    leave, found = LEFT[what]
    with sandbox.Box() as first, sandbox.Box() as beside, sandbox.Box() as after:
        beside.run(BEGIN)
        first.run(BEGIN)
        keeper = first.process.pid
        with suppress(sandbox.Broken) if what == "the processes around it" else nullcontext():  # it may hit itself
            first.run(leave)
        after.run(BEGIN)
        assert {type(box.process) for box in (first, beside, after) if box.process or box is not first} == {walls.Copy}
        if found and what not in ("files", "a terminal"):  # the look itself sees what is left where it was left
            assert answer(first, found)
        assert not found or not answer(beside, found) and not answer(after, found)
    assert not watch.alive(keeper) or not watch.read(keeper, "cmdline")
    with sandbox.Box() as next_one:
        next_one.run(BEGIN)
        assert not found or not answer(next_one, found)


def test_a_copy_is_in_namespaces_of_its_own_with_no_rights_no_files_and_no_memory_in_common(source):
    spaces = "sorted(os.readlink(f'/proc/self/ns/{kind}') for kind in KINDS)"
    kinds = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"]
    with sandbox.Box() as one, sandbox.Box() as other:
        for box in (one, other):
            box.run(f"{BEGIN}KINDS = {kinds}")
        own = {kind: os.readlink(f"/proc/{source.process.pid}/ns/{kind}") for kind in kinds}
        held = set(answer(one, spaces)) | set(answer(other, spaces)) | set(own.values())
        assert len(held) == 3 * len(kinds)
        status = answer(one, "dict(line.split(':', 1) for line in open('/proc/self/status'))")
        assert {int(value, 16) for name, value in status.items() if name.startswith("Cap")} == {0}
        assert int(status["NoNewPrivs"]) == 1 and int(status["Seccomp"]) == 2
        files = answer(one, "{int(n): os.path.basename(os.readlink(f'/proc/self/fd/{n}')) for n in range(256)"
                            " if os.path.exists(f'/proc/self/fd/{n}')}")  # fmt: skip
        assert [files[n] for n in (0, 1, 2)] == ["null"] * 3 and set(files) == {0, 1, 2, 3, 4}
        assert files[3].startswith("pipe:") and files[4].startswith("pipe:")
        mapped = answer(one, "[line for line in open('/proc/self/maps') if line.split()[1][1::2] == 'ws']")
        assert mapped == []


def test_what_bubblewrap_shows_is_read_only_in_a_copy_too_and_nothing_more_is_shown(source):
    with sandbox.Box() as copy:
        copy.run(BEGIN)
        seen = answer(copy, "sorted(os.listdir('/')) + sorted(os.listdir(os.path.dirname(cells.__file__)))")
        mounts = answer(copy, "[line.split()[4:6] for line in open('/proc/self/mountinfo')]")
    writable = {place for place, flags in mounts if "rw" in flags.split(",") and not place.startswith("/dev/")}
    assert "checks" not in seen and "home" not in seen and "etc" not in seen
    assert {place for place in writable if place not in ("/box", "/tmp")} <= {
        "/proc"
    }  # bubblewrap's, under the box's own
    assert not [place for place in ("/usr", str(walls.ROOT), os.path.dirname(os.__file__)) if place in writable]


def test_a_copy_writes_neither_many_bytes_nor_many_files(source):
    """A file without a byte takes a thousand of the system's memory, which is no process's."""
    with sandbox.Box() as box:
        box.run(BEGIN)
        with pytest.raises(OSError, match="No space left"):
            box.run("for k in range(20_000): os.close(os.open(f'/box/{k}', os.O_CREAT))")


MANY = """import threading
threading.stack_size(32768)
begun = 0
try:
    for begun in range(900): threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
except RuntimeError: pass"""


def test_processes_that_double_are_refused_by_the_system_before_they_are_seen(source, monkeypatch):
    """A look comes too late where a hundred others want the processor first."""
    monkeypatch.setattr(sandbox, "PROCESSES", 10**6)
    monkeypatch.setattr(sandbox, "THREADS", 10**6)
    with sandbox.Box(seconds=60) as box:
        box.run(BEGIN)
        if os.getuid() == 0 and not answer(box, "open('/proc/sys/kernel/pid_max').read() == '400\\n'"):
            pytest.skip("before Linux 6.14, root's processes are not counted")
        box.run(MANY)
        assert 200 < answer(box, "begun") < 400


def test_where_the_process_that_is_copied_was_killed_or_cannot_be_made_boxes_are_made_all_the_same(monkeypatch):
    first = walls.server(walls.BWRAP)
    first.process.kill()
    assert first.control.recv(1) == b""
    with sandbox.Box() as box:
        box.run("")
        assert isinstance(box.process, walls.Copy) and walls.server(walls.BWRAP) is not first
    monkeypatch.setattr(walls, "server", lambda bwrap: None)
    with sandbox.Box() as box:
        box.run(BEGIN)
        assert isinstance(box.process, walls.Made) and answer(box, "sorted(os.listdir('/box'))") == []


def test_a_box_ends_with_its_grader(start):
    script = """from tools.grading import sandbox
with sandbox.Box() as box:
    box.run("")
    print(box.process.pid, flush=True)
    box.run("import signal, time\\nfor n in range(1, 32):\\n    try: signal.signal(n, signal.SIG_IGN)\\n"
            "    except (OSError, ValueError): pass\\ntime.sleep(1e6)")"""
    grader = start("-c", script)
    keeper = int(grader.stdout.readline())
    family = watch.family(keeper)
    assert len(family) == 3
    watcher = subprocess.Popen(["sleep", "1e6"])
    grader.kill()
    finished(grader)
    try:
        until(lambda: not any(watch.read(pid, "cmdline") for pid in family), watcher)
    finally:
        watcher.kill()
        watcher.wait()
