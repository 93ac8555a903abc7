"""The desk shows what the drawn gates do, and its fewest moves are the fewest."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from course_lib.widgets import gate_desk
from course_lib.widgets.gate_desk import MISSIONS, fewest_moves, try_gates

every_mission = pytest.mark.parametrize("mission", MISSIONS.values(), ids=list(MISSIONS))


def wanted(mission, x):
    """What c must be after each step of one sequence, in plain code."""
    stored = []
    for t, value in enumerate(x):
        old = stored[-1] if stored else 0
        if mission.name in ("count", "forget"):
            stored.append(0 if mission.marks.get(t) == "forget" else old + value)
        else:
            stored.append(value if mission.marks.get(t) in ("bit", "mark") else old)
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
    assert moves == {"carry": 4, "count": 2, "replace": 11, "stay silent": 6, "forget": 6}[mission.name]


def begin(mission, steps):
    """The first steps of a mission."""
    target = {state: values[:, :steps] for state, values in mission.target.items()}
    return replace(mission, x=mission.x[:, :steps], target=target)


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


@every_mission
@pytest.mark.parametrize("levels, steps", [((0, 1), 8), ((0, 0.25, 0.5, 0.75, 1), 4)], ids=["on or off", "in between"])
def test_no_other_drawing_does_with_fewer_moves(mission, levels, steps):
    start = begin(mission, steps)
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


@pytest.mark.parametrize("name", MISSIONS)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0, "random"])
def test_the_desk_shows_what_the_drawn_gates_do(name, level):
    desk, mission = gate_desk.GateDesk(), MISSIONS[name]
    desk.mission = name
    steps, draw = mission.x.shape[1], np.random.default_rng(0)
    gates = {g: (draw.random(steps) if level == "random" else np.full(steps, level)).tolist() for g in gate_desk.GATES}
    for sequence in (1, 4, 8):
        desk.gates, desk.sequence = gates, sequence
        c, (f, i, o) = 0.0, (gates[g] for g in gate_desk.GATES)
        for t, x in enumerate(mission.x[sequence - 1]):
            c = f[t] * c + i[t] * x
            assert desk.view["c"][t] == pytest.approx(c, abs=1e-4)
            assert desk.view["h"][t] == pytest.approx(o[t] * np.tanh(c), abs=1e-4)
        assert desk.view["x"] == mission.x[sequence - 1].tolist()


@pytest.mark.parametrize("name", MISSIONS)
def test_a_solved_mission_is_said_and_scored_and_the_best_score_stays(name):
    desk, (moves, gates) = gate_desk.GateDesk(), fewest_moves(MISSIONS[name])
    desk.mission = name
    assert f"{name}: Right in 0 of 8" in desk.view["text"] and desk.view["best"] == {}
    wasteful = gates | {"forget": [0.95, *gates["forget"][1:]]}
    desk.gates = wasteful
    assert desk.view["best"][name] > moves and f"{name}: solved. Right in 8 of 8" in desk.view["text"]
    desk.gates = gates
    assert desk.view["best"][name] == moves and "solved, and nobody can do it in less" in desk.view["text"]
    desk.gates = wasteful
    assert desk.view["best"][name] == moves


@pytest.mark.parametrize("preset", gate_desk.PRESETS)
def test_a_preset_sets_every_step(preset):
    desk = gate_desk.GateDesk()
    desk.gates = {gate: [value] * 32 for gate, value in desk.presets[preset].items()}
    assert "carry: Right in" in desk.view["text"]


def test_gates_that_do_not_fit_are_refused_aloud():
    desk = gate_desk.GateDesk()
    with pytest.raises(ValueError, match="carry needs gates as {name: values} for forget, input, output; got"):
        desk.gates = {"forget": [1.0]}


def test_drawn_gates_and_solved_missions_are_there_on_the_next_run(answers):
    desk, (moves, gates) = gate_desk.GateDesk(), fewest_moves(MISSIONS["count"])
    half = {gate: [0.5] * 32 for gate in gate_desk.GATES}
    desk.gates = half
    desk.mission = "count"
    desk.gates = gates
    desk.gates = {gate: [0.25] * 16 for gate in gate_desk.GATES}
    again = gate_desk.GateDesk()
    assert again.mission == "count" and again.gates["input"] == [0.25] * 16 and again.view["best"] == {"count": moves}
    again.mission = "carry"
    assert again.gates == half


def test_a_solution_in_the_file_that_solves_nothing_counts_for_nothing(answers):
    answers.write_text(json.dumps({"GateDesk": {"solved": {"count": {gate: [0.0] * 16 for gate in gate_desk.GATES}}}}))
    assert gate_desk.GateDesk().view["best"] == {}
