"""A kernel's rows are dealt to as many threads as are asked for, each once, also in a process that was forked."""

import os
import threading
import time
from collections import deque

import pytest

from course_lib.fuse import threads
from course_lib.fuse.memory import SPARE, take
from course_lib.fuse.threads import call, pool


@pytest.mark.parametrize("many", [1, 2])
def test_so_many_threads_work_at_once_and_every_row_is_done_once(many):
    done, together = [], threading.Barrier(many, timeout=60)

    def work(row):
        together.wait()  # a thread alone would wait here
        done.append((row, threading.current_thread().name.partition("_")[0]))

    call(work, range(many), many)
    assert sorted(row for row, _ in done) == list(range(many))
    assert sorted(name for _, name in done) == ["MainThread", "fuse"][:many]


def test_a_call_that_was_stopped_ends_when_no_thread_works_any_more():
    """The kernel of another thread goes on writing: its memory must not be given away before it has ended."""
    done, together = [], threading.Barrier(2, timeout=60)

    def work(row):
        together.wait()
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        time.sleep(0.05)
        done.append(row)

    with pytest.raises(KeyboardInterrupt):
        call(work, range(2), 2)
    assert len(done) == 1


def test_a_ctrl_c_at_the_very_end_is_not_lost(monkeypatch):
    class Pressed(deque):
        def clear(self):
            super().clear()
            if not pressed:
                pressed.append(True)
                raise KeyboardInterrupt

    done, pressed = [], []
    monkeypatch.setattr(threads, "deque", Pressed)
    with pytest.raises(KeyboardInterrupt):
        call(done.append, range(4), 2)
    assert sorted(done) == [0, 1, 2, 3]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_and_memory_of_its_own():
    take(100).leave()
    mine = pool()
    child = os.fork()
    if not child:
        os._exit(pool() is mine or bool(SPARE))
    assert os.waitpid(child, 0)[1] == 0
    assert pool() is mine
