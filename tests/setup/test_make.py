"""`make` finds its Python, says what is missing, and keeps from the course what is meant for others."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import setup


def make(*arguments, folder=setup.ROOT, **environment):
    """How make ends in folder, and what it says."""
    outer = ("MAKE", "MFLAGS", "PYTHON")  # what make tells its children, with what was asked of it: PYTHON=python3.13
    kept = {name: value for name, value in os.environ.items() if not name.startswith(outer)} | environment
    return subprocess.run(["make", *arguments], cwd=folder, env=kept, capture_output=True, text=True)


def in_make(folder, command, **environment):
    """What a command of the Makefile prints, run in a copy of it in folder, whose .venv is this one."""
    shutil.copy(setup.ROOT / "Makefile", folder / "course.mk")
    (folder / "Makefile").write_text(f"include course.mk\nasked:\n\t@{command}\n")
    (folder / ".venv").mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (folder / ".venv" / part).symlink_to(Path(sys.prefix, part))
    done = make("asked", folder=folder, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


posix = pytest.mark.skipif(os.name != "posix", reason="there is no make")


@posix
def test_make_says_what_is_missing_where_there_is_no_python():
    said = make("lab", "PYTHON=no-such-python")
    assert said.returncode != 0 and "There is no no-such-python. Install Python 3.10 or newer." in said.stdout


@posix
def test_make_asks_for_a_python_only_when_one_is_named():
    assert "setup.py --anew" not in make("-n", "lab").stdout
    assert "setup.py --anew" in make("-n", "lab", "PYTHON=python3").stdout
    assert "setup.py --anew" in make("-n", "lab", PYTHON="python3").stdout


@posix
def test_make_keeps_from_the_course_what_is_meant_for_other_pythons_and_jupyters(tmp_path):
    hostile = dict.fromkeys(["PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "MPLBACKEND", "JUPYTER_PATH"], "elsewhere")
    kept = {"PIP_INDEX_URL": "mine", "HTTPS_PROXY": "mine", "JUPYTER_CONFIG_DIR": "mine"}
    seen = dict(line.split("=", 1) for line in in_make(tmp_path, "env", **hostile, **kept).splitlines() if "=" in line)
    assert not seen.keys() & hostile.keys() and kept.items() <= seen.items()


@posix
def test_a_user_without_a_home_that_can_be_written_has_one_in_the_course(tmp_path):
    assert in_make(tmp_path, "echo $$HOME", HOME="/no/such/home").strip() == str(tmp_path / ".venv" / "home")


@posix
def test_jupyter_finds_its_parts_also_under_a_path_that_reads_like_a_pattern(tmp_path):
    folder = tmp_path / "Kurs [ä ö] #1 'x'"
    folder.mkdir()
    finds = "import glob, sys; print(len(glob.glob(sys.prefix + '/bin/activate')), sys.prefix)"
    found, prefix = in_make(folder, f'$(PY) -c "{finds}"', TMPDIR=str(tmp_path)).split(maxsplit=1)
    assert found == "1" and Path(prefix.strip()).resolve() == folder / ".venv"


@posix
def test_what_make_puts_outside_is_one_folder_for_ever_and_of_nobody_else(tmp_path):
    folder, outside = tmp_path / "Kurs [2]", tmp_path / "outside"
    folder.mkdir(), outside.mkdir()
    first = in_make(folder, "echo $(PY)", TMPDIR=str(outside))
    assert make("asked", folder=folder, TMPDIR=str(outside)).stdout == first
    (kept,) = outside.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o700 and first.startswith(f"{kept}/venv/")
    kept.rename(tmp_path / "planted")
    kept.symlink_to(tmp_path / "planted")  # as another user might
    assert not make("asked", folder=folder, TMPDIR=str(outside)).stdout.startswith(f"{kept}/")
