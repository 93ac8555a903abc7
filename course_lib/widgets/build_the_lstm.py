"""Put the LSTM together piece by piece, and see what it remembers."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import torch

from course_lib import doors, plots
from course_lib.cells import LSTMCell, NoSquashCell
from course_lib.initialise import by_hand
from course_lib.unroll import unroll
from course_lib.widgets.live import Live, own

PIECES = {  # what is wrong without it, given all pieces before it
    "carry": "Nothing carries c over: at most U h remembers, and every new number displaces the last.",
    "write gate": "Nothing guards the memory: every number is added to it.",
    "forget gate": "Nothing is given up: the number marked first stays in the sum.",
    "output gate": "h is never silent. If U_g = 1, this disturbs what is written next; if U_g = 0, no harm is done.",
    "squashing": "All is there but the squashing on reading: h can grow as large as c.",
}
GATES = {"write gate": "input", "forget gate": "forget", "output gate": "output"}  # {piece: its gate}
LAGS, STALE = 40, 4


@dataclass(frozen=True)
class Recall:
    """What a unit made of some pieces remembers.

    by_lag    (40,): the squared correlation of h with the value asked for, 1 to 40 steps after it was marked
    leak      the mean |h| at the steps at which it should be silent
    largest   the largest |h| up to the step at which it is asked
    """

    by_lag: np.ndarray
    leak: float
    largest: float


@cache
def recall_test():
    """(x, value, asked): sequences (4000, 45, 3) of (number, mark, ask), the number to recall, and the step to do it.

    Step 0 is a marked number, step 4 another that replaces it; every other number is to be ignored. The ask comes 1 to
    40 steps after, in the same 100 sequences of numbers each.
    """
    generator = torch.Generator().manual_seed(0)
    numbers = 2 * torch.rand(100, STALE + LAGS + 1, generator=generator) - 1
    asked = STALE + torch.arange(1, LAGS + 1).repeat_interleave(len(numbers))
    x = torch.zeros(len(asked), STALE + LAGS + 1, 3)
    x[..., 0] = numbers.repeat(LAGS, 1)
    x[:, [0, STALE], 1] = 1
    x[torch.arange(len(asked)), asked, 2] = 1
    return x, x[:, STALE, 0].numpy(), asked


def some(who, pieces):
    """pieces as a frozenset, or a ValueError unless it is a list, or the like, of names of PIECES."""
    if not doors.is_a((list, tuple, set, frozenset, dict), pieces):
        doors.refuse(who, "pieces as a list of names", pieces)
    return frozenset(doors.choice(who, "piece", piece, PIECES) for piece in pieces)


def build_unit(pieces, *, heard=True):
    """(cell, override): one unit with the pieces named in pieces, the others left out.

    heard   whether the candidate sees h (U_g = 1), so that what a unit shows can disturb what is written, or not (0)

    Its other weights are set by hand, the same for all pieces: the input gate opens and the forget gate shuts at a
    mark, the output gate opens at an ask. A gate that is left out is always 1. Without the carry, c' is the candidate.
    They are not the best for every choice of pieces: U_g = 1 alone is why the output gate is missed. ValueError for
    anything but names of PIECES.
    """
    pieces, heard = some("build_unit", pieces), doors.flag("build_unit", "heard", heard)
    with torch.random.fork_rng(devices=[]):
        cell = by_hand(
            (LSTMCell if "squashing" in pieces else NoSquashCell)(3, 1),
            W_f=[[0.0, -16.0, 0.0]], b_f=8.0, W_i=[[0.0, 16.0, 0.0]], b_i=-8.0, W_o=[[0.0, 0.0, 16.0]], b_o=-8.0,
            W_g=[[0.5, 0.0, 0.0]], U_g=float(heard),
        )  # fmt: skip
    override = {gate: 1.0 for piece, gate in GATES.items() if piece not in pieces}
    return cell, override if "carry" in pieces else override | {"forget": 0.0}


@cache
def recall_of(pieces, heard):
    cell, override = build_unit(pieces, heard=heard)
    x, value, asked = recall_test()
    with torch.no_grad():
        h = unroll(cell, x, override=override)["h"][..., 0]
    said = h[torch.arange(len(h)), asked].numpy().reshape(LAGS, -1)
    silent = (x[..., 2] == 0) & (torch.arange(h.shape[1]) < asked[:, None])
    until = torch.arange(h.shape[1]) <= asked[:, None]
    by_lag = [np.corrcoef(heard, wanted)[0, 1] ** 2 for heard, wanted in zip(said, value.reshape(LAGS, -1))]
    return Recall(np.array(by_lag), float(h[silent].abs().mean()), float(h[until].abs().max()))


def recall(pieces, *, heard=True):
    """What a unit with only these pieces (names of PIECES, in any order) remembers of a marked number: a Recall.

    heard   whether its candidate sees h; see `build_unit`
    """
    return recall_of(some("recall", pieces), doors.flag("recall", "heard", heard))


def subsets(pieces):
    """All ways to have some of the pieces."""
    return [some for count in range(len(pieces) + 1) for some in combinations(pieces, count)]


def equations(pieces):
    """The equations of a unit with these pieces, a list of lines; all pieces give the lines of LSTMCell."""
    has = some("equations", pieces).__contains__
    forget, output = has("carry") and has("forget gate"), has("output gate")
    lines = [line for line, on in [
        ("f  = σ(W_f x + U_f h + b_f)", forget),
        ("i  = σ(W_i x + U_i h + b_i)", has("write gate")),
        ("o  = σ(W_o x + U_o h + b_o)", output),
        ("g  = tanh(W_g x + U_g h + b_g)", True),
    ] if on]  # fmt: skip
    old = ("f ⊙ c + " if forget else "c + ") if has("carry") else ""
    written, read = "i ⊙ g" if has("write gate") else "g", "tanh(c')" if has("squashing") else "c'"
    return [*lines, f"c' = {old}{written}", f"h' = {'o ⊙ ' if output else ''}{read}"]


class BuildTheLSTM(Live):
    """Switch on the pieces of the LSTM one at a time: its equations, its flow and what it remembers."""

    title, script = "Build the LSTM", own(__file__)

    def cells(self):
        return {"squashed": build_unit(PIECES)[0], "plain": build_unit(())[0]}

    def data(self):
        x, value, asked = recall_test()
        shown = {
            "+".join(piece for piece in PIECES if piece in pieces): equations(pieces) for pieces in subsets(PIECES)
        }
        return {"pieces": PIECES, "gates": GATES, "numbers": x[: len(value) // LAGS, :, 0].double().tolist(),
                "stale": STALE, "lags": LAGS, "equations": shown}  # fmt: skip

    @staticmethod
    def static():
        """(figure, text): recall by lag, with the pieces added one by one, with a candidate that sees h or not."""
        figure, axes = plots.canvas(3, rows=2, width=9, height=4.6)
        ends = []
        pieces = list(PIECES)
        for count, ax in enumerate(axes.flat):
            added = f"+ {pieces[count - 1]}" if count else "no piece"
            both = {f"U_g = {heard:d}": recall(pieces[:count], heard=heard).by_lag for heard in (True, False)}
            for (name, by_lag), of in zip(both.items(), ("h", "h, unheard")):
                plots.line(ax, range(1, 1 + len(by_lag)), by_lag, of=of, name=name)
            ax.set_ylim(-0.05, 1.05)
            plots.label(ax, "lag (steps)", "R² of recall", title=added, legend=not count)
            ends.append(f"{added}: {' or '.join(f'{by_lag[-1]:.2f}' for by_lag in both.values())}")
        return figure, (
            "How well h tells a marked number, by lag, as pieces are added, with a candidate that sees h (U_g = 1) or "
            f"not (U_g = 0). At lag 40: {'; '.join(ends)}. Only with U_g = 1 is the output gate missed."
        )
