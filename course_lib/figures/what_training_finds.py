"""Figure of notebook 04b: how far each memory is learnt."""

import numpy as np

from course_lib.figures.given import as_annotated
from course_lib.lesson import show
from course_lib.plots import canvas

DARK = 40  # steps: a lag that is written in white


@as_annotated
def reached(reach: dict[str, list[int]], tasks: list[str], blocks: list[list[str]]):
    """How far each memory was learnt: {memory: (tasks,)}, the longest lag in steps, 0 for none.

    blocks   lists of the memories, a block of rows each; the darker a field, the longer its lag
    """
    figure, axes = canvas(rows=len(blocks), width=6.6, height=3.4)
    for ax, names in zip(np.atleast_1d(axes), blocks):
        lags = np.array([reach[name] for name in names])
        ax.imshow(np.log2(np.maximum(lags, 5) / 5), cmap="Greens", vmin=0, vmax=4.8, aspect="auto")
        for (row, column), lag in np.ndenumerate(lags):
            ax.text(column, row, lag or "none", ha="center", va="center", color="white" if lag >= DARK else "black")
        ax.set_yticks(range(len(names)), names)
        ax.set_xticks(range(len(tasks)), tasks if names is blocks[0] else [""] * len(tasks))
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        ax.grid(False)
        ax.spines[:].set_visible(False)
    figure.suptitle("longest lag that at least four of five runs learnt (steps)", fontsize=9)
    said = "; ".join(f"{name}: {', '.join(str(lag or 'none') for lag in lags)}" for name, lags in reach.items())
    show(figure, f"The longest lag, in steps, that at least four of five runs learnt, on {', '.join(tasks)}. {said}.")
