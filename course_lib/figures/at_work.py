"""The figure of notebooks 09 and 13: one unit of a trained network at work, its gates and its memory, step by step."""

import numpy as np

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas, label, line, symbols


@as_annotated
def at_work(letters: list[str], gates: dict[str, Line], memory: dict[str, Line], *, moments: dict[str, int], x: str):
    """The gates {name: (steps,)} of one unit under the letters of its steps, and tanh(c) {of what: (steps,)}.

    moments   {name: step}, where the figure's text tells the values
    x         what the letters are
    """
    figure, ax = canvas(width=8.8, height=2.8)
    for name, values in gates.items():
        line(ax, np.arange(len(letters)), values, of=name, name=f"{name} gate")
    for (name, values), dashes in zip(memory.items(), ("-", (0, (5, 2)), ":")):
        ax.plot(values, color="black", linestyle=dashes, label=f"tanh(c) for {name}")
    symbols(ax, ["¶" if symbol == "\n" else symbol for symbol in letters])
    label(ax, x, "gate (0 to 1),\ntanh(c) (-1 to 1)", legend="above").set_ylim(top=1.05)
    told = {f"{name} gate": values for name, values in gates.items()}
    told |= {f"tanh(c) for {name}": values for name, values in memory.items()}
    ranges = "; ".join(f"{name} from {values.min():.2f} to {values.max():.2f}" for name, values in told.items())
    at = " ".join(f"{moment}: {', '.join(f'{name} = {values[step]:.2f}' for name, values in told.items())}."
                  for moment, step in moments.items())  # fmt: skip
    show(figure, f"Gates of one unit, and tanh of its memory c, over {len(letters)} steps: {ranges}. {at}")
