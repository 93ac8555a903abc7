"""Draw the gates of one LSTM unit by hand, and see whether they do the job of a mission."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import torch

from course_lib import doors, plots
from course_lib.cells import LSTMCell
from course_lib.initialise import by_hand
from course_lib.unroll import unroll
from course_lib.widgets.live import Live, own

GATES = ("forget", "input", "output")
CLOSE = 0.1  # a value is right when it is less than this away from its target
SEQUENCES = 8


@dataclass(frozen=True, eq=False)
class Mission:
    """A job for one memory unit: the same gate values must do it in every sequence, which differ in their values.

    wanted   the job in words
    hint     what to do first
    x        (sequences, time): what the unit is shown; the candidate g is exactly x
    target   {"c" or "h": (sequences, time)}: what each state must be; NaN where it does not matter
    marks    {step: word}: the same steps in every sequence
    given    {gate: (time,)}: gates that are set, and cost no move
    turns    whether the candidate is the opposite of the output of the step before, where x is 0
    levels   the values of a gate among which the fewest moves are sought
    """

    name: str
    wanted: str
    hint: str
    x: np.ndarray
    target: dict
    marks: dict
    given: dict = field(default_factory=dict)
    turns: bool = False
    levels: tuple = (0.0, 1.0)


@dataclass(frozen=True)
class Attempt:
    """What gates drawn by hand did in a mission: c and h (sequences, time), right (sequences,), and the moves used."""

    c: np.ndarray
    h: np.ndarray
    right: np.ndarray
    moves: int

    @property
    def solved(self):
        return self.right.all()


def make_missions():
    """{name: Mission}, the values drawn once and for all."""
    draw = np.random.default_rng(0)

    def signs(steps):
        return draw.choice([-1.0, 1.0], size=(SEQUENCES, steps))

    def events(steps, silent=()):
        found = (draw.random((SEQUENCES, steps)) < 0.4).astype(float)
        found[:, list(silent)] = 0
        return found

    carried = np.concatenate([signs(31), np.zeros((SEQUENCES, 1))], axis=1)
    bit = np.repeat(carried[:, :1], 32, axis=1)
    at_the_end = np.full_like(bit, np.nan)
    at_the_end[:, -1] = np.tanh(bit[:, -1])
    counted = events(16)
    stored, marks = signs(16), [3, 9, 13]
    latest = np.zeros_like(stored)
    for mark in marks:
        latest[:, mark:] = stored[:, mark : mark + 1]
    quiet = signs(16)
    kept, said = np.repeat(quiet[:, :1], 16, axis=1), np.zeros_like(quiet)
    said[:, [7, 15]] = np.tanh(kept[:, [7, 15]])
    commanded = events(16, silent=[5, 11])
    since = np.concatenate([part.cumsum(axis=1) for part in np.split(commanded, [5, 11], axis=1)], axis=1)
    first, flips = signs(12), [5, 9]
    turned = signs(12)
    turned[:, flips] = 0
    sides = turned[:, :1] * np.cumprod(np.where(np.isin(np.arange(12), flips), -1, 1))
    pairs = signs(12)
    both = np.where(np.arange(12) < 6, pairs[:, :1], 0.5 * pairs[:, :1] + pairs[:, 6:7])
    once, open_ = np.eye(1, 12)[0], np.ones(12)
    found = [
        Mission("keep", "Keep the first number in memory to the end.",
                "One move does it: open the forget gate at step 1. The other two gates are set.",
                first, {"c": np.repeat(first[:, :1], 12, axis=1)}, {0: "store"}, {"input": once, "output": open_}),
        Mission("carry", "Store the bit of step 0, carry it past 30 distractors, and show it at the last step.",
                "Open the input gate for the one step at which the bit is there.",
                carried, {"c": bit, "h": at_the_end}, {0: "bit", 31: "show"}),
        Mission("count", "Count the events: c is the number of ones so far.",
                "Nothing is to be kept out, and nothing given up.",
                counted, {"c": counted.cumsum(axis=1)}, {}),
        Mission("replace", "Store each marked value in place of the one before; ignore the others.",
                "At a mark one gate opens and another shuts.",
                stored, {"c": latest}, {mark: "mark" for mark in marks}),
        Mission("stay silent", "Keep the bit of step 0; h is 0 at every step except where it is asked for.",
                "What is kept and what is shown are two things.",
                quiet, {"c": kept, "h": said}, {0: "bit", 7: "ask", 15: "ask"}),
        Mission("forget", "Count the events, and begin again at 0 on command.",
                "One gate alone can empty the memory.",
                commanded, {"c": since}, {5: "forget", 11: "forget"}),
        Mission("toggle", "A switch: at each flip the memory turns to its opposite.",
                "This unit reads its own output: where x is 0 it offers the opposite of h, the step before.",
                turned, {"c": sides}, {0: "store"} | {flip: "flip" for flip in flips}, turns=True),
        Mission("two bits", "Hold two bits in one number: from step 6 on c is half the first bit plus the second.",
                "A gate can be half open.",
                pairs, {"c": both}, {0: "first", 6: "second"}, levels=(0.0, 0.5, 1.0)),
    ]  # fmt: skip
    return {mission.name: mission for mission in found}


def one_unit(*, turns=False):
    """An LSTMCell of one unit whose candidate is exactly its input for -1, 0 and 1 (tanh 20 is 1 in float32).

    turns    it reads h, too: where the input is 0, the candidate is -1 for an h well above 0, and 1 for one below
    """
    with torch.random.fork_rng(devices=[]):
        return by_hand(LSTMCell(1, 1), W_g=60.0 if turns else 20.0, U_g=-20.0 if turns else 0.0)


def try_gates(mission, gates):
    """Run one LSTM unit over mission with its gates set to gates, {name: one value in [0, 1] per step}: an Attempt.

    Gates that the mission gives are as it gives them. A move is a change of one gate from one step to the next; before
    the first step all gates are shut.
    ValueError for gates of another name or length, or outside [0, 1].
    """
    steps = doors.instance("try_gates", "mission", mission, Mission, such_as="MISSIONS['count']").x.shape[1]
    if not doors.is_a(dict, gates) or set(gates) != set(GATES):
        got = list(gates) if doors.is_a(dict, gates) else gates
        doors.refuse(mission.name, f"gates as {{name: values}} for {', '.join(GATES)}", got)
    drawn = {
        name: doors.array(mission.name, f"{name} gate", values, dims=(1,), least=0, most=1)
        for name, values in gates.items()
    }
    if (got := {name: len(values) for name, values in drawn.items()}) != dict.fromkeys(GATES, steps):
        raise ValueError(f"{mission.name} needs {steps} values for each of {', '.join(GATES)}; got {got}")
    drawn |= mission.given
    rules = {name: (lambda t, old, v=values: torch.full_like(old, v[t])) for name, values in drawn.items()}
    with torch.no_grad():
        trace = unroll(
            one_unit(turns=mission.turns), torch.tensor(mission.x[..., None], dtype=torch.float32), override=rules
        )
    found = {name: trace[name][..., 0].double().numpy() for name in ("c", "h")}
    missed = [np.nan_to_num(abs(found[name] - wanted)) >= CLOSE for name, wanted in mission.target.items()]
    moves = sum(int(np.count_nonzero(np.diff(values, prepend=0.0))) for name, values in drawn.items()
                if name not in mission.given)  # fmt: skip
    return Attempt(found["c"], found["h"], ~np.any(missed, axis=(0, 2)), moves)


def fewest_moves(mission):
    """The fewest moves that solve mission, and gates that do it: (moves, {gate: [value per step]}).

    Every mission says what c must be at every step, so a step depends on the one before only by the h that it left, and
    the cheapest way through the settings of three gates, each at one of the mission's levels, is found exactly, step by
    step. Gates in between cannot do with less: the sequences differ so that a gate that matters at a step must be
    nearly open or nearly shut there (in "two bits" nearly half open), and rounding gates to these adds no move.
    """
    return fewest(doors.instance("fewest_moves", "mission", mission, Mission, such_as="MISSIONS['count']"))


@cache
def fewest(mission):
    cell = one_unit(turns=mission.turns)
    levels = np.array(np.meshgrid(*[mission.levels] * 3, indexing="ij")).reshape(3, -1).T  # all ways to set three gates
    free = np.array([gate not in mission.given for gate in GATES])
    between = ((levels[:, None] != levels) & free).sum(axis=2)  # (from, to)
    cost, back = ((levels != 0) & free).sum(axis=1).astype(float), []
    x, count = torch.tensor(mission.x, dtype=torch.float32), len(mission.x)
    old, said = torch.zeros(count, 1), [torch.zeros(count, 1)] * len(levels)  # c, and h by setting
    for t in range(x.shape[1]):
        given = [all(mission.given[gate][t] == value for gate, value in zip(GATES, setting) if gate in mission.given)
                 for setting in levels]  # fmt: skip
        fits = np.array([[g and right(mission, cell, t, setting, x, old, h) for g, setting in zip(given, levels)]
                         for h in (said if mission.turns else said[:1])])  # fmt: skip
        total = (cost[:, None] + between if t else np.broadcast_to(cost, between.shape)) + np.where(fits, 0, np.inf)
        if t:
            back.append(total.argmin(axis=0))
        cost = total.min(axis=0)
        old = torch.tensor(mission.target["c"][:, t, None], dtype=torch.float32)
        said = [float(setting[2]) * torch.tanh(old) for setting in levels]
    path = [int(cost.argmin())]
    for came in reversed(back):
        path.append(int(came[path[-1]]))
    return int(cost.min()), {gate: levels[path[::-1], k].tolist() for k, gate in enumerate(GATES)}


def right(mission, cell, t, setting, x, c, h):
    """Whether a setting of the three gates reaches every target of step t."""
    fixed = dict(zip(GATES, setting))
    with torch.no_grad():
        new = cell.step(lambda gate, value: torch.full_like(value, fixed[gate]), x[:, t, None], h=h, c=c)
    return not any((abs(new[state][:, 0].numpy() - wanted[:, t]) >= CLOSE).any()
                   for state, wanted in mission.target.items())  # fmt: skip


MISSIONS = make_missions()


class GateDesk(Live):
    """Draw the forget, input and output gate of one LSTM unit, step by step, and see its memory and output.

    A mission is solved when c and h reach their targets in all 8 sequences; its score is the number of moves.
    """

    title, script = "Gate desk", own(__file__)

    def cells(self):
        return {"plain": one_unit(), "turns": one_unit(turns=True)}

    def data(self):
        return {"missions": [told(mission) for mission in MISSIONS.values()], "gates": GATES, "close": CLOSE}

    @staticmethod
    def static():
        """(figure, text): the first mission, before its one move and after it."""
        mission, (_, gates) = MISSIONS["keep"], fewest_moves(MISSIONS["keep"])
        figure, axes = plots.canvas(2, rows=2, width=9, height=4.2)
        steps, ends = range(mission.x.shape[1]), []
        for (top, bottom), forget in zip(axes.T, (0.0 * mission.x[0], gates["forget"])):
            made = try_gates(mission, gates | {"forget": forget})
            plots.label(plots.bars(top, gates | {"forget": forget}), "", "", title=f"moves: {made.moves}")
            plots.line(bottom, steps, made.c[0], of="c")
            plots.line(bottom, steps, mission.target["c"][0], of="target")
            plots.label(bottom, "step", "memory c")
            ends.append(f"{made.c[0, -1]:g}")
        return figure, (
            f"The gates of one memory unit over 12 steps, and its memory. With the forget gate shut it is {ends[0]} at "
            f"the end; with the forget gate open, the one move of the first mission, it is {ends[1]}, as asked."
        )


def told(mission):
    """What the page is told of a mission, its solution not among it."""
    rows = {state: [[None if np.isnan(v) else v for v in row] for row in values.tolist()]
            for state, values in mission.target.items()}  # fmt: skip
    given = {gate: values.tolist() for gate, values in mission.given.items()}
    return {"name": mission.name, "wanted": mission.wanted, "hint": mission.hint, "x": mission.x.tolist(),
            "target": rows, "marks": mission.marks, "given": given, "cell": "turns" if mission.turns else "plain",
            "fewest": fewest_moves(mission)[0]}  # fmt: skip
