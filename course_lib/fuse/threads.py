"""Call a function of a kernel in several threads at once."""

import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache

import torch

from course_lib.fuse.memory import SPARE
from course_lib.machine import cores


def call(function, rows, threads, *held):
    """Call a function of the kernel with the address of every row of a table; every thread takes the next one.

    held    the table and what it points to

    It ends, in whatever way, when no thread works any more: after Ctrl-C the others finish their rows, and more of it
    while they do is raised after that. Should one slip through, a thread holds what it writes to.
    """
    if threads == 1:
        for row in rows:
            function(row)
        return
    left, began, ended = deque(rows), [], []

    def share():
        with suppress(IndexError):
            while True:
                function(left.popleft())

    def help(held=held):
        began.append(None)
        try:
            share()
        finally:
            ended.append(None)

    again = None
    try:
        others = [pool().submit(help) for _ in range(1, threads)]
        share()
        for other in others:
            other.result()
    finally:
        while True:
            try:
                left.clear()  # a thread that begins only now finds nothing to do
                while len(ended) < len(began):
                    time.sleep(0.001)
                break
            except BaseException as error:
                again = error
    if again is not None:
        raise again


@cache
def pool():
    """Threads of Python, which run the kernels side by side."""
    return ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="fuse")


def after_fork():
    """A copy of this process has none of its threads, and would wait for them."""
    SPARE.clear()
    pool.cache_clear()
    torch.set_num_threads(1)  # OpenMP's cannot be started again


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
