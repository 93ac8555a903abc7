"""What the widgets show is what cells do: each number has a second way to it."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
import torch
from test_docstrings import read, run, symbols

from course_lib import explore
from course_lib.cells import CELLS, LSTMCell
from course_lib.explore import MISSIONS, PIECES, fewest_moves, try_gates
from course_lib.gradients import half_life
from course_lib.tasks import TemporalOrder
from course_lib.training import build, evaluate

every_mission = pytest.mark.parametrize("mission", MISSIONS.values(), ids=list(MISSIONS))
every_build = pytest.mark.parametrize(
    "pieces",
    [chosen for count in range(6) for chosen in combinations(PIECES, count)],
    ids=lambda p: "+".join(p) or "none",
)


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
        right &= (abs(c - mission.target["c"][:, t]) < explore.CLOSE).all(axis=1)
    least = (np.repeat(moves, len(rows)) + np.tile(moves, len(rows)))[right].min()
    if "h" in mission.target:  # with c right, the output gate can be tried alone
        missed = abs(rows[:, None] * np.tanh(mission.target["c"]) - mission.target["h"]) >= explore.CLOSE
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
        try_gates(MISSIONS["count"], {gate: [0.0] * 16 for gate in explore.GATES} | change)


# ---- Half-life ----


@pytest.mark.parametrize("gate", [0.2, 0.9, 0.9999, 1.0])
@pytest.mark.parametrize("noise", [0.001, 0.05, 1.0])
def test_at_the_longest_lag_the_stored_value_is_two_standard_deviations(gate, noise):
    lag = explore.longest_lag(gate, noise)
    left, spread = explore.fading(gate, noise, lag)
    assert left == pytest.approx(2 * spread)


def test_the_noise_is_that_of_a_leaky_sum_of_noise():
    draw, value = np.random.default_rng(0), np.zeros(50_000)
    for _ in range(20):
        value = 0.9 * value + 0.05 * draw.standard_normal(len(value))
    assert explore.fading(0.9, 0.05, 20)[1] == pytest.approx(value.std(), rel=0.02)


def test_gate_bias_and_half_life_turn_into_each_other():
    for steps in (0.5, 5.0, 1e4):
        gate = explore.gate_of_half_life(steps)
        assert float(half_life(gate)) == pytest.approx(steps)
        assert explore.gate_of_bias(explore.bias_of_gate(gate)) == pytest.approx(gate)


def test_a_lag_without_noise_is_refused():
    with pytest.raises(ValueError, match="noise as a finite number above 0; got 0"):
        explore.longest_lag(0.9, 0)


# ---- The gradient microscope ----


@pytest.mark.parametrize("name", explore.LENSES)
def test_the_derivative_starts_at_one_and_its_parts_bound_the_whole(name):
    found = explore.gradient_by_lag(name, lag=10)
    assert found["total"][0] == pytest.approx(1) and len(found["total"]) == 11
    if name != "RNN":
        assert (found["total"] <= (found["direct"] + found["rest"]) * (1 + 1e-9)).all()


@pytest.mark.parametrize("name", ["LSTM", "GRU", "JANET"])
def test_without_recurrent_weights_the_direct_path_is_all_and_a_bias_holds_it_open(name):
    found = explore.gradient_by_lag(name, lag=10, scale=0)
    np.testing.assert_allclose(found["total"], found["direct"], rtol=1e-6)
    assert explore.gradient_by_lag(name, lag=10, scale=0, bias=4)["direct"][-1] > 100 * found["direct"][-1]


def test_a_plain_recurrent_network_has_no_direct_path_and_no_derivative_without_weights():
    found = explore.gradient_by_lag("RNN", lag=5, scale=0)
    assert set(found) == {"total"} and (found["total"][1:] == 0).all()
    with pytest.raises(ValueError, match="no cell 'Elman'; choices: RNN, LSTM"):
        explore.gradient_by_lag("Elman")


# ---- Build the LSTM ----


@every_build
def test_the_equations_shown_are_what_the_unit_does(pieces):
    cell, override = explore.build_unit(pieces)
    x, h, c = torch.tensor([[0.3, 1.0, 1.0]]), torch.tensor([[0.4]]), torch.tensor([[-0.7]])
    made = run(read("\n".join(explore.equations(pieces))), symbols(cell) | {"x": x, "h": h, "c": c})
    new = cell.step(lambda gate, value: torch.full_like(value, override.get(gate, value.item())), x, h=h, c=c)
    torch.testing.assert_close((made["h_new"], made["c_new"]), (new["h"], new["c"]))


def test_all_pieces_are_the_lstm():
    shown = read("\n".join(explore.equations(PIECES)))
    assert shown == read(LSTMCell.__doc__)


def test_recall_is_what_a_regression_of_the_value_on_h_explains():
    cell, override = explore.build_unit(["carry", "write gate"])
    x, value, asked = explore.recall_test()
    at_five = asked == explore.STALE + 5
    h = explore.clamped(cell, x[at_five], override)[1]["h"][:, explore.STALE + 5, 0]
    fit = np.polyval(np.polyfit(h, value[at_five], 1), h)
    explained = 1 - ((value[at_five] - fit) ** 2).mean() / value[at_five].var()
    assert explore.recall(["write gate", "carry"]).by_lag[4] == pytest.approx(explained, abs=1e-4)


def test_every_piece_takes_away_what_its_sentence_says():
    full, without = explore.recall(PIECES), {p: explore.recall(set(PIECES) - {p}) for p in PIECES}
    assert full.by_lag.min() > 0.99 and full.leak < 0.01
    assert without["carry"].by_lag.max() < 0.1
    assert without["write gate"].by_lag[-1] < 0.2 < without["write gate"].by_lag[0]
    assert without["forget gate"].by_lag.max() < 0.7
    assert without["output gate"].leak > 0.1 and without["output gate"].by_lag.max() < 0.7
    assert without["squashing"].by_lag.min() > 0.99
    assert explore.recall(["carry"]).largest > 10


def test_an_unknown_piece_is_refused():
    with pytest.raises(ValueError, match="no piece 'wheel'; choices: carry, write gate"):
        explore.recall(["wheel"])


# ---- Time warp ----


@pytest.mark.parametrize("stretch, unevenness", [(0.25, 0), (1, 0), (4, 0), (1, 1), (4, 0.5)])
def test_a_warp_passes_the_same_own_time_and_the_trace_is_the_same_curve(stretch, unevenness):
    pace = explore.warp(stretch, unevenness, seed=3)
    assert pace.sum() == pytest.approx(explore.EVENTS)
    ends = np.flatnonzero(np.isclose(np.cumsum(pace) % 1, 0) | np.isclose(np.cumsum(pace) % 1, 1))
    _, target = explore.warped(pace, seed=3)
    _, unwarped = explore.warped(explore.warp(1, 0, seed=3), seed=3)
    np.testing.assert_allclose(target[ends], unwarped[explore.TEMPO - 1 :: explore.TEMPO], rtol=1e-6)
    assert unevenness or len(pace) == explore.EVENTS * explore.TEMPO * stretch


@pytest.mark.parametrize("stretch, unevenness", [(0.5, 0), (1, 0), (2, 0), (1, 1)])
def test_a_gate_that_sees_x_follows_a_warp_better_than_a_constant_one(stretch, unevenness):
    runs = [explore.follow(stretch, unevenness, seed=100 + k)[2] for k in range(1, 10)]
    constant, seeing = (np.mean([run[name].error for run in runs]) for name in ("constant gate", "gate that sees x"))
    assert seeing < 0.6 * constant
    assert np.ptp(runs[0]["constant gate"].gate) == 0


# ---- Cells of the learner ----


@pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)
def test_any_gate_of_any_cell_can_be_held(Cls):
    torch.manual_seed(0)
    cell, x = Cls(2, 3), torch.randn(2, 6, 2)
    for gate in Cls.gates:
        free, held = explore.clamped(cell, x, {gate: 0.25})
        assert (held[gate] == 0.25).all() and not np.allclose(free[gate], 0.25)
        assert not np.allclose(free["h"], held["h"])


@pytest.mark.parametrize("gate, value", [(None, None), ("forget", 0.0), ("output", 0.5)])
def test_the_score_of_a_network_looked_into_is_its_score(gate, value):
    task = TemporalOrder(lag=20)
    network = build(LSTMCell, task, hidden_size=6)
    batch = task.batch(50, generator=torch.Generator().manual_seed(1))
    trace, score = explore.look_inside(network, task, batch, gate=gate, value=value)
    assert score == evaluate(network, task, sequences=50, seed=1, override={gate: value} if gate else None)[1]
    assert trace["c"].shape == (*batch.x.shape[:2], 6)


def test_shuffling_deals_out_the_values_that_were_there():
    task = TemporalOrder(lag=20)
    network = build(LSTMCell, task, hidden_size=4)
    batch = task.batch(10, generator=torch.Generator().manual_seed(1))
    free, _ = explore.look_inside(network, task, batch)
    shuffled, _ = explore.look_inside(network, task, batch, gate="input")
    np.testing.assert_array_equal(np.sort(shuffled["input"][:, 1], axis=0), np.sort(free["input"][:, 1], axis=0))
    assert not np.array_equal(shuffled["input"][:, 1], free["input"][:, 1])


def test_looking_leaves_the_random_numbers_of_the_notebook_alone():
    before = torch.get_rng_state()
    explore.gradient_by_lag("GRU", lag=3)
    explore.one_unit()
    explore.build_unit(PIECES)
    explore.warp_cells.__wrapped__()
    assert torch.equal(before, torch.get_rng_state())
