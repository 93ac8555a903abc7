"""A file is written whole or not at all, and nothing is left lying beside it."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from course_lib.files import write

ROOT = Path(__file__).parents[1]
LONG = "x" * 100_000


@pytest.fixture
def old(tmp_path):
    """A file with a content that must not be lost."""
    path = tmp_path / "old.txt"
    path.write_text("old")
    return path


def is_as_it_was(old):
    return old.read_text() == "old" and os.listdir(old.parent) == [old.name]


@pytest.mark.parametrize("content", ["naïve\n⊙\r\n", b"\x00\xff\r\n", "", LONG], ids=["text", "bytes", "empty", "long"])
def test_a_file_holds_exactly_what_was_written(tmp_path, content):
    path = tmp_path / "new" / "folder" / "file"
    for _ in ("new", "there"):
        write(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert os.listdir(path.parent) == ["file"]


@pytest.mark.parametrize("moment", ["fsync", "replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, OSError])
def test_an_interruption_at_any_moment_leaves_the_old_file(old, monkeypatch, moment, error):
    def stop(*_):
        raise error

    monkeypatch.setattr(os, moment, stop)
    with pytest.raises(error):
        write(old, "new")
    assert is_as_it_was(old)


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is Unix")
def test_a_full_disk_leaves_the_old_file(old):
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(LONG) // 2, limits[1]))
    try:
        with pytest.raises(OSError):
            write(old, LONG)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert is_as_it_was(old)


def test_what_cannot_be_encoded_leaves_the_old_file(old):
    for content in ("\ud800", 3):
        with pytest.raises((ValueError, TypeError)):
            write(old, content)
        assert is_as_it_was(old)


def test_a_file_that_is_read_only_is_left_alone(old, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: (Path(path), mode) != (old, os.W_OK))  # root may write it
    with pytest.raises(PermissionError, match="old.txt is read-only"):
        write(old, "new")
    assert is_as_it_was(old)


def test_a_folder_where_nothing_can_be_written_is_said(old):
    for path in (old / "below" / "a.txt", old.parent):
        with pytest.raises(OSError):
            write(path, "new")
    assert is_as_it_was(old)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions and links are Unix")
def test_permissions_and_links_stay(old):
    old.chmod(0o640)
    link = old.with_name("link")
    link.symlink_to(old.name)
    write(link, "new")
    assert link.is_symlink() and old.read_text() == "new" and old.stat().st_mode & 0o777 == 0o640


def test_writers_at_the_same_time_leave_one_of_their_contents_whole(old):
    contents = [f"{k}" * 50_000 for k in range(8)]
    with ThreadPoolExecutor(len(contents)) as pool:
        list(pool.map(lambda content: write(old, content), contents))
    assert old.read_text() in contents and os.listdir(old.parent) == [old.name]


def test_nobody_else_puts_files_in_place():
    own = ROOT / "course_lib" / "files.py"
    others = [path for folder in ("course_lib", "tools") for path in (ROOT / folder).rglob("*.py") if path != own]
    assert [path.name for path in others if "os.replace" in path.read_text(encoding="utf-8")] == []
