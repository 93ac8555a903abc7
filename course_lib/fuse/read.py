"""Run a step on Symbols, and see to it that nothing happens which Symbols cannot show."""

import sys
import time
import traceback
from pathlib import Path

import torch
from torch.nn.modules import module as torch_module

from course_lib.fuse.functions import FUNCTIONS
from course_lib.fuse.trace import Symbol, Unfused, described

PLACES = (str(Path(torch.__file__).parent), str(Path(__file__).parent))
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
PATIENCE = 1  # second, at most, in which others let go of what they saw
EVERYWHERE = [getattr(torch_module, f"_global{name}") for name in HOOKS]  # hooks of all modules


def read_step(cell, tape, start, gate=lambda name, value: value):
    """{state name: node of its new value} after one step of cell, which is given gate, written down on tape.

    Raises Unfused, with the line that cannot be compiled where it is one, and for what a run of the loops would leave
    out: hooks, random draws, changes of the cell, values that are kept.
    """
    Symbol.known = FUNCTIONS
    watched, buffers, everywhere = parts(cell), [], any(EVERYWHERE)
    for part in watched:
        kept = vars(part)
        if everywhere or part is not cell and any([kept[name] for name in HOOKS]):
            raise Unfused(f"its {type(part).__name__} has a hook, which may do something at every step")
        if kept["_buffers"]:
            buffers += [buffer for buffer in kept["_buffers"].values() if buffer is not None]
    tape.training = tuple([vars(part)["training"] for part in watched])
    before, drawn = dict(vars(cell)), torch.get_rng_state()
    versions = [buffer._version for buffer in buffers]
    references = sys.getrefcount(tape)
    ends = run(cell, tape, start, gate)
    if {name: id(value) for name, value in vars(cell).items()} != {name: id(value) for name, value in before.items()}:
        vars(cell).clear()
        vars(cell).update(before)
        raise Unfused("its step changes the cell itself")
    if versions != [buffer._version for buffer in buffers]:
        raise Unfused("its step changes a buffer")
    if not torch.equal(torch.get_rng_state(), drawn):
        torch.set_rng_state(drawn)
        raise Unfused("its step draws random numbers")
    pause = PATIENCE / 1000
    while sys.getrefcount(tape) > references and pause < PATIENCE:  # Dask's profiler holds a frame for a moment
        time.sleep(pause)
        pause *= 2
    if sys.getrefcount(tape) > references:
        raise Unfused("something keeps a value of the step after it")
    return ends


def run(cell, tape, start, gate):
    """What `read_step` returns, with every Symbol gone."""
    x = tape.leaf("x", (cell.input_size,))
    state = {name: tape.leaf("state", tuple(value.shape[1:])) for name, value in start.items()}
    try:
        new = cell.step(gate, x, **state)
    except Exception as error:
        kind = "" if isinstance(error, Unfused) else f"{type(error).__name__} "
        reason = f"{raised_at(error)}: {kind}{error}"
    else:
        reason = None
    if reason:
        raise Unfused(reason)
    if not isinstance(new, dict) or set(new) != set(state) or not all(isinstance(v, Symbol) for v in new.values()):
        raise Unfused(f"its step does not return the new {', '.join(state)} by name")
    for name, value in new.items():
        if value.units != state[name].units:
            old = described(state[name].units)
            raise Unfused(f"its step returns {name} with {described(value.units)}; it had {old}")
    return {name: new[name].number for name in state}


def parts(module):
    """A module and all modules in it."""
    found = [module]
    for child in vars(module)["_modules"].values():
        if child is not None:
            found += parts(child)
    return found


def raised_at(error):
    """The line of the step that raised error."""
    lines = [line for line in traceback.extract_tb(error.__traceback__) if not line.filename.startswith(PLACES)]
    return f"line {lines[-1].lineno}, {lines[-1].line}" if lines else "its step"
