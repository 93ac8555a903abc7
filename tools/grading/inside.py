"""Inside the box: run the cells of a learner and call their functions, as the grader asks over a pipe.

    python inside.py BYTES      one message a line on standard input, one reply a line on standard output; at most
                                 BYTES more memory than Python and PyTorch have taken, where the system has /proc

Nothing here is trusted. What a reply can hold is plain data, which `encode` writes and `decode` reads: no object of a
learner's own crosses the pipe, and the checks, with their references, are not on this side of it. What is given comes
from the grader, as a pickle.
"""

import base64
import json
import os
import pickle
import signal
import sys
import types
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch


class NotPlain(TypeError):
    """A value that cannot cross the pipe."""


def encode(value, leaves=None):
    """value as JSON: numbers, words, None, tensors, arrays, and lists, tuples and dicts of them.

    leaves   a list that collects the tensors that require a gradient, in the order in which they are met
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (torch.Tensor, torch.nn.Parameter):
        if leaves is not None and value.requires_grad:
            leaves.append(value)
        return {"tensor": packed(value.detach().numpy()), "grad": value.requires_grad}
    if isinstance(value, (np.ndarray, np.generic)):
        return {"array": packed(np.asarray(value))}
    if type(value) in (list, tuple):
        return {type(value).__name__: [encode(one, leaves) for one in value]}
    if type(value) is dict:
        return {"dict": [[encode(key), encode(one, leaves)] for key, one in value.items()]}
    raise NotPlain(f"an object of type {type(value).__name__}, where numbers, tensors, lists or dicts of them will do")


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


def unpacked(content):
    dtype, shape, data = content
    if np.dtype(dtype).kind not in "biuf":
        raise ValueError(f"not an array of numbers: {dtype}")
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()


@contextmanager
def at_most(seconds):
    """TimeoutError in the code inside after so many seconds, where the system has such a clock."""

    def stop(*_):
        raise TimeoutError(f"no answer within {seconds:g} seconds")

    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


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


def run(space, source):
    """Run a cell; lines with magic commands are left out."""
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()]
    exec(compile("\n".join(lines), "<cell>", "exec"), space)


def call(space, name, args, kwargs):
    """[value, gradients]: what a function returns; gradients of a number by the arguments that asked for one."""
    leaves = []
    args, kwargs = decode(args, leaves), decode(kwargs, leaves)
    if name not in space:
        raise NameError(f"{name} is not defined")
    value = space[name](*args, **kwargs)
    gradients = None
    if leaves and isinstance(value, torch.Tensor) and value.requires_grad and value.dim() == 0:
        gradients = list(torch.autograd.grad(value, leaves, allow_unused=True, materialize_grads=True))
    return [encode(value), encode(gradients)]


def main():
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what a learner prints goes nowhere, and input() has nothing to read
        os.dup2(nowhere, stream)
    torch.set_num_threads(1)
    if Path("/proc/self/statm").exists():
        take_at_most(int(sys.argv[1]))
    space, own = {"__name__": "__main__"}, os.getpid()
    for line in inbox:
        asked = json.loads(line)
        try:
            with at_most(asked["seconds"]):
                if asked["do"] == "given":
                    import course_lib

                    given = pickle.loads(base64.b64decode(asked["given"]))
                    course_lib.checks = sys.modules["course_lib.checks"] = Checks(given)
                    reply = None
                elif asked["do"] == "run":
                    reply = run(space, asked["source"])
                else:
                    reply = call(space, asked["name"], asked["args"], asked["kwargs"])
            text = json.dumps({"value": reply})
        except BaseException as error:
            text = json.dumps({"error": [type(error).__name__, str(error)[:2000]]})
        if os.getpid() != own:  # a copy of this process, made by a learner's code
            os._exit(0)
        outbox.write(text.encode() + b"\n")
        outbox.flush()


if __name__ == "__main__":
    main()
