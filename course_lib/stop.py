"""Ctrl-C and the stop button of a notebook: kept until nothing is half done, and then the end of the whole cell.

Python raises KeyboardInterrupt between any two instructions, also between a step of the optimiser and the note of it.
`Deferred` keeps it for a moment that the code chooses. And what returns in spite of it, with what was done, would let
the cell of a notebook go on, with the next of ninety runs: `end_cell` ends it where its statement has ended.
"""

import ast
import inspect
import linecache
import signal
import sys
import threading
from contextlib import contextmanager

ENDING = None  # what ends the cell that is being run


class Deferred:
    """Within it, Ctrl-C is raised only by `deliver`; a second one before that at once, between `open` and `close`.

    What is raised is what the handler that was there before raises, and only once; then nothing is raised any more.
    Elsewhere than in Python's main thread, where no Ctrl-C arrives, and for a host that handles Ctrl-C without Python,
    it does nothing.
    """

    def __init__(self):
        self.before = self.pending = None
        self.depth = 1  # of what holds it back

    def __enter__(self):
        before = signal.getsignal(signal.SIGINT)
        if callable(before) and threading.current_thread() is threading.main_thread():
            self.before = before
            signal.signal(signal.SIGINT, self.receive)
        return self

    def __exit__(self, *error):
        if self.before is not None:
            signal.signal(signal.SIGINT, self.before)

    def receive(self, number, frame):
        again, self.pending = self.pending, number  # not the frame: it would keep what it holds from being freed
        if again and not self.depth:
            self.deliver()

    def deliver(self):
        """Raise a Ctrl-C that has come: to be called when nothing is half done."""
        if self.pending is None:
            return
        number, self.pending = self.pending, None
        self.close()
        self.before(number, sys._getframe())
        within = isinstance(getattr(self.before, "__self__", None), Deferred)
        if within or cell_frames(sys._getframe()):  # a cell that awaits is but cancelled by its host, at its next await
            raise KeyboardInterrupt
        self.open()

    def open(self):
        """From now on a second Ctrl-C is raised at once."""
        self.depth -= 1

    def close(self):
        """From now on only `deliver` raises."""
        self.depth += 1

    @contextmanager
    def held(self):
        """What is done within is done whole."""
        self.close()
        try:
            yield
        finally:
            self.open()


def cell_frames(frame):
    """The frames of a notebook's own code, from frame outwards to the cell; [] where no cell is being run."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    found = []
    while shell is not None and frame is not None:
        if frame.f_globals is shell.user_ns:
            found.append(frame)
        frame = frame.f_back
    return found if found and not found[-1].f_code.co_flags & inspect.CO_OPTIMIZED else []  # not of a function


def end_cell():
    """End the cell of a notebook that is being run, with KeyboardInterrupt, as soon as its statement has ended.

    So `history = train(...)` has its value, and nothing after it runs: no later line, no next round of a loop, no
    function of the notebook, no other training. Where a debugger watches the lines, the next training or verdict of
    the cell ends it. Outside of a notebook it does nothing.
    """
    global ENDING
    frames = cell_frames(sys._getframe(1))
    if frames and ENDING is None:
        ENDING = Ending(frames)


def check():
    """KeyboardInterrupt if the cell that is being run was stopped."""
    if ENDING is not None and ENDING.thread is threading.current_thread():
        ENDING.end()


class Ending:
    """Watches the frames of a cell and ends it.

    places    of each frame: the lines of its statement, and how far it has got in its code
    """

    def __init__(self, frames):
        self.places = {frame: (statement(frame), frame.f_lasti) for frame in frames}
        self.cell, self.namespace, self.thread = frames[-1], frames[-1].f_globals, threading.current_thread()
        self.events = sys.modules["IPython"].get_ipython().events
        self.events.register("post_execute", self.forget)
        self.traces = sys.gettrace() is None
        if self.traces:
            for frame in frames:
                frame.f_trace = self.line
            sys.settrace(self.called)

    def called(self, frame, event, value):
        """A trace function: a function is called."""
        if frame.f_globals is self.namespace:
            self.end()

    def line(self, frame, event, value):
        """A trace function: a frame of the notebook goes on."""
        lines, place = self.places.get(frame, ((), 0))
        if event == "exception" and issubclass(value[0], KeyboardInterrupt):
            return self.forget()
        if event == "line" and (frame.f_lineno not in lines or frame.f_lasti <= place):
            self.end()
        elif event == "return" and frame is self.cell:
            self.end()
        return self.line

    def end(self):
        self.forget()
        raise KeyboardInterrupt("stopped: what was done until then is kept, and the rest of the cell is not run")

    def forget(self):
        global ENDING
        if ENDING is not self:
            return
        ENDING = None
        self.events.unregister("post_execute", self.forget)
        if self.traces:
            sys.settrace(None)
            for frame in self.places:
                frame.f_trace = None
        self.places, self.cell = {}, None


def statement(frame):
    """The lines of the statement that frame is in; of one that holds others, such as a loop, those of its head."""
    found = range(frame.f_lineno, frame.f_lineno + 1)
    try:
        tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename)))
    except SyntaxError:
        return found
    for node in ast.walk(tree):  # the outer ones first
        if isinstance(node, ast.stmt):
            held = (inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.stmt) and inner is not node)
            end = min(held, default=node.end_lineno + 1)
            if node.lineno <= frame.f_lineno < end:
                found = range(node.lineno, end)
    return found
