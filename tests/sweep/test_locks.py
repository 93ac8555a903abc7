"""A disk that takes no locks, as some network disks do: its rows are read at once, and none is written there."""

import errno
import os
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest
from little import TINY

from course_lib.cells import LSTMCell
from course_lib.sweep import store, sweep
from course_lib.sweep.store import add, read


@pytest.fixture
def rows(tmp_path):
    """The path of a file with one row, and the row."""
    path = tmp_path / "a #1 ?x%20.sqlite"
    sweep([LSTMCell], seeds=[0], budget=1, jobs=1, out=path, **TINY)
    return path, read(path)


@pytest.fixture
def lockless(monkeypatch):
    """A disk that takes no locks: every connection that wants one is told that somebody has it, as SQLite says it."""

    def refused(number):
        def lockf(*_):
            raise OSError(number, os.strerror(number))

        return lockf

    def connect(path, timeout=5.0, uri=False):
        file = real(path, timeout=timeout, uri=uri)
        asked.append((path, timeout))
        if uri:
            return file
        file.close()

        def execute(command):
            if "sqlite_master" in command:
                raise sqlite3.OperationalError("database is locked")

        return SimpleNamespace(execute=execute, close=lambda: None)

    asked, real = [], sqlite3.connect
    monkeypatch.setattr(store.sqlite3, "connect", connect)
    number = errno.ENOLCK
    monkeypatch.setattr(store, "fcntl", SimpleNamespace(lockf=refused(number), LOCK_SH=1, LOCK_NB=4))
    return asked


def test_rows_are_read_without_a_lock_and_without_waiting(rows, lockless):
    path, written = rows
    assert read(path) == written
    assert [timeout for _, timeout in lockless][0] == store.SOON < 1
    assert lockless[1][0].endswith("?mode=ro&immutable=1")


def test_a_row_that_may_be_half_written_is_not_read(rows, lockless):
    path, _ = rows
    path.with_name(f"{path.name}-journal").write_bytes(b"")
    with pytest.raises(ValueError, match="it is being written, or a sweep was cut off while it wrote"):
        read(path)


def test_a_sweep_says_that_it_needs_another_disk(tmp_path, rows, lockless):
    path, written = rows
    for out in (path, tmp_path / "new.sqlite"):
        with pytest.raises(ValueError, match="on a disk that takes locks; got .*: name another `out`"):
            sweep([LSTMCell], seeds=[1], budget=1, jobs=1, out=out, **TINY)
    with pytest.raises(ValueError, match="name another `out`"):
        add(path, written[0])
    assert read(path) == written


def test_a_writer_that_is_busy_is_waited_for(rows, monkeypatch):
    path, written = rows
    asked = []
    monkeypatch.setattr(store, "SOON", 0.01)
    monkeypatch.setattr(store, "lockless", lambda path, real=store.lockless: asked.append(real(path)) or free())

    def free():
        other.rollback()
        return asked[-1]

    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert read(path) == written
    assert asked == [False]


@pytest.mark.parametrize(
    ("number", "none"),
    [(None, False), ("EAGAIN", False), ("EACCES", False), ("ENOLCK", True), ("ENOSYS", True), ("ENOTSUP", True)],
)
@pytest.mark.parametrize("folder", ["that can be written", "that cannot"])
def test_a_lock_that_somebody_has_is_no_disk_without_locks(tmp_path, monkeypatch, number, none, folder):
    def lockf(*_):
        if number:
            raise OSError(getattr(errno, number), "")

    def nowhere(**_):
        raise PermissionError

    (tmp_path / "a.sqlite").write_bytes(b"")
    monkeypatch.setattr(store, "fcntl", SimpleNamespace(lockf=lockf, LOCK_SH=1, LOCK_NB=4))
    if folder == "that cannot":
        monkeypatch.setattr(store, "TemporaryFile", nowhere)
    assert store.lockless(tmp_path / "a.sqlite") is none


def test_where_it_cannot_be_asked_a_disk_takes_locks(tmp_path, monkeypatch):
    assert store.lockless(tmp_path / "no" / "folder") is False
    monkeypatch.setattr(store, "fcntl", None)
    assert store.lockless(tmp_path / "a.sqlite") is False
