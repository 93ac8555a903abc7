"""The compiled kernels on disk: each processor's own, nobody else's, never too many, and there without a home."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from course_lib.fuse import compile as compiling

TEXT = "define void @nothing(ptr %table) {{\nret void\n}}\n; {}\n"
unix = pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no user ids")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def compilations(monkeypatch):
    """The texts that were compiled."""
    done, real = [], compiling.compiled
    monkeypatch.setattr(compiling, "compiled", lambda text: done.append(text) or real(text))
    return done


def test_a_cache_in_the_user_s_folder_may_be_named_with_a_tilde(monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", "~/kernels")
    assert compiling.cache_folder() == Path.home() / "kernels"


def test_processors_of_other_kinds_that_share_a_cache_have_files_of_their_own(cache, monkeypatch):
    bits, cpu, features = compiling.processor()
    for machine in ((bits, cpu, features), (bits, cpu, ""), (bits, "x86-64", features), (64, cpu, features)):
        monkeypatch.setattr(compiling, "processor", lambda machine=machine: machine)
        compiling.Kernel(TEXT.format(0))
    assert len(list(cache.iterdir())) == 4


def test_what_was_not_used_for_longest_goes_when_there_is_too_much(cache, monkeypatch, compilations):
    """Another process deletes the same files at the same time, and is sometimes first."""
    monkeypatch.setattr(compiling, "KEPT", 8)
    delete = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda path, **how: (delete(path, missing_ok=True), delete(path, **how)))
    (cache / "notes.txt").write_text("not the course's")
    for k in range(8):
        compiling.Kernel(TEXT.format(k))
    for age, file in enumerate(sorted(cache.glob("*.kernel"), key=lambda path: path.stat().st_mtime_ns)):
        os.utime(file, (age, age))
    compiling.Kernel(TEXT.format(0))  # the oldest, used again
    compiling.Kernel(TEXT.format(8))  # one too many
    assert len(list(cache.glob("*.kernel"))) == 6 and (cache / "notes.txt").exists()
    compilations.clear()
    for k in (0, 8, 7, 1):
        compiling.Kernel(TEXT.format(k))
    assert compilations == [TEXT.format(1)]


@unix
def test_code_that_another_user_put_there_is_not_run(cache, monkeypatch, compilations):
    compiling.Kernel(TEXT.format(0))
    (file,), me = cache.iterdir(), os.getuid()
    if me == 0:
        os.chown(file, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: me + 1)
    compiling.Kernel(TEXT.format(0)).function("nothing")(None)
    assert len(compilations) == 2


@unix
def test_the_environment_s_own_code_is_read_by_all_and_written_by_none(tmp_path, monkeypatch, compilations):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COURSE_CACHE", str(compiling.shared_folder()))
    compiling.Kernel(TEXT.format(0))  # as tools/warm.py does
    monkeypatch.delenv("COURSE_CACHE")
    for k in (0, 1):
        compiling.Kernel(TEXT.format(k)).function("nothing")(None)
    assert compilations == [TEXT.format(0), TEXT.format(1)]
    assert [len(list(folder.iterdir())) for folder in compiling.folders()] == [1, 1]


@unix
def test_whoever_made_the_environment_is_trusted_and_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert compiling.trusted() == {12345, 0, tmp_path.stat().st_uid}


def test_code_under_another_s_name_is_not_run(cache, compilations):
    for k in (0, 1):
        compiling.Kernel(TEXT.format(k))
    first, second = cache.iterdir()
    shutil.copy(first, second)
    for k in (0, 1):
        compiling.Kernel(TEXT.format(k)).function("nothing")(None)
    assert len(compilations) == 3


def test_a_full_disk_costs_a_compilation_and_nothing_else(cache, monkeypatch, compilations):
    def full(file, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiling, "write", full)
    for _ in range(2):
        compiling.Kernel(TEXT.format(0)).function("nothing")(None)
    assert len(compilations) == 2 and list(cache.iterdir()) == []


@unix
def test_without_a_home_the_cache_is_among_the_temporary_files(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("COURSE_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert compiling.cache_folder() == Path(tempfile.gettempdir(), f"course_lib-{os.getuid()}")


STRANGER = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]  # who is nobody in /etc/passwd


def test_a_user_without_a_name_and_a_home_trains(tmp_path):
    if not shutil.which("unshare") or subprocess.run([*STRANGER, "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody become a user without a name")
    code = (
        "from course_lib.cells import LSTMCell\nfrom course_lib.tasks import Adding\n"
        "from course_lib.training import train\n"
        "print(train(LSTMCell, Adding(lag=5), updates=3, progress=False).ended)"
    )
    named = ("HOME", "COURSE_CACHE", "USER", "LOGNAME", "LNAME", "USERNAME", "XDG_CACHE_HOME", "MPLCONFIGDIR")
    kept = {name: value for name, value in os.environ.items() if name not in named}
    kept |= {"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([*STRANGER, sys.executable, "-c", code], env=kept, capture_output=True, text=True)
    assert done.stdout == "budget\n", done.stderr
    assert list(tmp_path.glob("course_lib-12345/*.kernel"))


def run_elsewhere(folder, *, also=""):
    """Fuse an RNNCell in a process of its own with folder as its cache; the finished process."""
    code = (
        "import torch\nfrom course_lib.fuse import compile\nfrom course_lib.cells import RNNCell\n"
        f"from course_lib.fuse import fuse\n{also}\n"
        "torch.manual_seed(0)\nprint(fuse(RNNCell(2, 4))(torch.ones(3, 5, 2))[0].sum().item())"
    )
    environment = os.environ | {"COURSE_CACHE": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=-1, stderr=-1, text=True)


FORBID = "def refuse(*_):\n    raise RuntimeError('compiled again')\ncompile.compiled = refuse"


def test_a_kernel_is_compiled_once_for_all_processes_even_if_two_do_it_at_once(tmp_path):
    both = [run_elsewhere(tmp_path) for _ in range(2)]
    printed = [process.communicate() for process in both]
    third = run_elsewhere(tmp_path, also=FORBID).communicate()
    assert printed[0] == printed[1] == third and not third[1]
    assert {file.suffix for file in tmp_path.iterdir()} == {".kernel"}


def test_a_damaged_cache_is_compiled_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    text = "define void @nothing(ptr %table) {\nret void\n}\n"
    compiling.Kernel(text)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (b"", whole[:40], whole[:-1] + b"?"):
        file.write_bytes(damaged)
        compiling.Kernel(text).function("nothing")(None)
        assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_a_compilation_and_nothing_else(tmp_path, monkeypatch):
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    monkeypatch.setenv("COURSE_CACHE", str(blocked))
    compiling.Kernel("define void @nothing(ptr %table) {\nret void\n}\n").function("nothing")(None)
    assert blocked.read_text() == ""
