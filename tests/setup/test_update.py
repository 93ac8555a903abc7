"""`make update`: what was only run is no obstacle for the next version, and what was written is never lost."""

import json
import os
import shutil
import subprocess

import pytest

from tools import update as program
from tools.update import hook, only_run, update

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def notebook(source="1 + 1", output="2"):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": [source], "outputs": [output]}
    return json.dumps({"cells": [cell], "metadata": {}}).encode()


def git(folder, *words):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A clone of a course, in a folder with odd letters; the course has a next version of its notebook a."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # nobody's own hooks, and no other way to pull
    course, clone = tmp_path / "course", tmp_path / "a clone [mine] ü"
    (course / "notebooks").mkdir(parents=True)
    (course / "tools").mkdir()
    shutil.copy(program.__file__, course / "tools")
    for name in ("a b.ipynb", "other.ipynb"):
        (course / "notebooks" / name).write_bytes(notebook())
    for words in (["init", "-qb", "main"], ["add", "-A"], ["commit", "-qm", "First"]):
        git(course, *words)
    git(tmp_path, "clone", "-q", str(course), str(clone))
    (course / "notebooks" / "a b.ipynb").write_bytes(notebook("1 + 2", "3"))
    git(course, "commit", "-qam", "Second")
    return clone


def test_the_next_version_comes_over_a_notebook_that_was_only_run(course):
    mine = course / "notebooks" / "a b.ipynb"
    mine.write_bytes(notebook(output="2, on my machine"))
    assert update(course) == []
    assert mine.read_bytes() == notebook("1 + 2", "3") and git(course, "status", "--porcelain") == ""


def test_what_was_written_elsewhere_stays(course):
    other = course / "notebooks" / "other.ipynb"
    other.write_bytes(notebook("1 + 5", "6"))
    assert update(course) == ["notebooks/other.ipynb"]
    assert other.read_bytes() == notebook("1 + 5", "6")
    assert (course / "notebooks" / "a b.ipynb").read_bytes() == notebook("1 + 2", "3")


def test_where_both_were_changed_git_says_so_and_nothing_is_lost(course):
    mine = course / "notebooks" / "a b.ipynb"
    mine.write_bytes(notebook("1 + 5", "6"))
    with pytest.raises(SystemExit, match="git says: (.|\n)*notebooks/a b.ipynb"):
        update(course)
    assert mine.read_bytes() == notebook("1 + 5", "6")


def test_a_notebook_that_was_deleted_comes_back(course):
    (course / "notebooks" / "a b.ipynb").unlink()
    update(course)
    assert (course / "notebooks" / "a b.ipynb").read_bytes() == notebook("1 + 2", "3")


def test_a_plain_pull_goes_over_what_was_only_run_and_leaves_the_other_outputs(course):
    mine, other = course / "notebooks" / "a b.ipynb", course / "notebooks" / "other.ipynb"
    for path in (mine, other):
        path.write_bytes(notebook(output="2, on my machine"))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        git(course, "pull", "--ff-only")
    assert "would be overwritten" in refused.value.stderr
    hook(course)
    git(course, "pull")
    assert mine.read_bytes() == notebook("1 + 2", "3")
    assert other.read_bytes() == notebook(output="2, on my machine")


def test_a_plain_pull_refuses_to_go_over_what_was_written(course):
    hook(course)
    mine = course / "notebooks" / "a b.ipynb"
    mine.write_bytes(notebook("1 + 5", "6"))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        git(course, "pull", "--ff-only")
    assert "would be overwritten" in refused.value.stderr and "Traceback" not in refused.value.stderr
    assert mine.read_bytes() == notebook("1 + 5", "6")


def test_outputs_are_put_back_by_nothing_but_a_pull(course):
    hook(course)
    ran = notebook(output="2, on my machine")
    (course / "notebooks" / "a b.ipynb").write_bytes(ran)
    git(course, "fetch", "origin", "main")
    git(course, "reset", "HEAD")
    with pytest.raises(subprocess.CalledProcessError):
        git(course, "merge", "FETCH_HEAD")
    git(course, "commit", "-qm", "Mine", "--allow-empty")
    assert (course / "notebooks" / "a b.ipynb").read_bytes() == ran


def test_where_its_python_is_gone_git_works_as_without_the_hook(course, monkeypatch):
    monkeypatch.setattr(program.sys, "executable", str(course / "no python"))
    hook(course)
    git(course, "pull", "--ff-only")
    assert (course / "notebooks" / "a b.ipynb").read_bytes() == notebook("1 + 2", "3")


def test_a_hook_of_ones_own_stays_and_outside_a_clone_there_is_none(course, tmp_path):
    own = course / ".git" / "hooks" / "reference-transaction"
    own.parent.mkdir(exist_ok=True)
    own.write_text("#!/bin/sh\nexit 0\n")
    hook(course)
    assert own.read_text() == "#!/bin/sh\nexit 0\n"
    own.write_text("# of an older tools/update.py")
    hook(course)
    assert own.read_text().startswith("#!/bin/sh")
    hook(tmp_path)
    hook(course / "notebooks")
    assert not list(course.glob("notebooks/**/hooks"))


@pytest.mark.parametrize("now", [b"", b"{", b"[]", b"3", b'{"cells": 3}', b'{"cells": [3]}', b"\xff"])
def test_what_is_no_notebook_was_written_by_somebody(now):
    assert not only_run(now, notebook())


def test_without_git_or_outside_a_repository_a_sentence_is_said(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="git says: .*not a git repository"):
        update(tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="There is no git on this machine"):
        update(tmp_path)
