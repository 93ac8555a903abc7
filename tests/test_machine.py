"""The cores that count are those that this process may use."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib import machine

ROOT = Path(__file__).parents[1]
FILES = [*(ROOT / "course_lib").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """groups(membership, files) sets what Linux says of control groups; the machine has 16 cores."""
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(16), raising=False)
    monkeypatch.setattr(machine, "GROUPS", tmp_path)

    def write(membership, files):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        (tmp_path / "cgroup").write_text(membership)
        return machine.cores(tmp_path / "cgroup")

    return write


@pytest.mark.parametrize(
    "membership, files, cores",
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),  # a container
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "50000 100000\n"}, 1),  # never none
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/hub/ann\n", {"hub/ann/cpu.max": "max 100000\n", "hub/cpu.max": "300000 100000\n"}, 3),  # a class's server
        (
            "2:memory:/x\n1:cpu,cpuacct:/x\n",
            {"cpu/x/cpu.cfs_quota_us": "400000\n", "cpu/x/cpu.cfs_period_us": "100000"},
            4,
        ),
        ("1:cpu:/docker/1\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 16),
        ("1:cpu:/docker/1\n", {"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ("1:cpuset:/x\n", {"cpuset/x/cpu.max": "100000 100000"}, 16),
    ],
)
def test_control_groups_of_both_versions_are_asked_up_to_the_root(groups, membership, files, cores):
    assert groups(membership, files) == cores


@pytest.mark.parametrize(
    "membership, files, bytes",
    [
        ("0::/\n", {"memory.max": "2000000000\n"}, 2e9),  # a container
        ("0::/\n", {"memory.max": "max\n"}, math.inf),
        ("0::/hub/ann\n", {"hub/ann/memory.max": "3000000000\n", "hub/memory.max": "1500000000\n"}, 1.5e9),
        ("4:memory:/x\n1:cpu:/x\n", {"memory/x/memory.limit_in_bytes": "1000000000\n"}, 1e9),
        ("1:cpu:/x\n", {"memory/x/memory.limit_in_bytes": "1000000000\n"}, math.inf),
    ],
)
def test_the_memory_that_control_groups_grant_is_the_least_up_to_the_root(groups, tmp_path, membership, files, bytes):
    groups(membership, files)
    assert machine.memory(tmp_path / "cgroup") == bytes
    assert machine.memory(tmp_path / "no such file") == math.inf


def test_where_there_are_no_control_groups_affinity_alone_counts(groups, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(5), raising=False)
    assert machine.cores(tmp_path / "no such file") == 5


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_torch_starts_no_more_threads_than_there_are_cores():
    code = (
        "import os, torch\ntorch.set_num_threads(8)\nos.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])\n"
        "from course_lib.fuse.threads import pool\nprint(torch.get_num_threads(), pool()._max_workers)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
                          text=True)  # fmt: skip
    assert done.stdout.split() == ["1", "1"], done.stderr


def test_fewer_threads_that_were_asked_for_stay():
    code = "import torch\ntorch.set_num_threads(1)\nimport course_lib.machine\nprint(torch.get_num_threads())"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
                          text=True)  # fmt: skip
    assert done.stdout == "1\n", done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_cores_are_counted_in_one_place(path):
    counted = re.findall(
        r"os\.cpu_count|multiprocessing\.cpu_count|process_cpu_count", path.read_text(encoding="utf-8")
    )
    assert not counted or path.name in ("machine.py", "lesson.py")  # the doctor says what is withheld
