"""See how much of a memory's derivative is left after some steps, and by which path it came."""

import numpy as np
import torch
import traitlets as traits

from course_lib import doors, plots
from course_lib.cells import GRUCell, JANETCell, LSTM1997Cell, LSTMCell, RNNCell
from course_lib.gradients import jacobians, paths
from course_lib.initialise import memory_biases, named_weights
from course_lib.training import drawn_from
from course_lib.widgets.browser import Browser, listed, script

LENSES = {"RNN": RNNCell, "LSTM": LSTMCell, "LSTM 1997": LSTM1997Cell, "GRU": GRUCell, "JANET": JANETCell}
UNITS = 12


def gradient_by_lag(name, *, bias=0.0, scale=1.0, lag=40, seed=0):
    """The derivative of the last memory by the memory `lag` steps before, by path: {path: array (lag + 1,)}.

    name    one of LENSES, at default initialisation, with 12 units, over 2 sequences of Gaussian noise
    bias    added to the bias of the gate on the memory, where there is one
    scale   multiplies every recurrent matrix U

    Entry k is the spectral norm for a distance of k steps. "direct" is the product of gates, "rest" all that goes
    through h and the weights; a cell without a direct path has only "total". ValueError for an unknown name, for a bias
    or scale that is not finite, and for a lag below 1.
    """
    who, Lens = "gradient_by_lag", LENSES[doors.choice("gradient_by_lag", "cell", name, LENSES)]
    bias, scale = doors.number(who, "bias", bias), doors.number(who, "scale", scale)
    lag, seed = doors.whole(who, "lag", lag), doors.seed(who, seed)
    with drawn_from(seed):
        cell, x = Lens(4, UNITS).double(), torch.randn(2, lag, 4).double()
    with torch.no_grad():
        for weight, values in named_weights(cell).items():
            if weight.startswith("U"):
                values.mul_(scale)
        if cell.memory and cell.memory[0]:
            for weight, sign in memory_biases(cell):
                weight.add_(sign * bias)
    if cell.memory is None:
        norms = np.linalg.norm(jacobians(cell, x, of="h"), 2, axis=(-2, -1))
        with np.errstate(divide="ignore"):
            return {"total": np.exp(np.log(norms).mean(axis=-1))[::-1]}
    return {path: norms[::-1] for path, norms in paths(cell, x).sizes().items()}


class GradientMicroscope(Browser):
    """How much of a memory's derivative is left after some steps, and by which path it came.

    cell    a name of LENSES; bias, scale and lag as in gradient_by_lag
    """

    _esm = script(__file__)
    moved = ("cell", "bias", "scale", "lag")
    cell = traits.Unicode("LSTM").tag(sync=True)
    bias = traits.Float(0.0).tag(sync=True)
    scale = traits.Float(1.0).tag(sync=True)
    lag = traits.Int(30).tag(sync=True)
    choices = traits.List(list(LENSES)).tag(sync=True)

    def look(self):
        found = gradient_by_lag(self.cell, bias=self.bias, scale=self.scale, lag=self.lag)
        memory = LENSES[self.cell].memory
        text = f"{self.cell}, {self.lag} steps back: of a change of the memory, {found['total'][-1]:.1e} is left."
        if memory:
            direct, rest = found["direct"][-1], found["rest"][-1]
            larger = "the direct path" if direct > rest else "the path through h"
            text += f" Direct path {direct:.1e}, path through h {rest:.1e}: {larger} is the larger."
        return {"paths": {path: listed(values) for path, values in found.items()}, "text": text,
                "has_gate": bool(memory and memory[0])}  # fmt: skip

    @staticmethod
    def static():
        """(figure, text): the LSTM at three biases of the forget gate."""
        biases, ends = (0.0, 2.0, 5.0), []
        figure, axes = plots.canvas(len(biases), width=9, height=3)
        for ax, bias in zip(axes, biases):
            found = gradient_by_lag("LSTM", bias=bias)
            for path, values in found.items():
                plots.line(ax, range(1, len(values)), values[1:], of=path)
            ax.set(yscale="log", ylim=(1e-10, 1e2))
            plots.label(ax, "steps back", "size of the derivative", title=f"forget bias + {bias:g}", legend=bias == 0)
            ends.append(f"bias + {bias:g}: direct {found['direct'][-1]:.1e}, through h {found['rest'][-1]:.1e}")
        return (
            figure,
            f"The derivative of an LSTM's memory by the memory up to 40 steps before. At 40: {'; '.join(ends)}.",
        )
