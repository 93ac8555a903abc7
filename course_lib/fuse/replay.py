"""Run a program with torch, step by step: what the compiled loops do, as a graph that has derivatives of any order."""

import torch
from torch.nn import functional

from course_lib.fuse.move import MOVES
from course_lib.fuse.ops import ROW


def again(program, x, start, tensors, dhidden, dlast):
    """The gradients of x, of every state's start and of the tensors, as tensors that have derivatives themselves.

    start      [the start of every state (batch, width)]; tensors: the program's
    dhidden    the gradient of h after every step (batch, time, width), or None; dlast: of every last state, or None
    """
    with torch.enable_grad():
        given = [value.view_as(value) for value in (x, *start, *tensors)]  # one may have been computed from another
        x, start, tensors = given[0], given[1 : 1 + len(start)], given[1 + len(start) :]
        hidden, last = replay(program, x, start, tensors)
        ends = [(value, slope) for value, slope in zip((hidden, *last), (dhidden, *dlast)) if slope is not None]
        wanted = [value for value in given if value.requires_grad]
        values, slopes = zip(*ends)
        found = iter(torch.autograd.grad(values, wanted, slopes, create_graph=True, allow_unused=True))
        found = [next(found) if value.requires_grad else None for value in given]
        found = [torch.zeros_like(value) if slope is None else slope for value, slope in zip(given, found)]
    return found[0], found[1 : 1 + len(start)], found[1 + len(start) :]


def replay(program, x, start, tensors):
    """(h after every step (batch, time, width), [every last state (batch, width)]) of a program."""
    state, hidden = start, []
    indices = [[places(move) for move in moves] for moves in program.moves]
    for x_t in x.unbind(dim=1):
        state = step(program, x_t, state, tensors, indices)
        hidden.append(state[0])
    return torch.stack(hidden, dim=1), state


def under_transform(*tensors):
    """Whether torch.func transforms what runs now, or one of these stands for many: numbers cannot be read then."""
    inside, many = torch._C._functorch.peek_interpreter_stack, torch._C._functorch.is_legacy_batchedtensor
    return inside() is not None or any([many(a) for a in tensors if a is not None])


def step(program, x, state, tensors, indices):
    """The new states."""
    values, leaves = [], iter((x, *state))

    def value(a):
        if isinstance(a, int):
            return values[a]
        return a if isinstance(a, float) else program.constants[int(a.removeprefix("constant"))]

    for op, args, wide, index in program.nodes:
        if op in ("x", "state"):
            result = next(leaves)
        elif op == "vector":
            result = tensors[index].expand(len(x), -1)
        elif op == "linear":
            result = functional.linear(values[args[0]], tensors[index])
        elif op in MOVES:
            result = moved(op, [values[a] for a in args], program.widths[wide], indices[index])
        else:
            given = [value(a) for a in args]
            result = ROW[op].torch(given[0] != 0, *given[1:]) if op == "where" else ROW[op].torch(*given)
        values.append(result.to(x.dtype))
    return [values[i] for i in program.new]


def places(move):
    """(the place of every number that a move takes, the place where it goes)."""
    from_, to, loops = torch.tensor([move[0]]), torch.tensor([move[1]]), move[2]
    for count, source_step, goal_step in loops:
        n = torch.arange(count)
        from_, to = ((a[:, None] + n * step).flatten() for a, step in ((from_, source_step), (to, goal_step)))
    return from_, to


def moved(op, sources, width, indices):
    """What a move gives."""
    result = sources[0].new_full((len(sources[0]), width), -torch.inf if op == "max" else 0.0)
    for source, (from_, to) in zip(sources, indices):
        taken = source[:, from_]
        if op == "max":
            result = result.scatter_reduce(1, to.expand_as(taken), taken, "amax")
        else:
            result = result.index_add(1, to, taken)
    return result
