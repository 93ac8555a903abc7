"""What honest learners hand in whose machine is another one, or whose later cells undo what an earlier one had right.

Every case is as in odd.py.
"""

import torch
from handed_in import ALL, REST, cell, changed, with_first
from nbformat.v4 import new_code_cell
from odd import DEF, GRADED, PARTLY

HEAD = "def cell_update(c, g, f, i):\n"


def no_card():
    """How the PyTorch that is installed here begins to say that it finds no graphics card."""
    try:
        torch.ones(1).cuda()
    except (AssertionError, RuntimeError) as error:  # another one in each build, and with a driver and without
        return str(error)[:20]
    return "CUDA"


NO_CARD = no_card()


def then(*sources, first=DEF):
    """A first answer, and cells of one's own at the end of the notebook."""

    def change(notebook):
        cell(notebook, "cell_update").source = first
        notebook.cells += map(new_code_cell, sources)

    return changed(change)


def two_helpers(notebook):
    """Each of two answers has a helper, and both are called alike."""
    cell(
        notebook, "cell_update"
    ).source = f"def part(a, b):\n    return a * b\n{HEAD}    return part(f, c) + part(i, g)"
    cell(notebook, "gate_for_half_life").source += "\ndef part(a):\n    return a"


def written_in(version, source):
    def change(notebook):
        notebook.metadata.language_info = {"name": "python", "version": version}
        cell(notebook, "cell_update").source = source

    return changed(change)


def above(source, first):
    def change(notebook):
        notebook.cells.insert(2, new_code_cell(source))
        cell(notebook, "cell_update").source = first

    return changed(change)


SCALED = f"scale = 1.0\n{HEAD}    return scale * (f * c + i * g)"
TORCH = f"import torch\n{HEAD}    return torch.as_tensor(f) * c + i * g"
STAR = f"from torch import *\n{HEAD}    return exp(c * 0) * f * c + i * g"
LACKS = f"from helper_of_mine import product\n{HEAD}    return product(f, c) + i * g"
CARELESS = {
    # What was right when Jupyter checked it, and is undone below.
    "named as its value": (then("cell_update = cell_update(1., 2., 0.3, 0.4)"), ALL, GRADED, "judged as it was before"),
    "named as its value twice": (then(*["cell_update = cell_update(1., 2., 0.3, 0.4)", "cell_update = 3"]),
                                 ALL, GRADED, "judged as it was before"),
    "deleted below": (then("del cell_update"), ALL, GRADED, "judged as it was before"),
    "changed below": (then("scale = 100.0", first=SCALED), ALL, GRADED, "judged as it was before"),
    "changed below twice": (then("scale = 100.0", "scale = 7", first=SCALED), ALL, GRADED, "judged as it was before"),
    "two helpers of one name": (changed(two_helpers), ALL, GRADED, "judged as it was before gate_for_half_life"),
    "torch is a number": (then("torch = 3", first=TORCH), ALL, GRADED, "cell_update: judged as it was before"),
    "sum is a number": (then("sum = 0", first=f"{HEAD}    return sum([f * c, i * g])"),
                        ALL, GRADED, "judged as it was before"),
    "taken by a star": (then("from math import *", first=STAR), ALL, GRADED, "judged as it was before"),
    # ... but of two answers the last one counts, and what was wrong all along stays so.
    "right, then wrong": (then(DEF.replace("f * c", "c")), REST, GRADED, ""),
    "wrong, and changed below": (then("scale = 100.0", first=SCALED.replace("f * c", "c")), REST, GRADED, ""),
    # What the learner's machine had, and this one may not have: for the teacher's hand.
    "on a graphics card": (with_first(f"{HEAD}    return (f * c.to('cuda') + i * g.to('cuda')).cpu()"),
                           REST, PARTLY, NO_CARD),
    "on an Apple": (with_first(f"import torch\n{HEAD}    return f * torch.as_tensor(c, device='mps') + i * g"),
                    REST, PARTLY, "mps"),
    "a card above": (above("import torch\none = torch.ones(1).cuda()", f"{HEAD}    return one * (f * c + i * g)"),
                     REST, PARTLY, NO_CARD),
    "a package above": (above("import nowhere_here as nh", f"{HEAD}    return nh.add(f * c, i * g)"),
                        REST, PARTLY, "No module named"),
    "newer Python": (written_in("3.99.1", f"{HEAD}    print(f'{{c!}}')\n    return f * c + i * g"),
                     REST, PARTLY, "of Python 3.99.1"),
    "no newer Python": (written_in("3.8.1", DEF.replace("return", "return return")), REST, GRADED, ""),
    "older NumPy": (with_first(f"import numpy as np\n{HEAD}    return np.float_(1) * (f * c + i * g)"),
                    REST, PARTLY, "was removed"),
    "older NumPy, another": (with_first(f"import numpy as np\n{HEAD}    return np.product([1]) * (f * c + i * g)"),
                             REST, PARTLY, "no attribute"),
    "from the network": (with_first(f"import urllib.request\n{HEAD}    urllib.request.urlopen('http://127.0.0.1:9')\n"
                                    "    return f * c + i * g"), REST, PARTLY, "urlopen"),
    "asks first": (with_first(f"name = input('Who are you? ')\n{DEF}"), ALL, GRADED, ""),
    "asks for what it needs": (with_first(f"one = float(input('One: '))\n{HEAD}    return one * (f * c + i * g)"),
                               REST, PARTLY, "EOFError"),
    "a drive first": (with_first(f"from google.colab import drive\ndrive.mount('/content/drive')\n{DEF}"),
                      ALL, GRADED, ""),
    "needs a file of one's own": (with_first(LACKS), REST, PARTLY, "helper_of_mine"),
}  # fmt: skip
