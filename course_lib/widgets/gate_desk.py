"""Draw the gates of one LSTM unit by hand, and see whether they do the job of a mission."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import traitlets as traits

from course_lib import doors, plots
from course_lib.cells import LSTMCell
from course_lib.initialise import by_hand
from course_lib.unroll import unroll
from course_lib.widgets.browser import Browser, listed, script
from course_lib.widgets.common import keep, kept

PRESETS = {  # what all steps of (forget, input, output) are set to
    "all shut": (0.0, 0.0, 0.0), "all open": (1.0, 1.0, 1.0), "hold": (1.0, 0.0, 0.0), "leak 0.9": (0.9, 0.1, 1.0),
}  # fmt: skip


GATES = ("forget", "input", "output")
CLOSE = 0.1  # a value is right when it is less than this away from its target
SEQUENCES = 8


@dataclass(frozen=True, eq=False)
class Mission:
    """A job for one memory unit: the same gate values must do it in every sequence, which differ in their values.

    wanted   the job in words
    x        (sequences, time): what the unit is shown; the candidate g is exactly x
    target   {"c" or "h": (sequences, time)}: what each state must be; NaN where it does not matter
    marks    {step: word}: the same steps in every sequence
    """

    name: str
    wanted: str
    x: np.ndarray
    target: dict
    marks: dict


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
    found = [
        Mission("carry", "Store the bit of step 0, carry it past 30 distractors, and show it at the last step.",
                carried, {"c": bit, "h": at_the_end}, {0: "bit", 31: "show"}),
        Mission("count", "Count the events: c is the number of ones so far.",
                counted, {"c": counted.cumsum(axis=1)}, {}),
        Mission("replace", "Store each marked value in place of the one before; ignore the others.",
                stored, {"c": latest}, {mark: "mark" for mark in marks}),
        Mission("stay silent", "Keep the bit of step 0; h is 0 at every step except where it is asked for.",
                quiet, {"c": kept, "h": said}, {0: "bit", 7: "ask", 15: "ask"}),
        Mission("forget", "Count the events, and begin again at 0 on command.",
                commanded, {"c": since}, {5: "forget", 11: "forget"}),
    ]  # fmt: skip
    return {mission.name: mission for mission in found}


def one_unit():
    """An LSTMCell of one unit whose candidate is exactly its input for -1, 0 and 1 (tanh 20 is 1 in float32)."""
    with torch.random.fork_rng(devices=[]):
        return by_hand(LSTMCell(1, 1), W_g=20.0)


def try_gates(mission, gates):
    """Run one LSTM unit over mission with its gates set to gates, {name: one value in [0, 1] per step}: an Attempt.

    A move is a change of one gate from one step to the next; before the first step all gates are shut.
    ValueError for gates of another name or length, or outside [0, 1].
    """
    steps = doors.instance("try_gates", "mission", mission, Mission, such_as="MISSIONS['count']").x.shape[1]
    if not isinstance(gates, dict) or set(gates) != set(GATES):
        got = list(gates) if isinstance(gates, dict) else gates
        doors.refuse(mission.name, f"gates as {{name: values}} for {', '.join(GATES)}", got)
    drawn = {
        name: doors.array(mission.name, f"{name} gate", values, dims=(1,), least=0, most=1)
        for name, values in gates.items()
    }
    if (got := {name: len(values) for name, values in drawn.items()}) != dict.fromkeys(GATES, steps):
        raise ValueError(f"{mission.name} needs {steps} values for each of {', '.join(GATES)}; got {got}")
    rules = {name: (lambda t, old, v=values: torch.full_like(old, v[t])) for name, values in drawn.items()}
    with torch.no_grad():
        trace = unroll(one_unit(), torch.tensor(mission.x[..., None], dtype=torch.float32), override=rules)
    found = {name: trace[name][..., 0].double().numpy() for name in ("c", "h")}
    missed = [np.nan_to_num(abs(found[name] - wanted)) >= CLOSE for name, wanted in mission.target.items()]
    moves = sum(int(np.count_nonzero(np.diff(values, prepend=0.0))) for values in drawn.values())
    return Attempt(found["c"], found["h"], ~np.any(missed, axis=(0, 2)), moves)


def fewest_moves(mission):
    """The fewest moves that solve mission, and gates that do it: (moves, {gate: [value per step]}).

    Every mission says what c must be at every step, so one step does not depend on how the one before was done, and the
    cheapest way through the 8 settings of three gates, each open or shut, is found exactly, step by step. Gates
    in between cannot do with less: the sequences differ so that a gate that matters at a step must be nearly open or
    nearly shut there, and rounding gates to open or shut adds no move.
    """
    return fewest(doors.instance("fewest_moves", "mission", mission, Mission, such_as="MISSIONS['count']"))


@cache
def fewest(mission):
    cell = one_unit()
    levels = np.array(np.meshgrid(*[[0.0, 1.0]] * 3, indexing="ij")).reshape(3, -1).T  # all 8 ways to set three gates
    cost, back = (levels != 0).sum(axis=1).astype(float), []
    x, old = torch.tensor(mission.x, dtype=torch.float32), torch.zeros(len(mission.x), 1)
    for t in range(mission.x.shape[1]):
        if t:
            total = cost[:, None] + (levels[:, None] != levels).sum(axis=2)  # (from, to)
            back.append(total.argmin(axis=0))
            cost = total.min(axis=0)
        for k, setting in enumerate(levels):
            fixed = dict(zip(GATES, setting))
            with torch.no_grad():
                new = cell.step(lambda gate, v, s=fixed: torch.full_like(v, s[gate]), x[:, t, None],
                                h=torch.zeros_like(old), c=old)  # fmt: skip
            if any((abs(new[s][:, 0].numpy() - wanted[:, t]) >= CLOSE).any() for s, wanted in mission.target.items()):
                cost[k] = np.inf
        old = torch.tensor(mission.target["c"][:, t, None], dtype=torch.float32)
    path = [int(cost.argmin())]
    for came in reversed(back):
        path.append(int(came[path[-1]]))
    return int(cost.min()), {gate: levels[path[::-1], k].tolist() for k, gate in enumerate(GATES)}


MISSIONS = make_missions()


class GateDesk(Browser):
    """Draw the forget, input and output gate of one LSTM unit, step by step, and see its memory and output.

    mission    a name of MISSIONS; sequence: which of its 8 sequences is shown, from 1
    gates      {gate: [a value in [0, 1] for each step]}

    A mission is solved when c and h reach their targets in all 8 sequences; its score is the number of moves.
    """

    _esm = script(__file__)
    moved = ("gates", "sequence")
    mission = traits.Unicode("carry").tag(sync=True)
    sequence = traits.Int(1).tag(sync=True)
    gates = traits.Dict().tag(sync=True)
    choices = traits.List([[mission.name, mission.wanted] for mission in MISSIONS.values()]).tag(sync=True)
    presets = traits.Dict({name: dict(zip(GATES, values)) for name, values in PRESETS.items()}).tag(sync=True)

    def __init__(self):
        done = kept(self)
        self.solved, self.drawn = restored(done.get("solved")), restored(done.get("gates"))
        self.solved = {name: gates for name, gates in self.solved.items() if attempt(name, gates).solved}
        name = done.get("mission") if done.get("mission") in MISSIONS else "carry"
        super().__init__(mission=name, gates=self.drawn.get(name) or shut(name))
        self.observe(self.change_mission, names=["mission"])

    def change_mission(self, change):
        gates = self.drawn.get(self.mission) or shut(self.mission)
        if gates == self.gates:
            self.refresh()
        self.gates = gates

    def look(self):
        mission, made = MISSIONS[self.mission], attempt(self.mission, self.gates)
        self.drawn[self.mission] = self.gates
        best = self.solved.get(self.mission)
        if made.solved and (best is None or made.moves < attempt(self.mission, best).moves):
            self.solved[self.mission] = self.gates
        keep(self, {"mission": self.mission, "gates": self.drawn, "solved": self.solved})
        shown = self.sequence - 1
        return {
            "x": listed(mission.x[shown]), "c": listed(made.c[shown]), "h": listed(made.h[shown]),
            "target": {state: listed(wanted[shown]) for state, wanted in mission.target.items()},
            "marks": mission.marks, "sequences": len(mission.x),
            "text": f"{self.told(mission, made)} Shown: sequence {self.sequence}.",
            "best": {name: attempt(name, gates).moves for name, gates in self.solved.items()},
        }  # fmt: skip

    def told(self, mission, made):
        fewest, _ = fewest_moves(mission)
        right = f"Right in {made.right.sum()} of {len(made.right)} sequences. Moves: {made.moves}; fewest: {fewest}."
        if not made.solved:
            return f"{mission.name}: {right}"
        return f"{mission.name}: solved{', and nobody can do it in less' if made.moves == fewest else ''}. {right}"

    @staticmethod
    def static():
        """(figure, text): every mission, solved with the fewest moves."""
        figure, axes = plots.canvas(len(MISSIONS), rows=2, width=11, height=4.2)
        for (top, bottom), mission in zip(axes.T, MISSIONS.values()):
            moves, gates = fewest_moves(mission)
            made, steps = try_gates(mission, gates), range(mission.x.shape[1])
            plots.label(plots.bars(top, gates), "", "", title=f"{mission.name}: {moves} moves")
            for state in ("c", "h"):
                plots.line(bottom, steps, getattr(made, state)[0], of=state)
            plots.label(bottom, "step", "memory c, output h", legend=mission.name == "count")
        done = "; ".join(f"{name} in {fewest_moves(m)[0]}" for name, m in MISSIONS.items())
        return figure, f"The gates that do each job with the fewest moves, and the memory and output they give: {done}."


def shut(mission):
    """The gates of a mission before anything is drawn."""
    return {gate: [0.0] * MISSIONS[mission].x.shape[1] for gate in GATES}


def attempt(mission, gates):
    return try_gates(MISSIONS[mission], gates)


def restored(drawings):
    """Those of the kept drawings {mission: gates} that can still be used."""
    usable = {}
    for name in MISSIONS:
        try:
            attempt(name, drawings[name])
            usable[name] = drawings[name]
        except (KeyError, TypeError, ValueError, AttributeError):  # not drawn yet, or a damaged file
            continue
    return usable
