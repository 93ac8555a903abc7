"""The figure of README.md: `python -m tools.authoring.figure` trains for minutes and writes docs/figure.png."""

from pathlib import Path

import numpy as np

from course_lib.cells import LSTMCell, RNNCell
from course_lib.plots import canvas, label, success
from course_lib.sweep import sweep

LAGS, SEEDS = (5, 10, 20, 40, 80, 160), range(5)
NETWORKS = (("RNN", RNNCell, "default"), ("LSTM", LSTMCell, "chrono"))
FIGURE = Path(__file__).parents[2] / "docs" / "figure.png"


def main():
    """Train both networks with about 4,300 weights on adding at every lag, five seeds each, and draw who solved it."""
    figure, ax = canvas()
    for name, Cell, init in NETWORKS:
        rows = sweep([Cell], lags=LAGS, inits=[init], seeds=SEEDS, rates=[0.01], budget=1500)
        wins = [sum(row["ended"] == "solved" for row in rows if row["lag"] == lag) for lag in LAGS]
        success(ax, np.arange(len(LAGS)), wins, [len(SEEDS)] * len(LAGS), of=name)
    ax.set_xticks(range(len(LAGS)), LAGS)
    label(ax, "lag (steps)", "share of runs that learned to add")
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE)


if __name__ == "__main__":
    main()
