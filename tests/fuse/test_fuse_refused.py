"""What a step may not do with a value is said in one sentence, beside the line that does it."""

import re

import pytest
import torch
from torch.nn import functional

from course_lib.cells import RNNCell
from course_lib.fuse import fuse

BATCH = "only the units of a sequence may be taken apart, not the batch"


def moved_and_changed(a):
    """What was moved shares its memory with what is changed."""
    return a.transpose(1, 1), a.mul_(2)


REFUSED = {  # {what is said: what a step does to x (batch, 2) and h (batch, 4)}
    f"dim=0; {BATCH}": lambda x, h: h.flip(0),
    f"dim=-2; {BATCH}": lambda x, h: torch.cat([h, h], -2),
    f"dim=2; {BATCH}": lambda x, h: h.split(2, 2),
    "a split of 4 units into [3, 2]": lambda x, h: h.split([3, 2], 1),
    "4 units as units (3, 2)": lambda x, h: h.view(h.shape[0], 3, 2),
    "sequences of the batch cannot be picked out, only their units, as in a[:, 2:4]": lambda x, h: h[0],
    "units picked out by list; a range does, as in a[:, 2:4]": lambda x, h: h[:, [0, 2]],
    "cat of values and tensors without a batch; tensor.expand(h.shape[0], -1) would do": lambda x, h: torch.cat(
        [h, torch.ones(3, 4)], 1
    ),
    "cat of units (2, 2) and units (1, 4)": lambda x, h: torch.cat([h.unflatten(1, (2, 2)), h[:, None]], 1),
    "(3, 4) does not begin with the number of sequences, h.shape[0]": lambda x, h: h.view(3, 4),
    "has the number of sequences more than once": lambda x, h: h.view(h.shape[0], h.shape[0]),
    "squeeze without dim, which drops the batch if it is one sequence": lambda x, h: h.squeeze(),
    "the axes in the order (1, 0); the batch comes first": lambda x, h: h.permute(1, 0),
    "4 units expanded to (3, 4)": lambda x, h: h.expand(3, 4),
    "4 units expanded to 1 units": lambda x, h: h.expand(-1, 1),
    "numbers moved along more than three axes at once": lambda x, h: (
        torch.cat([h] * 4, 1).unflatten(1, (2, 2, 2, 2)).permute(0, 4, 3, 2, 1)
    ),
    "sum over the whole batch; over the units it is sum(dim=1)": lambda x, h: h.sum(),
    "rounding_mode='ceil'": lambda x, h: torch.div(h, 2, rounding_mode="ceil"),
    "max over units gives an index too; a.amax(dim=1) gives the number alone": lambda x, h: h.max(1),
    "min over units gives an index too; a.amin(dim=1) gives the number alone": lambda x, h: h.min(dim=1),
    "where with one argument: how many there are depends on the data": lambda x, h: torch.where(h > 0),
    "and of numbers; of comparisons it is compiled": lambda x, h: h & h,
    "numbers made torch.float16": lambda x, h: h.to(torch.float16),
    "numbers moved to cuda": lambda x, h: h.to("cuda"),
    "numbers of torch.float16": lambda x, h: torch.zeros_like(h, dtype=torch.float16),
    "dropout draws random numbers at every step; cell.eval() turns it off": lambda x, h: functional.dropout(h),
    "it draws random numbers": lambda x, h: torch.rand_like(h),
    "a norm other than the Euclidean": lambda x, h: h.norm(1, dim=1),
    "a norm over (3,) of 4 units": lambda x, h: functional.layer_norm(h, (3,)),
    "3 groups of 4 units": lambda x, h: functional.group_norm(h, 3),
    "a product that is not (batch, in) times a weight": lambda x, h: functional.linear(h, h),
    "a product of 4 units with a matrix of 2 columns": lambda x, h: functional.linear(h, torch.ones(4, 2)),
    "a product of matrices one of which is a vector; einsum says which axes are meant": lambda x, h: (
        h.unflatten(1, (2, 2)) @ h
    ),
    "einsum 'bi,bi'; it needs -> and every letter once in a term": lambda x, h: torch.einsum("bi,bi", h, h),
    "einsum 'bii->bi'; it needs -> and every letter once in a term": lambda x, h: torch.einsum(
        "bii->bi", h.unflatten(1, (2, 2))
    ),
    "einsum 'bi->ib'; the batch comes first in every value and in the result": lambda x, h: torch.einsum("bi->ib", h),
    "einsum with 'ij' in the result and 'i' in the terms": lambda x, h: torch.einsum("bi->bij", h),
    "2 units and 4 units in one operation": lambda x, h: x + h,
    "a tensor (3,) together with 4 units": lambda x, h: h + torch.ones(3),
    "add of yes or no; a.to(h.dtype) makes numbers of it": lambda x, h: (x > 0) + (x < 1),
    "a part is changed in place; build the whole with torch.cat or torch.where": lambda x, h: h.__setitem__(0, 1.0),
    "it changes in place what something else may be reading": lambda x, h: h.add_(1),
    "in place what something else may be reading": lambda x, h: (2 * h).unflatten(1, (2, 2)).permute(0, 2, 1).add_(1),
    "changes in place what something else may be reading": lambda x, h: moved_and_changed(2 * h),
    "it goes through the sequences of the batch one by one": lambda x, h: list(h),
    "what it does depends on the data": lambda x, h: float(h[:, 0]),
    "cumsum is not compiled": lambda x, h: h.cumsum(1),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_compiled_is_named_with_what_would_do(said):
    step = {"step": lambda self, gate, x, h: {"h": (REFUSED[said](x, h), h)[1]}}
    why_not = fuse(type("StepCell", (RNNCell,), step)(2, 4)).why_not
    assert re.fullmatch(rf"StepCell runs step by step: line \d+, .*: .*{re.escape(said)}", why_not), why_not
