"""The desk shows what the drawn gates do, and its fewest moves are the fewest."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from inside import inside

from course_lib.widgets import gate_desk
from course_lib.widgets.gate_desk import MISSIONS, fewest_moves, try_gates

FEWEST = {"keep": 1, "carry": 4, "count": 2, "replace": 11, "stay silent": 6, "forget": 6, "toggle": 12, "two bits": 7}
every_mission = pytest.mark.parametrize("mission", MISSIONS.values(), ids=list(MISSIONS))


def wanted(mission, x):
    """What c must be after each step of one sequence, in plain code."""
    stored = []
    for t, value in enumerate(x):
        old, mark = stored[-1] if stored else 0, mission.marks.get(t)
        if mission.name in ("count", "forget"):
            stored.append(0 if mark == "forget" else old + value)
        elif mark in ("flip", "second"):
            stored.append(-old if mark == "flip" else old / 2 + value)
        else:
            stored.append(value if mark in ("bit", "mark", "store", "first") else old)
    return stored


@every_mission
def test_a_mission_asks_for_what_its_words_say(mission):
    for x, c in zip(mission.x, mission.target["c"]):
        np.testing.assert_array_equal(c, wanted(mission, x))
    assert len({tuple(x) for x in mission.x}) == len(mission.x)


def test_the_bit_is_shown_after_thirty_distractors_and_silence_is_asked_for_between():
    carry, silent = MISSIONS["carry"], MISSIONS["stay silent"]
    assert abs(carry.x[:, 1:31]).min() == 1 and np.isnan(carry.target["h"][:, :31]).all()
    np.testing.assert_allclose(carry.target["h"][:, 31], np.tanh(carry.x[:, 0]))
    asked = [t in (7, 15) for t in range(16)]
    np.testing.assert_allclose(silent.target["h"], np.where(asked, np.tanh(silent.x[:, :1]), 0))


@every_mission
def test_the_fewest_moves_solve_the_mission(mission):
    moves, gates = fewest_moves(mission)
    attempt = try_gates(mission, gates)
    assert attempt.solved and attempt.moves == moves
    assert moves == FEWEST[mission.name]


def begin(mission, steps):
    """The first steps of a mission."""
    target = {state: values[:, :steps] for state, values in mission.target.items()}
    given = {gate: values[:steps] for gate, values in mission.given.items()}
    return replace(mission, x=mission.x[:, :steps], target=target, given=given)


def least_of_all(mission, levels):
    """The fewest moves that solve mission, by trying every drawing with gates at these levels."""
    steps = mission.x.shape[1]
    rows = np.array(list(product(levels, repeat=steps)))
    moves = (np.diff(rows, prepend=0) != 0).sum(axis=1)
    f, i = np.repeat(rows, len(rows), axis=0), np.tile(rows, (len(rows), 1))
    c, right = np.zeros((len(f), len(mission.x))), np.ones(len(f), dtype=bool)
    for t in range(steps):
        c = f[:, t, None] * c + i[:, t, None] * mission.x[:, t]
        right &= (abs(c - mission.target["c"][:, t]) < gate_desk.CLOSE).all(axis=1)
    least = (np.repeat(moves, len(rows)) + np.tile(moves, len(rows)))[right].min()
    if "h" in mission.target:  # with c right, the output gate can be tried alone
        missed = abs(rows[:, None] * np.tanh(mission.target["c"]) - mission.target["h"]) >= gate_desk.CLOSE
        least += moves[~missed.any(axis=(1, 2))].min()
    return least


@pytest.mark.parametrize("name", ["carry", "count", "replace", "stay silent", "forget"])
@pytest.mark.parametrize("levels, steps", [((0, 1), 8), ((0, 0.25, 0.5, 0.75, 1), 4)], ids=["on or off", "in between"])
def test_no_other_drawing_does_with_fewer_moves(name, levels, steps):
    start = begin(MISSIONS[name], steps)
    assert fewest_moves(start)[0] == least_of_all(start, levels)


def test_a_move_is_a_change_of_one_gate_and_gates_start_shut():
    steps = MISSIONS["count"].x.shape[1]
    gates = {"forget": [0.5] * steps, "input": [0.0] * (steps - 1) + [1.0], "output": [0.0, 1.0] + [0.2] * (steps - 2)}
    assert try_gates(MISSIONS["count"], gates).moves == 1 + 1 + 2


@pytest.mark.parametrize(
    "change, complaint",
    [
        ({"forget": [1.0]}, "needs 16 values"),
        ({"update": [1.0] * 16}, "forget, input, output"),
        ({"input": [2.0] * 16}, "0 to 1"),
    ],
)
def test_gates_that_do_not_fit_are_refused(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        try_gates(MISSIONS["count"], {gate: [0.0] * 16 for gate in gate_desk.GATES} | change)


@pytest.mark.parametrize("name, steps", [("toggle", 6), ("two bits", 7)])
def test_no_drawing_at_the_levels_does_a_mission_that_reads_itself_or_halves_with_fewer_moves(name, steps):
    """Step by step, all ways that are right so far, with the fewest moves of each setting and memory."""
    mission = begin(MISSIONS[name], steps)
    settings = list(product(mission.levels, repeat=3))
    ways = {((0.0, 0.0, 0.0), (0.0,) * len(mission.x), (0.0,) * len(mission.x)): 0}  # {(setting, c, h): moves}
    for t in range(steps):
        after = {}
        for (before, c, h), moves in ways.items():
            for f, i, o in settings:
                g = np.where((mission.x[:, t] == 0) & mission.turns, -np.sign(h), mission.x[:, t])
                new = f * np.array(c) + i * g
                if (abs(new - mission.target["c"][:, t]) < gate_desk.CLOSE).all():
                    key = (f, i, o), tuple(new), tuple(o * np.tanh(new))
                    cost = moves + sum(a != b for a, b in zip(before, (f, i, o)))
                    after[key] = min(after.get(key, 999), cost)
        ways = after
    assert fewest_moves(mission)[0] == min(ways.values())


def test_given_gates_cannot_be_drawn_and_cost_nothing():
    keep = MISSIONS["keep"]
    drawn = try_gates(keep, {"forget": [0.0] + [1.0] * 11, "input": [0.5] * 12, "output": [0.0, 1.0] * 6})
    assert drawn.solved and drawn.moves == 1 and np.allclose(drawn.h, np.tanh(drawn.c))


def test_the_page_finds_what_python_finds_whatever_is_drawn(tmp_path):
    draw, asked = np.random.default_rng(0), []
    for name, mission in MISSIONS.items():
        steps = mission.x.shape[1]
        for level in ("solved", 0.0, 0.5, 1.0, "random"):
            gates = {gate: (draw.random(steps) if level == "random" else np.full(steps, level)).tolist()
                     for gate in gate_desk.GATES} if level != "solved" else fewest_moves(mission)[1]  # fmt: skip
            asked.append([name, gates])
    text = """return given.map(([name, gates]) => attempt(DATA.missions.find((one) => one.name === name), gates));"""
    for (name, gates), got in zip(asked, inside(tmp_path, gate_desk.GateDesk(), text, asked)):
        made = try_gates(MISSIONS[name], gates)
        for state in ("c", "h"):
            np.testing.assert_allclose(got[state], getattr(made, state), atol=1e-5)
        assert (got["right"], got["solved"], got["moves"]) == (made.right.sum(), made.solved, made.moves)


def test_the_page_is_told_no_solution():
    shown = gate_desk.GateDesk().data()["missions"]
    assert [one["fewest"] for one in shown] == list(FEWEST.values())
    assert not any("gates" in one for one in shown)
