"""See to it that a compiled step gives the numbers of `unroll`, before it is trusted.

A step is read on Symbols; what it does apart from that (draw numbers by other means, count, call code that Symbols do
not pass through) would be left out. So the first time that a cell's program is used, `unroll` and the compiled loops
run over a small batch, and their values and gradients are compared. This happens on a copy of the cell, which does not
notice, and torch's, numpy's and Python's own streams of random numbers go on from where they were. What no copy reaches
(a count or a generator that is a global) has gone on by a dozen steps when the cell is refused for it.
"""

import copy
import random
import weakref
from contextlib import contextmanager, suppress

import numpy as np
import torch

from course_lib.fuse.program import Program
from course_lib.fuse.read import parts
from course_lib.fuse.run import run_program
from course_lib.fuse.trace import Unfused
from course_lib.unroll import unroll

BATCH, TIME = 3, 6
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-8}
PROGRAMS = 12  # of one cell, after which no new one is compiled
LOOKS = 8  # at one cell, all of which found that it cannot be compiled, after which it is not looked at again
OF_TORCH = vars(torch.nn.Module()).keys()  # attributes of every module
RECORDS = weakref.WeakKeyDictionary()  # {cell: Record}


class Record:
    """What is known of a cell.

    verdicts    {what decides whether the loops are right: None, or why they are not used}
    refused     {what the cell was made of: why its step is not compiled}
    trusted     whether a step of it was compiled and found right, so that reading it changes nothing
    constants   the numbers in its step when it was read last
    """

    def __init__(self):
        self.verdicts, self.refused, self.trusted, self.constants = {}, {}, False, None


def checked(cell, x, start):
    """The Program of cell for x, after a check where it is a new one. Raises Unfused."""
    record = RECORDS.get(cell)
    if record is None:
        record = RECORDS[cell] = Record()
    if record.refused:
        look = looks(cell, x)
        if look in record.refused or len(record.refused) >= LOOKS and not record.trusted:
            raise Unfused(record.refused.get(look) or next(reversed(record.refused.values())))
    try:
        if not record.trusted:
            examine(cell, record, x)
        program = Program(cell, start, x.dtype)
        program.check(x, *start.values())
        known = key(cell, program, x)
        if known not in record.verdicts:
            examine(cell, record, x)
        if program.constants != record.constants:
            again = Program(cell, start, x.dtype)
            if again.nodes != program.nodes or again.constants != program.constants:
                raise Unfused("a number in its step is another one each time that it is read")
            record.constants = program.constants
        if verdict := record.verdicts.get(known, "its step is another one each time that it is read"):
            raise Unfused(verdict)
    except Unfused as reason:
        record.refused[looks(cell, x)] = str(reason)
        raise
    return program


def key(cell, program, x):
    """What decides whether the loops are right."""
    return program.nodes, program.new, program.training, x.dtype, x.requires_grad, step_of(cell)


def step_of(cell):
    return getattr(cell.step, "__func__", cell.step)


def looks(cell, x):
    """What the cell is made of, by identity."""
    found = [x.dtype, torch.is_grad_enabled(), step_of(cell)]
    for part in parts(cell):
        kept = vars(part)
        found += [id(v) for group in (kept, kept["_parameters"], kept["_buffers"]) for v in group.values()]
    return tuple(found)


def examine(cell, record, x):
    """Read the step of a copy of cell, twice, compare its loops with `unroll`, keep the verdict. Raises Unfused."""
    if len({nodes for nodes, *_ in record.verdicts}) >= PROGRAMS:
        raise Unfused(f"its step has been another one {PROGRAMS} times; compiling each takes longer than it saves")
    with undisturbed():
        twin = copied(cell)
        start = twin.start(BATCH)
        program, again = (Program(twin, start, x.dtype) for _ in range(2))
        program.check(x, *start.values())
        if not same(program, again):
            raise Unfused("its step is not the same twice: it counts, or draws random numbers")
        if changed := difference(cell, twin):
            raise Unfused(f"its step changes {changed}")
        verdict = record.verdicts[key(cell, program, x)] = compare(twin, program, start, x)
    if verdict:
        raise Unfused(verdict)
    record.trusted = True


@contextmanager
def undisturbed():
    """Gradients are on, and the streams of random numbers go on afterwards from where they were."""
    kept = torch.get_rng_state(), np.random.get_state(), random.getstate()
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_rng_state(kept[0])
        np.random.set_state(kept[1])
        random.setstate(kept[2])


def copied(cell):
    """A copy of cell with tensors of its own, whatever they were computed from."""
    memo = {}
    for part in parts(cell):
        for group in (vars(part), vars(part)["_parameters"], vars(part)["_buffers"]):
            for value in group.values():
                if isinstance(value, torch.Tensor) and id(value) not in memo:
                    own = value.detach().clone()
                    if isinstance(value, torch.nn.Parameter):
                        own = torch.nn.Parameter(own, value.requires_grad)
                    memo[id(value)] = own.requires_grad_(value.requires_grad)
    try:
        return copy.deepcopy(cell, memo)
    except Exception as error:
        raise Unfused(f"it cannot be copied to be checked: {type(error).__name__} {error}") from None


def same(a, b):
    """Whether two programs are equal, numbers and tensors included; NaN equals NaN."""
    if a.nodes != b.nodes or str(a.constants) != str(b.constants) or a.moves != b.moves:
        return False
    return all(not unlike(v, w) for v, w in zip(a.tensors, b.tensors))


def difference(cell, twin):
    """What is not the same any more in a copy of cell, in words; None if all is."""
    for part, other in zip(parts(cell), parts(twin)):
        for kind, name in (("attribute", None), ("buffer", "_buffers"), ("parameter", "_parameters")):
            old, new = (vars(p) if name is None else vars(p)[name] for p in (part, other))
            for key in old.keys() | new.keys():
                if key not in OF_TORCH and (key not in old or key not in new or unlike(old[key], new[key])):
                    return f"the {kind} {key} of its {type(part).__name__}"
    return None


def unlike(a, b, depth=4):
    """Whether two values differ, as far as can be told."""
    if type(a) is not type(b):
        return True
    if isinstance(a, torch.Tensor):
        return a.shape != b.shape or not torch.isclose(a, b, rtol=0, atol=0, equal_nan=True).all()
    if isinstance(a, torch.Generator):
        return not torch.equal(a.get_state(), b.get_state())
    if isinstance(a, (bool, int, float, complex, str, bytes)):
        return a != b and (a == a or b == b)
    if isinstance(a, (list, tuple)):
        return len(a) != len(b) or any(unlike(v, w, depth) for v, w in zip(a, b))
    if isinstance(a, dict):
        return a.keys() != b.keys() or any(unlike(a[k], b[k], depth) for k in a)
    return (
        depth > 0
        and not isinstance(a, torch.nn.Module)
        and hasattr(a, "__dict__")
        and unlike(vars(a), vars(b), depth - 1)
    )


def compare(cell, program, start, like):
    """None, or what differs between the loops and `unroll` on a small batch of numbers like those of a tensor.

    Where not all results are finite (a logarithm, say), numbers of one sign are tried as well: NaN tells nothing.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(BATCH, TIME, cell.input_size, generator=generator, dtype=like.dtype)
    more = {name: torch.rand(v.shape, generator=generator, dtype=like.dtype) for name, v in start.items()}
    start = {name: v.detach() + 0.1 * more[name] for name, v in start.items()}
    for sign in (None, 1, -1):
        if sign is not None:
            x, start = sign * x.abs(), {name: sign * v.abs() for name, v in start.items()}
        verdict, finite = compare_on(cell, program, x, start, like)
        if verdict or finite:
            break
    return verdict


def compare_on(cell, program, x, start, like):
    """(None, or what differs; whether all results of `unroll` are finite) for an x and a start."""
    kind = like.dtype
    try:
        wanted = outcome(literal, cell, x, start, like.requires_grad)
    except Exception as error:
        return f"`unroll` ends with {type(error).__name__} {error}", False
    try:
        got = outcome(looped(program), cell, x, start, like.requires_grad)
    except ValueError:  # what the user has asked for cannot be, such as vectors of a width that is not here
        raise
    except Exception as error:
        return f"its loops end with {type(error).__name__} {error}", False
    worst, error = furthest(got, wanted)
    if not error > TOLERANCE[kind] or kind is torch.float32 and rounded(got, wanted, cell, x, start, like):
        return None, all(value.isfinite().all() for value in wanted.values())
    reason = f"its loops do not give the {worst} that `unroll` gives: something in it does not show when it is read"
    return reason, False


def rounded(got, wanted, cell, x, start, like):
    """Whether two float32 results differ by rounding: few digits may be left of a difference, in `unroll` as well.

    Then the loops and `unroll` give the same in float64, and neither is much further from that than the other.
    """
    kind = torch.float64
    with suppress(Exception):
        cell, x, start = copied(cell).to(kind), x.to(kind), {name: value.to(kind) for name, value in start.items()}
        exact = outcome(literal, cell, x, start, like.requires_grad)
        loops = outcome(looped(Program(cell, start, kind)), cell, x, start, like.requires_grad)
        exact32 = {name: value.float() for name, value in exact.items()}
        own = furthest(wanted, exact32)[1]
        return furthest(loops, exact)[1] <= TOLERANCE[kind] and furthest(got, exact32)[1] <= 10 * own
    return False


def literal(cell, x, start):
    trace = unroll(cell, x, start=start)
    return trace["h"], trace.final


def looped(program):
    return lambda cell, x, start: run_program(program, x, start, True)


def outcome(run, cell, x, start, grad_x):
    """{what: values and gradients of a mixture of them}."""
    x = x.clone().requires_grad_(grad_x)
    start = {name: value.clone().requires_grad_() for name, value in start.items()}
    hidden, final = run(cell, x, start)
    values = {"h of every step": hidden} | {f"last {name}": value for name, value in final.items()}
    generator = torch.Generator().manual_seed(1)
    loss = sum((v * torch.randn(v.shape, generator=generator).to(v)).sum() for v in values.values())
    inputs = {f"gradient of {name}": weight for name, weight in cell.named_parameters() if weight.requires_grad}
    inputs |= {f"gradient of the first {name}": value for name, value in start.items()}
    inputs |= {"gradient of x": x} if grad_x else {}
    gradients = [None] * len(inputs)
    if loss.requires_grad:
        gradients = torch.autograd.grad(loss, list(inputs.values()), allow_unused=True)
    gradients = {name: torch.zeros_like(of) if g is None else g for (name, of), g in zip(inputs.items(), gradients)}
    return {name: value.detach() for name, value in (values | gradients).items()}


def furthest(got, wanted):
    """(what is furthest from what is wanted, how far), relative to the largest number of each.

    Where some numbers are wanted, NaN and infinite ones are not compared; where none is, there must be none.
    """
    sizes = {name: value[value.isfinite()].abs().max().item() if value.isfinite().any() else None
             for name, value in wanted.items()}  # fmt: skip
    worst = None, 0.0
    for name, size in sizes.items():
        if size is None:
            error = float("inf") if got[name].isfinite().all() else 0.0
        else:
            kind = name.startswith("gradient")
            alike = max(other or 0.0 for key, other in sizes.items() if key.startswith("gradient") == kind)
            here = wanted[name].isfinite()
            error = (got[name] - wanted[name])[here].abs().max().item() / (max(size, 1e-2 * alike) or 1.0)
        if not error <= worst[1]:
            worst = name, error if error == error else float("inf")
    return worst
