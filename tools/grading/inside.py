"""Inside the box: run the cells of a learner and call their functions, as the grader asks over a pipe.

    python inside.py BYTES      one message a line on standard input, one reply a line on standard output; at most
                                 BYTES more memory in a process than Python and PyTorch have taken, where the system
                                 has /proc

Nothing here is trusted. What a reply can hold is plain data, which `encode` writes and `decode` reads: no object of a
learner's own crosses the pipe, and the checks, with their references, are not on this side of it. What is given comes
from the grader, as a pickle.
"""

import __future__

import ast
import asyncio
import base64
import json
import linecache
import math
import os
import pickle
import signal
import sys
import types
from contextlib import contextmanager
from inspect import CO_COROUTINE
from pathlib import Path

import numpy as np
import torch

from course_lib.bare import PLAIN, bare

MOST = 10**6  # numbers in all that one reply holds; an axis without numbers counts as one of length one
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
PAIRS = 100  # numbers for which a pair of a dict counts
RUN = ("time", "timeit", "capture", "prun")  # magics of a cell that run it
FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
cells = []  # the texts of those that were run
future = 0  # what they imported from __future__, which holds for later ones too


class NotPlain(TypeError):
    """A value that cannot cross the pipe."""


def encode(value, leaves=None):
    """value as JSON: numbers, words, None, tensors, arrays, and lists, tuples and dicts of them, as `bare` reads them.

    leaves   a list that collects the tensors that require a gradient, in the order in which they are met
    """
    try:
        return coded(bare(value), leaves)
    except TypeError as error:
        raise NotPlain(f"{error}, where numbers, tensors, lists or dicts of them will do") from None


def coded(value, leaves):
    """What `bare` gave, as JSON."""
    if isinstance(value, torch.Tensor):
        if leaves is not None and value.requires_grad:
            leaves.append(value)
        held = value.detach().float() if value.dtype == torch.bfloat16 else value.detach()
        return {"tensor": packed(held.numpy()), "grad": value.requires_grad}
    if isinstance(value, np.ndarray):
        return {"array": packed(value)}
    if isinstance(value, (list, tuple)):
        plain = PLAIN.issuperset(map(type, value))
        return {type(value).__name__: value if plain else [coded(one, leaves) for one in value]}
    if isinstance(value, dict):
        return {"dict": [[coded(key, leaves), coded(one, leaves)] for key, one in value.items()]}
    return value


def packed(array):
    if array.dtype.kind not in "biuf":
        raise NotPlain(f"an array of {array.dtype}, where numbers will do")
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return [array.dtype.str, list(array.shape), data]


def decode(value, leaves=None):
    """The value that encode wrote; ValueError for anything else."""
    if not isinstance(value, dict):
        return value
    for kind, content in value.items():
        if kind == "tensor":
            tensor = torch.from_numpy(unpacked(content)).requires_grad_(bool(value["grad"]) and leaves is not None)
            if leaves is not None and tensor.requires_grad:
                leaves.append(tensor)
            return tensor
        if kind == "array":
            return unpacked(content)
        if kind in ("list", "tuple"):
            return {"list": list, "tuple": tuple}[kind](decode(one, leaves) for one in content)
        if kind == "dict":
            return {decode(key): decode(one, leaves) for key, one in content}
    raise ValueError(f"not a value: {list(value)}")


def size(value):
    """How many numbers all arrays of a value hold that encode wrote; an axis of length 0 counts as one of length 1.

    Nothing is taken from what was written that could cost more than its own size.
    """
    if isinstance(value, list):
        return sum(map(size, value))
    if not isinstance(value, dict):
        return 0
    packs = [content for kind, content in value.items() if kind in ("tensor", "array")]
    others = [content for kind, content in value.items() if kind not in ("tensor", "array")]
    pairs = PAIRS * sum(len(content) for kind, content in value.items() if kind == "dict")
    return sum(numbers(shape) for _, shape, _ in packs) + pairs + size(others)


def numbers(shape):
    """How many numbers an array of that shape holds; of one that cannot be, more than any reply may hold."""
    if len(shape) > 64 or not all(type(length) is int and 0 <= length <= MOST for length in shape):
        return MOST + 1
    return math.prod(max(1, length) for length in shape)


def unpacked(content):
    dtype, shape, data = content
    if np.dtype(dtype).kind not in "biuf":
        raise ValueError(f"not an array of numbers: {dtype}")
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()


@contextmanager
def at_most(seconds):
    """TimeoutError in the code inside after so many seconds of processor time, where the system has such a clock."""

    def stop(*_):
        raise TimeoutError(f"no answer within {seconds:g} seconds")

    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def take_at_most(more):
    """MemoryError from now on for whatever takes so many bytes more than this process has."""
    import resource  # not on Windows

    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + more, held + more))


class Checks(types.ModuleType):
    """Stands in for course_lib.checks: `given` is real, everything else does nothing."""

    def __init__(self, given):
        super().__init__("course_lib.checks")
        self.given = given.get

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


class Shell:
    """Stands in for IPython in a cell: magics and commands do nothing, but a magic that runs the cell does run it."""

    def __init__(self, space):
        self.space = space

    def run_cell_magic(self, name, line, cell):
        if name in RUN:
            run(self.space, cell)
        elif name in ("writefile", "file"):
            Path(line.removeprefix("-a").strip()).write_text(cell)

    def getoutput(self, *args, **kwargs):
        return []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def fresh():
    """What a cell finds defined, as in a notebook, which finds modules in its folder too."""
    sys.path.insert(0, "")
    space = {"__name__": "__main__", "In": [""], "Out": {}, "_": "", "__": "", "___": ""}
    shell = Shell(space)
    space["display"] = lambda *args, **kwargs: None
    space["get_ipython"] = lambda: shell
    return space


def run(space, source, only_definitions=False):
    """Run a cell as a notebook does. Of a cell that Python cannot read, what stands before that place is run.

    only_definitions   run only its imports, functions and classes
    """
    from IPython.core.inputtransformer2 import TransformerManager

    lines, broken = TransformerManager().transform_cell(source).splitlines(keepends=True), None
    while True:
        try:
            tree = ast.parse("".join(lines), "<cell>")
            break
        except SyntaxError as error:
            broken = broken or error
            lines = lines[: max(0, min(len(lines), error.lineno or 1) - 1)]
    if only_definitions:
        tree.body = [node for node in tree.body if isinstance(node, DEFINITIONS)]
    global future
    cells.append("".join(lines))
    name = f"<cell {len(cells)}>"
    linecache.cache[name] = len(cells[-1]), None, cells[-1].splitlines(keepends=True), name  # for inspect.getsource
    parts = [ast.Module([node], []) for node in tree.body] if only_definitions else [tree]  # each by itself
    for part in parts:
        code = compile(part, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | future)
        future |= code.co_flags & FUTURE
        try:
            if code.co_flags & CO_COROUTINE:
                asyncio.run(eval(code, space))
            else:
                exec(code, space)
        except Exception as error:
            if not only_definitions or isinstance(error, TimeoutError):
                raise
            broken = broken or error
    if broken:
        raise broken


def call(space, name, args, kwargs):
    """[value, gradients]: what a function returns; gradients of a number by the arguments that asked for one."""
    leaves = []
    args, kwargs = decode(args, leaves), decode(kwargs, leaves)
    if name not in space:
        raise NameError(f"{name} is not defined")
    value = space[name](*args, **kwargs)
    gradients = None
    if leaves and isinstance(value, torch.Tensor) and value.requires_grad and value.numel() == 1:
        gradients = list(torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True))
    return [encode(value), encode(gradients)]


def answer(space, asked):
    """What one message asks for."""
    if asked["do"] == "given":
        import course_lib

        given = pickle.loads(base64.b64decode(asked["given"]))
        course_lib.checks = sys.modules["course_lib.checks"] = Checks(given)
        return None
    if asked["do"] == "run":
        return run(space, asked["source"], asked.get("only_definitions", False))
    if asked["do"] == "has":
        return callable(space.get(asked["name"]))
    return call(space, asked["name"], asked["args"], asked["kwargs"])


def serve(inbox, outbox, memory):
    """Answer what is asked on the file inbox, a line each, on the file outbox."""
    import lockdown  # beside this file, inside the box and outside

    torch.set_num_threads(1)
    lockdown.adopt()
    if Path("/proc/self/statm").exists():
        take_at_most(memory)
    space, own = fresh(), os.getpid()
    inbox, outbox = os.fdopen(inbox, "rb"), os.fdopen(outbox, "wb")
    for line in inbox:
        asked = json.loads(line)
        try:
            with at_most(asked["seconds"]):
                reply = answer(space, asked)
            text = json.dumps({"number": asked["number"], "value": reply})
        except BaseException as error:
            text = json.dumps({"number": asked["number"], "error": [type(error).__name__, str(error)[:2000]]})
        if os.getpid() != own:  # a copy of this process, made by a learner's code
            os._exit(0)
        outbox.write(text.encode() + b"\n")
        outbox.flush()


def main():
    import lockdown

    inbox, outbox = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what a learner prints goes nowhere, and input() has nothing to read
        os.dup2(nowhere, stream)
    lockdown.forbid()
    serve(inbox, outbox, int(sys.argv[1]))


if __name__ == "__main__":
    main()
