"""What the widgets show: pure functions from settings to plain numbers, each run by a real cell.

>>> mission = MISSIONS["count"]
>>> [moves, gates] = fewest_moves(mission)
>>> moves, bool(try_gates(mission, gates).solved)
(2, True)
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from course_lib.cells import GRUCell, JANETCell, LeakyCell, LSTM1997Cell, LSTMCell, NoSquashCell, RNNCell
from course_lib.gradients import fraction, jacobians, paths
from course_lib.initialise import by_hand, memory_biases, named_weights
from course_lib.unroll import shuffled, unroll

# ---- The gate desk: one memory unit, its gates drawn by hand ----

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
    steps = mission.x.shape[1]
    if set(gates) != set(GATES) or any(len(values) != steps for values in gates.values()):
        got = {name: len(values) for name, values in gates.items()}
        raise ValueError(f"{mission.name} needs {steps} values for each of {', '.join(GATES)}; got {got}")
    drawn = {name: fraction(values, mission.name) for name, values in gates.items()}
    rules = {name: (lambda t, old, v=values: torch.full_like(old, v[t])) for name, values in drawn.items()}
    with torch.no_grad():
        trace = unroll(one_unit(), torch.tensor(mission.x[..., None], dtype=torch.float32), override=rules)
    found = {name: trace[name][..., 0].double().numpy() for name in ("c", "h")}
    missed = [np.nan_to_num(abs(found[name] - wanted)) >= CLOSE for name, wanted in mission.target.items()]
    moves = sum(int(np.count_nonzero(np.diff(values, prepend=0.0))) for values in drawn.values())
    return Attempt(found["c"], found["h"], ~np.any(missed, axis=(0, 2)), moves)


@cache
def fewest_moves(mission):
    """The fewest moves that solve mission, and gates that do it: (moves, {gate: [value per step]}).

    Every mission says what c must be at every step, so one step does not depend on how the one before was done, and the
    cheapest way through the 8 settings of three gates, each open or shut, is found exactly, step by step. Gates
    in between cannot do with less: the sequences differ so that a gate that matters at a step must be nearly open or
    nearly shut there, and rounding gates to open or shut adds no move.
    """
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

# ---- The half-life dial ----


def longest_lag(gate, noise, *, clear=2.0):
    """The largest lag at which a stored 1 stands out from noise, in steps (not rounded).

    c' = gate c + e, with e of standard deviation noise at every step. After L steps the stored 1 is gate^L, and the
    noise has the standard deviation noise sqrt((1 - gate^2L) / (1 - gate²)), or noise sqrt(L) for gate = 1. It stands
    out while it is at least clear standard deviations. gate in [0, 1], noise > 0; ValueError otherwise.
    """
    gate = float(fraction(gate, "longest_lag"))
    if not 0 < noise < np.inf:
        raise ValueError(f"longest_lag needs noise as a finite number above 0; got {noise!r}")
    if gate == 1:
        return 1 / (clear * noise) ** 2
    if gate == 0:
        return 0.0
    ratio = (clear * noise) ** 2 / (1 - gate**2)
    return float(np.log(ratio / (1 + ratio)) / (2 * np.log(gate)))


def fading(gate, noise, lags):
    """(kept, spread): what is left of a stored 1 after lags (array of steps), and the noise's standard deviation."""
    lags = np.asarray(lags, dtype=float)
    gate = float(fraction(gate, "fading"))
    return gate**lags, noise * np.sqrt(lags if gate == 1 else (1 - gate ** (2 * lags)) / (1 - gate**2))


def gate_of_half_life(steps):
    """The constant gate value that halves a memory in so many steps, 2^(-1/steps); steps > 0."""
    return float(0.5 ** (1 / steps))


def gate_of_bias(bias):
    """The gate value σ(bias): what a gate is when its input and state weights add nothing."""
    return float(1 / (1 + np.exp(-bias)))


def bias_of_gate(gate):
    """The bias whose sigmoid is gate, in (0, 1): log(gate / (1 - gate))."""
    return float(np.log(gate) - np.log1p(-gate))


# ---- The gradient microscope ----

LENSES = {"RNN": RNNCell, "LSTM": LSTMCell, "LSTM 1997": LSTM1997Cell, "GRU": GRUCell, "JANET": JANETCell}
UNITS = 12


def gradient_by_lag(name, *, bias=0.0, scale=1.0, lag=40, seed=0):
    """The derivative of the last memory by the memory `lag` steps before, by path: {path: array (lag + 1,)}.

    name    one of LENSES, at default initialisation, with 12 units, over 2 sequences of Gaussian noise
    bias    added to the bias of the gate on the memory, where there is one
    scale   multiplies every recurrent matrix U

    Entry k is the spectral norm for a distance of k steps. "direct" is the product of gates, "rest" all that goes
    through h and the weights; a cell without a direct path has only "total". ValueError for an unknown name.
    """
    if name not in LENSES:
        raise ValueError(f"gradient_by_lag has no cell {name!r}; choices: {', '.join(LENSES)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cell, x = LENSES[name](4, UNITS).double(), torch.randn(2, lag, 4).double()
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


# ---- Build the LSTM ----

PIECES = {  # what is wrong without it, given all pieces before it
    "carry": "Nothing carries c over: only U h remembers, and every new number displaces the last.",
    "write gate": "Nothing guards the memory: every number is added to it.",
    "forget gate": "Nothing is given up: the number marked first stays in the sum.",
    "output gate": "h is never silent, and through U h it disturbs what is written next.",
    "squashing": "All is there but the squashing on reading: h can grow as large as c.",
}
LAGS, STALE = 40, 4


@dataclass(frozen=True)
class Recall:
    """What a unit made of some pieces remembers.

    by_lag    (40,): the squared correlation of h with the value asked for, 1 to 40 steps after it was marked
    leak      the mean |h| at the steps at which it should be silent
    largest   the largest |h|
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


def build_unit(pieces):
    """(cell, override): one unit with the pieces named in pieces, the others left out.

    Its weights are set by hand to do the best with each piece: the input gate opens and the forget gate shuts at a
    mark, the output gate opens at an ask. A gate that is left out is always 1. Without the carry, c' is the candidate.
    """
    if unknown := set(pieces) - set(PIECES):
        raise ValueError(f"build_unit has no piece {min(unknown)!r}; choices: {', '.join(PIECES)}")
    with torch.random.fork_rng(devices=[]):
        cell = by_hand(
            (LSTMCell if "squashing" in pieces else NoSquashCell)(3, 1),
            W_f=[[0.0, -16.0, 0.0]], b_f=8.0, W_i=[[0.0, 16.0, 0.0]], b_i=-8.0, W_o=[[0.0, 0.0, 16.0]], b_o=-8.0,
            W_g=[[0.5, 0.0, 0.0]], U_g=1.0,
        )  # fmt: skip
    gates = {"write gate": "input", "forget gate": "forget", "output gate": "output"}
    override = {gate: 1.0 for piece, gate in gates.items() if piece not in pieces}
    return cell, override if "carry" in pieces else override | {"forget": 0.0}


@cache
def recall_of(pieces):
    cell, override = build_unit(pieces)
    x, value, asked = recall_test()
    with torch.no_grad():
        h = unroll(cell, x, override=override)["h"][..., 0]
    said = h[torch.arange(len(h)), asked].numpy().reshape(LAGS, -1)
    silent = (x[..., 2] == 0) & (torch.arange(h.shape[1]) < asked[:, None])
    by_lag = [np.corrcoef(heard, wanted)[0, 1] ** 2 for heard, wanted in zip(said, value.reshape(LAGS, -1))]
    return Recall(np.array(by_lag), float(h[silent].abs().mean()), float(h.abs().max()))


def recall(pieces):
    """What a unit with only these pieces (names of PIECES, in any order) remembers of a marked number: a Recall."""
    return recall_of(frozenset(pieces))


def equations(pieces):
    """The equations of a unit with these pieces, a list of lines; all pieces give the lines of LSTMCell."""
    has = set(pieces).__contains__
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


# ---- Time warp ----

EVENTS = 6  # units of the sequence's own time in one sequence
TEMPO = 8  # steps per unit of its own time, unwarped


def warp(stretch, unevenness, *, seed=0):
    """The own time that passes in each step of a warped sequence, array (time,); they add up to EVENTS.

    stretch      1 leaves TEMPO steps to a unit of own time, 2 twice as many
    unevenness   0: the same in all units; 1: from a quarter to four times the steps, drawn anew for each unit
    """
    draw = np.random.default_rng(seed).uniform(-1, 1, EVENTS)
    steps = np.maximum(1, np.round(TEMPO * stretch * 4 ** (unevenness * draw))).astype(int)
    return np.concatenate([np.full(count, 1 / count) for count in steps])


def warped(pace, *, seed=0):
    """(x, target) of a sequence whose steps take pace (time,) of its own time: x (time, 2), target (time,).

    x is (level, pace). The level is drawn anew for each unit of own time; the target is the leaky trace y of the level
    in own time, dy/ds = level - y, which is the same curve however the sequence is stretched.
    """
    own = np.cumsum(pace)
    levels = np.random.default_rng(1000 + seed).choice([-0.9, 0.0, 0.9], EVENTS)
    now = levels[np.minimum((own - pace / 2).astype(int), EVENTS - 1)]
    target, y = [], 0.0
    for level, passed in zip(now, pace):
        y = level + (y - level) * np.exp(-passed)
        target.append(y)
    return np.stack([now, pace], axis=-1), np.array(target)


@cache
def warp_cells():
    """{name: cell}: a unit with a constant gate and one whose gate sees x, trained on the same 24 uneven sequences.

    L-BFGS on the mean squared error of h at every step; takes a few seconds, once in a session.
    """
    batches = [warped(warp(1.0, 1.0, seed=k), seed=k) for k in range(1, 25)]
    longest = max(len(target) for _, target in batches)
    x, y = np.zeros((len(batches), longest, 2)), np.full((len(batches), longest), np.nan)
    for b, (shown, target) in enumerate(batches):
        x[b, : len(target)], y[b, : len(target)] = shown, target
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    known = ~y.isnan()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        cells = {"constant gate": LeakyCell(2, 1), "gate that sees x": JANETCell(2, 1)}
    for cell in cells.values():
        optimiser = torch.optim.LBFGS(cell.parameters(), max_iter=60, line_search_fn="strong_wolfe")

        def loss(cell=cell, optimiser=optimiser):
            optimiser.zero_grad()
            error = ((unroll(cell, x)["h"][..., 0] - y)[known] ** 2).mean()
            error.backward()
            return error

        optimiser.step(loss)
    return cells


@dataclass(frozen=True)
class Following:
    """How a trained unit follows a warped sequence: h and gate (time,), and the root mean squared error of h."""

    h: np.ndarray
    gate: np.ndarray
    error: float


def follow(stretch, unevenness, *, seed=0):
    """(level, target, {name: Following}) of the units of warp_cells on one warped sequence; arrays (time,)."""
    x, target = warped(warp(stretch, unevenness, seed=seed), seed=seed)
    found = {}
    with torch.no_grad():
        for name, cell in warp_cells().items():
            trace = unroll(cell, torch.tensor(x[None], dtype=torch.float32))
            h, gate = (trace[part][0, :, 0].numpy() for part in ("h", cell.memory[0]))
            found[name] = Following(h, gate, float(np.sqrt(((h - target) ** 2).mean())))
    return x[:, 0], target, found


# ---- Looking into cells of the learner ----


def clamped(cell, x, clamps):
    """(free, clamped): what cell does over x (batch, time, input) as it is, and with clamps {gate: value in [0, 1]}.

    Each is {state or gate: array (batch, time, hidden)}. ValueErrors as in `unroll`.
    """
    with torch.no_grad():
        runs = [unroll(cell, x, override=rules) for rules in ({}, clamps)]
    return [{name: trace[name].numpy() for name in trace.steps} for trace in runs]


def look_inside(network, task, batch, *, gate=None, value=None):
    """(trace, score) of a network on batch, {state or gate: array (batch, time, hidden)} and task's own score.

    gate    a gate to interfere with, or None
    value   a number in [0, 1] to clamp it to, or None to deal each sequence the gate values of another (`shuffled`)
    """
    override = {gate: shuffled(0) if value is None else value} if gate else None
    with torch.no_grad():
        trace = unroll(network.cell, batch.x, override=override)
        score = float(task.score(network.read(trace["h"], at=batch.at), batch))
    return {name: trace[name].numpy() for name in trace.steps}, score
