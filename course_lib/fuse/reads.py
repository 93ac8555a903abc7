"""What a step reads, where its code shows it: while all of that is the same, the step need not be read again.

The code of a plain step has no branch and no loop. It goes from its first line to its last, reads attributes of the
cell and of modules in it by name, and calls those modules, methods that are as plain, and functions of torch from a
list. So what it does follows from what it finds under these names. Each of them is kept here with what was found:
modules, weights, numbers, functions. `hold` looks whether all are there still; where one is not, or there is a hook, or
a weight has another shape, the step is read anew. A step whose code does anything else is read anew at every call.
"""

import dis
import math
import sys
from types import FunctionType, ModuleType

import torch
from torch.nn import Module, Parameter, functional

from course_lib.fuse.functions import FUNCTIONS
from course_lib.fuse.ops import ROWS
from course_lib.fuse.read import EVERYWHERE, HOOKS

MISSING = Module  # what no attribute of a step's is
GROUPS = ("_parameters", "_buffers", "_modules")  # where a module looks for what is no attribute of its own, in order
CALLED = ("__call__", "_call_impl", "_wrapped_call_impl", "__getattr__", "__getattribute__", "_compiled_call_impl")
CALLED = {name: getattr(Module, name) for name in CALLED}  # how a module is called, and finds its attributes
NUMBERS = (int, float, bool, str, type(None))
PLACES = (torch, functional, torch.nn, math)
NAMES = {name for row in ROWS for name in row.names} | set("""
    softmax log_softmax logsumexp sum mean var std norm normalize amax amin layer_norm group_norm rms_norm linear matmul
    mm bmm addmm einsum chunk split unbind narrow cat stack concat roll flip reshape view flatten unflatten squeeze
    unsqueeze transpose permute square clamp lerp addcmul relu silu gelu glu logsigmoid""".split())  # fmt: skip
NAMES &= FUNCTIONS.keys()  # of functions and methods that compute tensors from tensors, and nothing else
SKIPPED = {"RESUME", "NOP", "CACHE", "EXTENDED_ARG", "PRECALL", "PUSH_NULL", "KW_NAMES", "NOT_TAKEN"}
PLAIN = set("""
    LOAD_CONST LOAD_SMALL_INT POP_TOP COPY SWAP DUP_TOP ROT_TWO ROT_THREE ROT_FOUR UNPACK_SEQUENCE BUILD_TUPLE
    BUILD_LIST BUILD_MAP BUILD_CONST_KEY_MAP BUILD_SLICE BINARY_SUBSCR BINARY_SLICE RETURN_VALUE RETURN_CONST
    BINARY_OP BINARY_ADD BINARY_SUBTRACT BINARY_MULTIPLY BINARY_TRUE_DIVIDE BINARY_POWER BINARY_MATRIX_MULTIPLY
    UNARY_NEGATIVE COMPARE_OP CALL CALL_KW CALL_FUNCTION CALL_FUNCTION_KW CALL_METHOD""".split())  # fmt: skip
FLAGS = 4 | 8 | 32 | 128 | 256 | 512  # of code: *args, **kwargs, generators and coroutines


class Unclear(Exception):
    """The code does not show what the step reads."""


class Reads:
    """What the step of a cell reads, and the Program that it gives while that holds.

    found      [(where to look, name, what was found)]: in a dictionary; kinds: of a class; codes: [(function, code)]
    modules    [(module, its class, [(name, found)] in its own dictionary, [(group, name, found)])]; called: [module]
    tensors    [(tensor, its shape)]
    """

    def __init__(self, cell, program):
        self.program = program
        self.found, self.kinds, self.codes, self.modules, self.called, self.tensors = [], [], [], {}, [], {}
        self.scanned = set()
        scan(self, self.method(cell, "step"), cell)
        self.tensors = [(tensor, tensor.shape) for tensor in self.tensors.values()]
        self.modules = [(module, *entry) for module, entry in self.modules.items()]

    def hold(self):
        """Whether all that was read is what it was."""
        if any(EVERYWHERE):
            return False
        for function, code in self.codes:
            if function.__code__ is not code or function.__defaults__ or function.__kwdefaults__:
                return False
        for kind, name, value in self.kinds:
            if getattr(kind, name, MISSING) is not value:
                return False
        for where, name, value in self.found:
            if where.get(name, MISSING) is not value:
                return False
        for module, kind, own, grouped in self.modules:
            kept = module.__dict__
            if type(module) is not kind:
                return False
            for name, value in own:
                if kept.get(name, MISSING) is not value:
                    return False
            for group, name, value in grouped:
                if kept[group].get(name, MISSING) is not value:
                    return False
        for module in self.called:
            kept = module.__dict__
            if kept[HOOKS[0]] or kept[HOOKS[1]] or kept[HOOKS[2]] or kept[HOOKS[3]]:
                return False
        for tensor, shape in self.tensors:
            if tensor.shape != shape:
                return False
        return True

    # ---- Where names lead ----

    def method(self, module, name):
        """The function that a module's class has under a name."""
        function = self.of_class(type(module), name)
        self.of_module(module)[1].append((name, MISSING))
        if type(function) is not FunctionType:
            raise Unclear
        return function

    def of_class(self, kind, name):
        """What a class has under a name, as it is written there; MISSING where there is nothing."""
        if type(kind) is not type:
            raise Unclear
        value = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), MISSING)
        if getattr(kind, name, MISSING) is not value:  # a property of its class's, or bound to it
            raise Unclear
        if (kind, name, value) not in self.kinds:
            self.kinds.append((kind, name, value))
        return value

    def of_module(self, module):
        """(class, names in its own dictionary, names in groups) of a module that finds its attributes as all do."""
        if module not in self.modules:
            if any(self.of_class(type(module), name) is not own for name, own in CALLED.items()):
                raise Unclear
            self.modules[module] = type(module), [("_compiled_call_impl", MISSING)], []
        return self.modules[module]

    def attribute(self, module, name):
        """What a module has under a name."""
        _, own, grouped = self.of_module(module)
        value, kept = self.of_class(type(module), name), vars(module)
        own.append((name, kept.get(name, MISSING)))
        if value is not MISSING:
            if name in kept:
                raise Unclear
            return value
        if name in kept:
            return kept[name]
        for group in GROUPS:
            grouped.append((group, name, kept[group].get(name, MISSING)))
            if name in kept[group]:
                return kept[group][name]
        raise Unclear


# ---- Code ----


def call(reads, module):
    """A module is called."""
    reads.called.append(module)
    scan(reads, reads.method(module, "forward"), module)


def scan(reads, function, module):
    """Read the code of a method of a module."""
    if (function, module) in reads.scanned:
        return
    reads.scanned.add((function, module))
    code = function.__code__
    if code.co_flags & FLAGS or code.co_freevars or code.co_cellvars or getattr(code, "co_exceptiontable", b""):
        raise Unclear
    if function.__defaults__ or function.__kwdefaults__ or not code.co_argcount:
        raise Unclear
    words = {word for constant in code.co_consts if isinstance(constant, tuple) for word in constant}
    if words & {"out", "inplace"}:  # names of arguments, into which results are written
        raise Unclear
    reads.codes.append((function, code))
    lines = [line for line in dis.get_instructions(code) if line.opname not in SKIPPED]
    base = None  # what the last line has left, where it is a module or a place of functions
    for line, after in zip(lines, [*lines[1:], None]):
        base = left(reads, function, module, line, base)
        named = after is not None and after.opname in ("LOAD_ATTR", "LOAD_METHOD")
        if base is not None and not named:  # it could go anywhere
            raise Unclear


def left(reads, function, module, line, base):
    """What one line of code leaves, where it is a module or a place of functions, else None."""
    name, me = line.opname, function.__code__.co_varnames[0]
    if name in PLAIN:
        if name == "BINARY_OP" and line.argrepr.endswith("="):
            raise Unclear
        return None
    if name.startswith(("LOAD_FAST", "STORE_FAST")) and name.count("FAST") <= 2:
        *others, last = line.argval if isinstance(line.argval, tuple) else (line.argval,)
        stored = name.startswith("STORE_FAST") and (last,) or ()
        if me in others or me in stored and not name.startswith("STORE_FAST_LOAD_FAST"):
            raise Unclear
        return module if last == me else None
    if name == "LOAD_GLOBAL":
        value = function.__globals__.get(line.argval, MISSING)
        reads.found.append((function.__globals__, line.argval, value))
        return known(value)
    if name in ("LOAD_ATTR", "LOAD_METHOD"):
        if base is None:
            if line.argval not in NAMES:
                raise Unclear
            return None
        called = name == "LOAD_METHOD" or sys.version_info >= (3, 12) and line.arg & 1
        if isinstance(base, Module):
            return reached(reads, base, line.argval, called)
        value = vars(base).get(line.argval, MISSING)
        reads.found.append((vars(base), line.argval, value))
        return known(value)
    raise Unclear


def reached(reads, base, name, called):
    """What an attribute of a module leaves."""
    value = reads.attribute(base, name)
    if type(value) is FunctionType and name not in vars(base):
        if not called:
            raise Unclear
        return scan(reads, value, base)
    if isinstance(value, Module):
        return call(reads, value) if called else value
    if type(value) in (torch.Tensor, Parameter):
        reads.tensors[id(value)] = value
        return None
    if type(value) is tuple and all(type(item) in NUMBERS for item in value):
        return None
    return known(value)


def known(value):
    """None for a number and for a function that computes tensors; a place of functions."""
    if type(value) is ModuleType and value in PLACES:
        return value
    if type(value) in NUMBERS:
        return None
    if not any(value is getattr(place, name, None) for place in PLACES[:2] for name in NAMES):
        raise Unclear
    if type(value) is FunctionType and "inplace" in value.__code__.co_varnames:
        raise Unclear
    return None


def plain_reads(cell, program):
    """The Reads of a cell's step, whose Program this is; None where its code does not show them.

    Every tensor that was read must be one that the program computes with, as it is: of one from which another was
    computed, or that said how often or by what power something is done, the numbers would have to be looked at.
    """
    try:
        found = Reads(cell, program)
    except Unclear:
        return None
    tensors = [tensor for tensor, _ in found.tensors]
    same = {id(tensor) for tensor in tensors} == {id(tensor) for tensor in program.tensors}
    return found if same and all(t.is_floating_point() and t.numel() > 1 for t in tensors) else None
