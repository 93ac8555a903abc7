"""See how much of a memory's derivative is left after some steps, and by which path it came."""

import numpy as np
import torch

from course_lib import doors, plots
from course_lib.cells import GRUCell, JANETCell, LSTM1997Cell, LSTMCell, RNNCell, check_class
from course_lib.gradients import jacobians, paths
from course_lib.initialise import memory_biases, named_weights
from course_lib.training import drawn_from
from course_lib.widgets.live import Live, own

LENSES = {"RNN": RNNCell, "LSTM": LSTMCell, "LSTM 1997": LSTM1997Cell, "GRU": GRUCell, "JANET": JANETCell}
INPUTS, UNITS, STEPS = 4, 12, 40


def lens(who, cell):
    """A name of LENSES, or a class of cells, as (name, class)."""
    if doors.is_a(type, cell):
        return check_class(who, cell, name="cell").__name__, cell
    return cell, LENSES[doors.choice(who, "cell", cell, LENSES)]


def specimen(Lens, *, lag=STEPS, seed=0):
    """(cell, x): a cell of this class with UNITS units at default initialisation, and 2 sequences of Gaussian noise."""
    with drawn_from(seed):
        return Lens(INPUTS, UNITS).double(), torch.randn(2, max(lag, STEPS), INPUTS).double()[:, :lag]


def keepers(cell):
    """[(bias, sign)] of the gate on the memory, where there is one."""
    return memory_biases(cell) if cell.memory and cell.memory[0] else []


def gradient_by_lag(name, *, bias=0.0, scale=1.0, lag=40, seed=0):
    """The derivative of the last memory with respect to that `lag` steps before, by path: {path: array (lag + 1,)}.

    name    one of LENSES or a class of cells, at default initialisation, with 12 units, over 2 sequences of Gaussian
            noise
    bias    added to the bias of the gate on the memory, where there is one
    scale   multiplies every recurrent matrix U

    Entry k is the spectral norm for a distance of k steps. "direct" is the product of gates, "rest" all that goes
    through h and the weights; a cell without a direct path has only "total". ValueError for an unknown name, for a bias
    or scale that is not finite, and for a lag below 1.
    """
    who = "gradient_by_lag"
    _, Lens = lens(who, name)
    bias, scale = doors.number(who, "bias", bias), doors.number(who, "scale", scale)
    cell, x = specimen(Lens, lag=doors.whole(who, "lag", lag), seed=doors.seed(who, seed))
    with torch.no_grad():
        for weight, values in named_weights(cell).items():
            if weight.startswith("U"):
                values.mul_(scale)
        for weight, sign in keepers(cell):
            weight.add_(sign * bias)
    if cell.memory is None:
        norms = np.linalg.norm(jacobians(cell, x, of="h"), 2, axis=(-2, -1))
        with np.errstate(divide="ignore"):
            return {"total": np.exp(np.log(norms).mean(axis=-1))[::-1]}
    return {path: norms[::-1] for path, norms in paths(cell, x).sizes().items()}


class GradientMicroscope(Live):
    """How much of a memory's derivative is left after some steps, and by which path it came.

    cell    a name of LENSES, or a class of cells of your own, which is then among the choices; bias, scale and lag as
            in gradient_by_lag, up to 40 steps: where it begins

    ValueError for a cell that has no JavaScript.
    """

    title, script = "Gradient microscope", own(__file__)

    def __init__(self, cell="LSTM", *, bias=0.0, scale=1.0, lag=30):
        who = "GradientMicroscope"
        name, Lens = lens(who, cell)
        self.lenses = {name: specimen(Own) for name, Own in ({name: Lens} | LENSES).items()}
        self.first = {"cell": name, "bias": doors.number(who, "bias", bias, least=-2, most=8),
                      "scale": doors.number(who, "scale", scale, least=0.1, most=4),
                      "lag": doors.whole(who, "lag", lag, least=5, most=STEPS)}  # fmt: skip

    def cells(self):
        return {name: cell for name, (cell, _) in self.lenses.items()}

    def data(self):
        told = {}
        for name, (cell, _) in self.lenses.items():
            names = {id(weight): of for of, weight in named_weights(cell).items()}
            told[name] = {"memory": cell.memory, "keepers": {names[id(weight)]: sign for weight, sign in keepers(cell)}}
        x = {name: x.tolist() for name, (_, x) in self.lenses.items()}
        return {"first": self.first, "steps": STEPS, "x": x, "lenses": told}

    def static(self):
        """(figure, text): its first cell at three biases of its gate, or, without one, at three sizes of U."""
        cell = self.lenses[self.first["cell"]][0]
        gated, ends = bool(keepers(cell)), []
        settings = [{"bias": bias} for bias in (0.0, 2.0, 5.0)] if gated else [{"scale": k} for k in (1.0, 2.0, 4.0)]
        figure, axes = plots.canvas(len(settings), width=9, height=3)
        for ax, setting in zip(axes, settings):
            found = gradient_by_lag(type(cell), **setting)
            for path, values in found.items():
                plots.line(ax, range(1, len(values)), values[1:], of=path)
            (value,) = setting.values()
            name, first = (f"gate's bias + {value:g}" if gated else f"{value:g} times U"), setting == settings[0]
            ax.set(yscale="log", ylim=(1e-12, 1e3))
            plots.label(ax, "steps back", "size of the derivative", title=name, legend=first)
            ends.append(f"{name}: " + ", ".join(f"{path} {values[-1]:.1e}" for path, values in found.items()))
        what = "memory" if cell.memory else "state"
        return (
            figure,
            f"The derivative of the {what} of {type(cell).__name__} with respect to the {what} up to 40 steps "
            f"before. At 40: {'; '.join(ends)}.",
        )
