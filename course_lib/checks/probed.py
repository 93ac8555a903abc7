"""What a wrong answer makes of simpler cases: with one argument at 0 or 1, or with a single step."""

from itertools import combinations

import torch


def probed(right, cases):
    """A sentence about the argument without which the answer would be right; none where there is no such argument.

    right   function(case): is the answer right on it?
    """
    cases = [case for case in cases if all(one.numel() for one in tensors(case).values())][:4]
    if all(right(one) for one in map(one_step, cases)):
        return ["It is right where there is a single step: look at what goes from one step to the next."]
    for value in (0, 1):
        for name in dict.fromkeys(name for case in cases for name in places(case, value)):
            if all(right(with_value(case, name, value)) for case in cases):
                return [f"It is right when `{name}` is {value}: look at what you do with `{name}`."]
    whole = [name for name, one in cases[0].items() if isinstance(one, (torch.Tensor, dict))] if cases else []
    for one, other in combinations(whole, 2):
        if all(right(with_value(with_value(case, one, 0), other, 0)) for case in cases):
            return [f"It is right when `{one}` and `{other}` are both 0: look at where these two come in."]
    return []


def tensors(case):
    """{name: tensor} of all that a case gives, also inside its dicts."""
    found = {name: one for name, one in case.items() if isinstance(one, torch.Tensor)}
    for name, inner in case.items():
        if isinstance(inner, dict):
            found |= {f'{name}["{key}"]': one for key, one in inner.items()}
    return found


def places(case, value):
    """The arguments that may be set to 0 or 1; a count of steps is never 0."""
    numbers = [name for name, one in case.items() if isinstance(one, float) or isinstance(one, int) and value]
    return [*tensors(case), *(name for name, one in case.items() if isinstance(one, dict)), *numbers]


def with_value(case, name, value):
    """The case with one argument, or one part of a dict, at a value all over."""
    found = {}
    for own, one in case.items():
        if isinstance(one, dict):
            found[own] = {key: filled(part, value) if name in (own, f'{own}["{key}"]') else part
                          for key, part in one.items()}  # fmt: skip
        else:
            found[own] = filled(one, value) if own == name else one
    return found


def filled(one, value):
    """A tensor or a number of the same type, at a value all over."""
    return torch.full_like(one, value) if isinstance(one, torch.Tensor) else type(one)(value)


def one_step(case):
    """The case with the first step of every series; the case itself where nothing is a series."""
    return {name: one[:, :1] if isinstance(one, torch.Tensor) and one.dim() == 3 else one for name, one in case.items()}
