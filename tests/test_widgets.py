"""Every control of every widget is moved over its range, and what is shown is what the library computes."""

import json
from base64 import b64decode

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from ipywidgets import Dropdown

from course_lib import explore, lesson
from course_lib import widgets as course
from course_lib.cells import CELLS, GRUCell, LSTMCell
from course_lib.explore import MISSIONS, fewest_moves
from course_lib.tasks import TemporalOrder
from course_lib.training import build


def lens():
    task = TemporalOrder(lag=20)
    return course.GateLens(build(LSTMCell, task, hidden_size=4), task, symbols="abcdXYEB", sequences=30)


def clamp(Cls=GRUCell):
    torch.manual_seed(0)
    return course.ClampAnyGate(Cls(2, 3), torch.randn(2, 8, 2))


WIDGETS = {
    "GateDesk": course.GateDesk, "GradientMicroscope": course.GradientMicroscope, "BuildTheLSTM": course.BuildTheLSTM,
    "HalfLifeDial": course.HalfLifeDial, "TimeWarp": course.TimeWarp, "GateLens": lens, "ClampAnyGate": clamp,
}  # fmt: skip
PANELS = {"Dial": course.Dial, "TimeWarp": course.TimeWarp, "GateLens": lens, "ClampAnyGate": clamp}


@pytest.fixture
def answers(tmp_path, monkeypatch):
    """A place of its own for what the learner did, as in a notebook that a person runs."""
    monkeypatch.setattr(lesson, "ANSWERS", tmp_path / "answers.json")
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    return tmp_path / "answers.json"


def stops(control):
    """Values over the range of a control: least, middle, most, and one at random."""
    if hasattr(control, "options"):
        return list(control.options)
    if not hasattr(control, "min"):
        return [True, False]
    low, high = (control.base**end if hasattr(control, "base") else end for end in (control.min, control.max))
    whole = isinstance(control.value, int)
    values = [low, (low + high) / 2, high, np.random.default_rng(0).uniform(low, high)]
    return [round(value) if whole else float(value) for value in values]


# ---- All of them ----


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_prints_the_same_in_every_run(name):
    assert repr(WIDGETS[name]()) == repr(WIDGETS[name]()) == f"{name}()"


@pytest.mark.parametrize("name", WIDGETS)
def test_a_figure_with_a_text_stands_in_where_there_is_no_kernel(name):
    figure, text = WIDGETS[name]().static()
    assert all(ax.lines or ax.patches for ax in figure.axes) and len(figure.axes) >= (1 if name == "GateLens" else 3)
    assert len(text) > 60 and any(letter.isdigit() for letter in text)
    plt.close(figure)
    data, about = WIDGETS[name]()._repr_mimebundle_()
    assert about["image/png"]["alt"] == text and "application/vnd.jupyter.widget-view+json" in data
    assert b64decode(data["image/png"]).startswith(b"\x89PNG") and plt.get_fignums() == []


@pytest.mark.parametrize("name", WIDGETS)
def test_a_widget_leaves_no_figure_and_no_random_number_behind(name):
    made = WIDGETS[name]()
    before = torch.get_rng_state()
    type(made)(**({"network": made.network, "task": made.task} if name == "GateLens" else
                  {"cell": made.cell, "x": made.x} if name == "ClampAnyGate" else {}))  # fmt: skip
    assert plt.get_fignums() == [] and torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("name", PANELS)
def test_every_control_of_a_panel_moves_over_its_range(name):
    panel = PANELS[name]()
    for control in panel.controls:
        for value in stops(control):
            control.value = value
            assert bytes(panel.image.value[:4]) == b"\x89PNG" and 'role="status"' in panel.text.value
    assert len({control.description for control in panel.controls}) == len(panel.controls)
    assert all(control.description for control in panel.controls)


@pytest.mark.parametrize("name", PANELS)
def test_an_error_behind_a_control_is_raised(name, monkeypatch):
    panel = PANELS[name]()

    def fail():
        raise RuntimeError("planted")

    monkeypatch.setattr(panel, "picture", fail)
    control = next(control for control in panel.controls if not isinstance(control, Dropdown))
    with pytest.raises(RuntimeError, match="planted"):
        control.value = stops(control)[0] if stops(control)[0] != control.value else stops(control)[1]


@pytest.mark.parametrize("Widget", [course.GateDesk, course.GradientMicroscope, course.BuildTheLSTM])
def test_what_the_browser_gets_is_whole_and_asks_the_network_for_nothing(Widget):
    text = Widget._esm
    assert "export default { render };" in str(text) and "function slider" in str(text)
    assert str(text).count("://") == 1 and "http://www.w3.org/2000/svg" in str(text)  # a name, not an address
    assert "import " not in str(text).replace("nothing is imported", "")
    json.dumps(Widget().view, allow_nan=False)


# ---- The gate desk ----


@pytest.mark.parametrize("name", MISSIONS)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0, "random"])
def test_the_desk_shows_what_the_drawn_gates_do(name, level):
    desk, mission = course.GateDesk(), MISSIONS[name]
    desk.mission = name
    steps, draw = mission.x.shape[1], np.random.default_rng(0)
    gates = {g: (draw.random(steps) if level == "random" else np.full(steps, level)).tolist() for g in explore.GATES}
    for sequence in (1, 4, 8):
        desk.gates, desk.sequence = gates, sequence
        c, (f, i, o) = 0.0, (gates[g] for g in explore.GATES)
        for t, x in enumerate(mission.x[sequence - 1]):
            c = f[t] * c + i[t] * x
            assert desk.view["c"][t] == pytest.approx(c, abs=1e-4)
            assert desk.view["h"][t] == pytest.approx(o[t] * np.tanh(c), abs=1e-4)
        assert desk.view["x"] == mission.x[sequence - 1].tolist()


@pytest.mark.parametrize("name", MISSIONS)
def test_a_solved_mission_is_said_and_scored_and_the_best_score_stays(name):
    desk, (moves, gates) = course.GateDesk(), fewest_moves(MISSIONS[name])
    desk.mission = name
    assert f"{name}: Right in 0 of 8" in desk.view["text"] and desk.view["best"] == {}
    wasteful = gates | {"forget": [0.95, *gates["forget"][1:]]}
    desk.gates = wasteful
    assert desk.view["best"][name] > moves and f"{name}: solved. Right in 8 of 8" in desk.view["text"]
    desk.gates = gates
    assert desk.view["best"][name] == moves and "solved, and nobody can do it in less" in desk.view["text"]
    desk.gates = wasteful
    assert desk.view["best"][name] == moves


@pytest.mark.parametrize("preset", course.PRESETS)
def test_a_preset_sets_every_step(preset):
    desk = course.GateDesk()
    desk.gates = {gate: [value] * 32 for gate, value in desk.presets[preset].items()}
    assert "carry: Right in" in desk.view["text"]


def test_gates_that_do_not_fit_are_refused_aloud():
    desk = course.GateDesk()
    with pytest.raises(ValueError, match="carry needs 32 values"):
        desk.gates = {"forget": [1.0]}


def test_drawn_gates_and_solved_missions_are_there_on_the_next_run(answers):
    desk, (moves, gates) = course.GateDesk(), fewest_moves(MISSIONS["count"])
    half = {gate: [0.5] * 32 for gate in explore.GATES}
    desk.gates = half
    desk.mission = "count"
    desk.gates = gates
    desk.gates = {gate: [0.25] * 16 for gate in explore.GATES}
    again = course.GateDesk()
    assert again.mission == "count" and again.gates["input"] == [0.25] * 16 and again.view["best"] == {"count": moves}
    again.mission = "carry"
    assert again.gates == half


@pytest.mark.parametrize(
    "damage",
    [
        "[]",
        '{"mission": "none", "gates": 3}',
        '{"gates": {"carry": {"forget": [7]}}, "solved": {"count": null}}',
        '"text"',
    ],
)
def test_a_damaged_file_of_answers_is_no_obstacle(answers, damage):
    answers.write_text(f'{{"GateDesk": {damage}, "HalfLifeDial": {damage}}}')
    assert course.GateDesk().view["best"] == {} and len(course.HalfLifeDial().children) == 3


def test_a_solution_in_the_file_that_solves_nothing_counts_for_nothing(answers):
    answers.write_text(json.dumps({"GateDesk": {"solved": {"count": {gate: [0.0] * 16 for gate in explore.GATES}}}}))
    assert course.GateDesk().view["best"] == {}


def test_under_test_nothing_is_kept(answers, monkeypatch):
    monkeypatch.setenv("COURSE_QUIET", "1")
    course.GateDesk().mission = "count"
    course.HalfLifeDial().answer()
    assert not answers.exists()


# ---- The others drawn in the browser ----


@pytest.mark.parametrize(
    "trait, values",
    [("cell", explore.LENSES), ("bias", [-2, 3, 8, 1.5]), ("scale", [0.1, 2.0, 4.0, 0.7]), ("lag", [5, 22, 40, 13])],
)
def test_the_microscope_shows_the_derivative_for_every_setting(trait, values):
    microscope = course.GradientMicroscope()
    for value in values:
        setattr(microscope, trait, value)
        settings = {name: getattr(microscope, name) for name in ("bias", "scale", "lag")}
        found = explore.gradient_by_lag(microscope.cell, **settings)
        assert set(microscope.view["paths"]) == set(found)
        np.testing.assert_allclose(microscope.view["paths"]["total"], found["total"], rtol=1e-6)
        assert f"{found['total'][-1]:.1e} is left" in microscope.view["text"]
        assert microscope.view["has_gate"] == (microscope.cell in ("LSTM", "GRU", "JANET"))


def test_the_pieces_change_the_equations_and_the_recall_together():
    built = course.BuildTheLSTM()
    for count in range(6):
        built.pieces = list(explore.PIECES)[:count]
        np.testing.assert_allclose(built.view["by_lag"], explore.recall(built.pieces).by_lag)
        assert built.view["equations"] == explore.equations(built.pieces)
    assert built.view["text"].startswith("The LSTM. Recall") and "after 40: 1.00" in built.view["text"]


# ---- The others drawn in Python ----


def test_the_dial_comes_after_the_guess_and_the_guess_is_kept(answers):
    dial = course.HalfLifeDial()
    assert dial.dial not in dial.children
    dial.guess.value = 70
    dial.button.click()
    assert dial.dial in dial.children and "Close." in dial.feedback.value and "= 69 steps" in dial.feedback.value
    again = course.HalfLifeDial()
    assert again.guess.value == 70 and again.dial in again.children


def test_a_guess_far_off_is_told_so():
    dial = course.HalfLifeDial()
    dial.guess.value = 10
    dial.button.click()
    assert "Not so." in dial.feedback.value


@pytest.mark.parametrize("bias", [-2, 3.0, 12, 5.55])
def test_bias_and_half_life_turn_together_and_the_picture_follows(bias):
    dial, gate = course.Dial(), 1 / (1 + np.exp(-bias))
    dial.bias.value = bias
    assert dial.half.value == pytest.approx(min(1e5, np.log(2) / -np.log(gate)), rel=0.02)
    figure, text = dial.picture()
    lags, left = figure.axes[0].lines[0].get_data()
    np.testing.assert_allclose(left, gate**lags)
    assert f"f = {gate:.4f}" in text
    dial.half.value = dial.half.value * 1.0001  # the browser's rounding of the slider that was turned along
    assert dial.gate == gate
    dial.half.value = 100
    assert dial.gate**100 == pytest.approx(0.5) and dial.bias.value == pytest.approx(
        np.log(dial.gate / (1 - dial.gate)), abs=0.03
    )


def test_the_warp_draws_both_units_and_their_gates():
    panel = course.TimeWarp()
    panel.stretch.value, panel.uneven.value, panel.sequence.value = 2, 0.5, 3
    level, target, units = explore.follow(2, 0.5, seed=103)
    figure, text = panel.picture()
    for line, wanted in zip(figure.axes[0].lines, (target, level, *(unit.h for unit in units.values()))):
        np.testing.assert_array_equal(line.get_ydata(), wanted)
    assert text.startswith(f"{len(target)} steps.") and f"constant gate {units['constant gate'].error:.2f}" in text


def test_the_lens_shows_the_unit_asked_for_and_what_an_interference_costs():
    panel = lens()
    free = panel.free[0]
    panel.shown.value, panel.unit.value, panel.sequence.value = "input", 2, 5
    figure, text = panel.picture()
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), free["input"][5].T)
    np.testing.assert_allclose(figure.axes[2].lines[0].get_ydata(), free["forget"][5, :, 2])
    panel.gate.value, panel.value.value = "forget", 0.25
    figure, text = panel.picture()
    assert (figure.axes[2].lines[0].get_ydata() == 0.25).all() and "forget gate at 0.25" in text
    panel.how.value = "shuffle"
    assert "forget gate shuffled" in panel.text.value and panel.value.disabled


@pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)
def test_a_cell_gets_its_switches_from_its_gates(Cls):
    panel = clamp(Cls)
    assert list(panel.switches) == list(Cls.gates)
    assert "No gate is held" in panel.text.value
    for gate in Cls.gates[:1]:
        panel.switches[gate].value = True
        assert f"{gate} held at 1" in panel.text.value


def test_an_x_that_the_cell_cannot_run_over_is_refused():
    with pytest.raises(ValueError, match="GRUCell needs x as a tensor"):
        course.ClampAnyGate(GRUCell(2, 3), torch.zeros(1, 5, 4))


def test_a_slider_with_one_stop_is_not_shown():
    alone = course.ClampAnyGate(GRUCell(2, 1), torch.randn(1, 8, 2))
    assert not {alone.unit, alone.sequence} & {*alone.controls}
    many = clamp()
    assert {many.unit, many.sequence} < {*many.controls}
    alone.picture()
