"""Write a cell as JavaScript: the same numbers as `unroll` and its gradients, in a browser, without Python.

>>> written = script(LSTMCell(2, 8))
>>> print(written.text.partition(". ")[0])
// LSTMCell, from its step: through time, and the gradient back
>>> list(written.weights)[:3]
['W_f', 'U_f', 'b_f']

How: `step` is read once, as `fuse` reads it, and the rows of operations that write LLVM's text write JavaScript's as
well. train.js, by hand, has what training needs beside the cell: readout, losses, Adam.
"""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from course_lib.cells import Cell, check_cell
from course_lib.fuse.trace import Unfused
from course_lib.script.module import text
from course_lib.script.read import Step

TRAIN = Path(__file__).parent / "train.js"  # a module too


@dataclass(frozen=True)
class Script:
    """A cell as JavaScript.

    text          a module, which describes its `cell` and has `make(batch, steps)`; its first lines say how it is used
    parameters    {name in the equations: parameter of the cell}
    weights       {name in the equations: its numbers now, row after row in one list}, which the module is given
    """

    text: str
    parameters: dict[str, nn.Parameter]

    @property
    def weights(self) -> dict[str, list[float]]:
        return {name: weight.detach().double().flatten().tolist() for name, weight in self.parameters.items()}


def script(cell: Cell) -> Script:
    """cell as JavaScript; any Cell, also your own. ValueError for one whose step cannot be written, which says why."""
    try:
        step = Step(check_cell("script", cell))
    except Unfused as reason:
        raise ValueError(f"{type(cell).__name__} has no JavaScript: {reason}") from None
    return Script(text(step), step.weights)
