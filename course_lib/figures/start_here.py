"""The figure of notebook 00."""

from course_lib.figures.given import Line, as_annotated
from course_lib.lesson import show
from course_lib.plots import BLUE, canvas, label

DASHES = (":", "-.", "--", "-")


@as_annotated
def four_memories(memory: dict[float, Line]):
    """What is left of 1 over time, for {forget gate: (time,)}: one curve for each gate, named at its end."""
    figure, ax = canvas()
    for (forget, left), dashes in zip(memory.items(), DASHES[: len(memory)], strict=True):
        ax.plot(range(1, len(left) + 1), left, dashes, color=BLUE, linewidth=2)
        low = [t for t, value in enumerate(left) if value < 0.4]  # a curve that falls is named on its way
        at = low[0] if low else len(left) - 1
        ax.annotate(f"gate {forget:g}", (at + 1, left[at]), (5, 0), textcoords="offset points", va="center", fontsize=9)
    label(ax, "time (steps)", "what is left of the memory c").set_xlim(0, 1.13 * len(left))
    ends = ", ".join(f"with {forget:g} {left[-1]:.2g}" for forget, left in memory.items())
    show(figure, f"A memory that starts at 1 and is multiplied by a gate at every step, for four gates. The nearer the "
         f"gate is to 1, the flatter the curve; after {len(left)} steps there is left {ends}.")  # fmt: skip
