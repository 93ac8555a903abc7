"""Turn a constant forget gate, and see how long a memory lasts and stands out from noise."""

import numpy as np

from course_lib import doors, plots
from course_lib.gradients import half_life
from course_lib.widgets.live import Live, own

LAGS = (1, 1e5)  # the range of the half-life dial, in steps
HUGE = 1e70  # of which the fourth power is a number


def longest_lag(gate, noise, *, clear=2.0):
    """The largest lag at which a stored 1 stands out from noise, in steps (not rounded).

    c' = gate c + e, with e of standard deviation noise at every step. After L steps the stored 1 is gate^L, and the
    noise has the standard deviation noise sqrt((1 - gate^2L) / (1 - gate²)), or noise sqrt(L) for gate = 1. It stands
    out while it is at least clear standard deviations. gate in [0, 1], noise and clear above 0, within what can be
    squared; ValueError otherwise.
    """
    gate = doors.number("longest_lag", "gate", gate, least=0, most=1)
    noise = doors.number("longest_lag", "noise", noise, least=1 / HUGE, most=HUGE)
    clear = doors.number("longest_lag", "clear", clear, least=1 / HUGE, most=HUGE)
    if gate == 1:
        return 1 / (clear * noise) ** 2
    if gate == 0:
        return 0.0
    ratio = (clear * noise) ** 2 / (1 - gate**2)
    return float(np.log(ratio / (1 + ratio)) / (2 * np.log(gate)))


def fading(gate, noise, lags):
    """(kept, spread): what is left of a stored 1 after lags (array of steps), and the noise's standard deviation.

    ValueError for a gate outside [0, 1], a noise below 0, and lags below 0.
    """
    lags = doors.array("fading", "lags", lags, least=0)
    gate, noise = doors.number("fading", "gate", gate, least=0, most=1), doors.number("fading", "noise", noise, least=0)
    return gate**lags, noise * np.sqrt(lags if gate == 1 else (1 - gate ** (2 * lags)) / (1 - gate**2))


def gate_of_half_life(steps):
    """The constant gate value that halves a memory in so many steps, 2^(-1/steps); steps > 0."""
    return float(0.5 ** (1 / doors.number("gate_of_half_life", "steps", steps, above=0)))


def gate_of_bias(bias):
    """The gate value σ(bias): what a gate is when its input and state weights add nothing; bias: a finite number."""
    return float(1 / (1 + np.exp(-doors.number("gate_of_bias", "bias", bias, least=-700))))  # e^709 is the largest


def bias_of_gate(gate):
    """The bias whose sigmoid is gate, above 0 and below 1: log(gate / (1 - gate))."""
    gate = doors.number("bias_of_gate", "gate", gate, above=0, most=1)
    if gate == 1:
        doors.refuse("bias_of_gate", "gate as a number below 1, as no bias opens a gate entirely", gate)
    return float(np.log(gate) - np.log1p(-gate))


class HalfLifeDial(Live):
    """A constant forget gate, its half-life, and the longest lag at which a stored value stands out from noise.

    The learner guesses a half-life first; then bias and half-life turn together.
    """

    title, script = "Half-life dial", own(__file__)

    def data(self):
        return {"asked": 0.99, "lags": LAGS}

    @staticmethod
    def static():
        """(figure, text): what is left of a stored value at three gate values."""
        gates = (0.9, 0.99, 0.999)
        figure, axes = plots.canvas(len(gates), width=9, height=2.8)
        for ax, gate in zip(axes, gates):
            draw_fading(ax, gate, 0.05, title=f"f = {gate:g}", legend=False)
        figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False, fontsize=8)
        ends = "; ".join(f"f = {gate:g}: {half_life(gate):.0f} steps, {longest_lag(gate, 0.05):.0f}" for gate in gates)
        return (
            figure,
            f"What is left of a stored 1, by lag. Half-life, and longest lag that stands out from noise: {ends}.",
        )


def draw_fading(ax, gate, noise, *, title=None, legend="above"):
    """What is left of a stored 1 under a constant gate, beside twice the noise, by lag."""
    lags = np.geomspace(*LAGS, 200)
    left, spread = fading(gate, noise, lags)
    plots.line(ax, lags, left, of="c", name="what is left of a stored 1")
    plots.line(ax, lags, 2 * spread, of="baseline", name="2 standard deviations of the noise")
    half, longest = float(half_life(gate)), longest_lag(gate, noise)
    near = 0.5 < half / longest < 2  # so near that their names would stand on the curve of the noise
    left_at_longest = float(fading(gate, noise, longest)[0])
    plots.point(ax, half, 0.5, f"half-life {half:.3g}", of="forget", side="below" if near else "right")
    told = f"longest lag {longest:.3g}"
    plots.point(ax, longest, left_at_longest, told, of="target", side="above" if near else "right")
    ax.set(xscale="log", ylim=(-0.02, 1.15), xlim=LAGS)
    ax.minorticks_off()
    return plots.label(ax, "lag (steps, log)", "value", title=title, legend=legend)
