"""A trace holds what the steps computed, an override reaches the step it is meant for, and bad input is named."""

import pytest
import torch
from strangers import SignedMinGRUCell

from course_lib.cells import CELLS, GRUCell, LSTMCell, MinGRUCell, RNNCell
from course_lib.unroll import shuffled, unroll

every_cell = pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)


@pytest.fixture
def lstm():
    torch.manual_seed(0)
    return LSTMCell(3, 4)


@pytest.fixture
def x():
    return torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1))


@every_cell
def test_a_trace_holds_every_state_and_gate_at_every_step(Cls, x):
    trace = unroll(Cls(3, 4), x)
    assert list(trace.steps) == [*Cls.state, *Cls.gates]
    assert all(trace[name].shape == (2, 5, 4) for name in trace.steps)


@every_cell
def test_a_trace_is_what_the_steps_give_when_called_by_hand(Cls, x):
    cell = Cls(3, 4)
    trace, state = unroll(cell, x), cell.start(2)
    for t in range(5):
        state = cell.step(lambda name, value: value, x[:, t], **state)
        for name in state:
            assert torch.equal(trace[name][:, t], state[name])
    assert all(torch.equal(trace.final[name], state[name]) for name in state)


@every_cell
def test_a_sequence_may_be_run_in_two_parts(Cls, x, unroll=unroll):
    cell = Cls(3, 4)
    whole, first = unroll(cell, x), unroll(cell, x[:, :2])
    second = unroll(cell, x[:, 2:], start=first.final)
    for name in whole.steps:
        torch.testing.assert_close(torch.cat([first[name], second[name]], dim=1), whole[name])
    assert second.start is first.final or all(torch.equal(second.start[n], first.final[n]) for n in cell.state)


def test_an_override_is_asked_once_for_every_step_with_the_value_it_replaces(lstm, x, unroll=unroll):
    asked = []

    def rule(t, value):
        asked.append((t, value))
        return value

    trace = unroll(lstm, x, override={"input": rule})
    assert [t for t, _ in asked] == [0, 1, 2, 3, 4]
    assert all(torch.equal(value, trace["input"][:, t]) for t, value in asked)


def test_a_memory_that_is_never_forgotten_and_never_written_stays(lstm, x):
    start = {"h": torch.randn(2, 4), "c": torch.randn(2, 4)}
    trace = unroll(lstm, x, start=start, override={"forget": 1.0, "input": 0.0})
    assert all(torch.equal(c, start["c"]) for c in trace.steps["c"])
    assert (unroll(lstm, x, start=start, override={"forget": 0.0, "input": 0.0})["c"] == 0).all()


def test_an_update_gate_near_1_keeps(x):
    start = {"h": torch.randn(2, 4)}
    for Cls in (GRUCell, MinGRUCell):
        assert torch.equal(unroll(Cls(3, 4), x, start=start, override={"update": 1})["h"][:, -1], start["h"])


def test_several_gates_may_be_overridden_at_once(lstm, x):
    trace = unroll(lstm, x, override={"forget": 0.5, "output": lambda t, value: torch.full_like(value, t / 10)})
    assert (trace["forget"] == 0.5).all()
    torch.testing.assert_close(trace["output"][0, :, 0], torch.arange(5) / 10)


def test_shuffling_deals_each_step_the_same_values_to_other_sequences(lstm):
    x = torch.randn(50, 5, 3)
    seen = []
    deal = shuffled(seed=0)

    def rule(t, value):
        seen.append((value, deal(t, value)))
        return seen[-1][1]

    trace = unroll(lstm, x, override={"input": rule})
    orders = []
    for t, (value, dealt) in enumerate(seen):
        assert torch.equal(trace["input"][:, t], dealt)
        order = (dealt[:, None] == value[None]).all(dim=-1).int().argmax(dim=1)
        assert sorted(order.tolist()) == list(range(50))
        orders.append(tuple(order.tolist()))
    assert len(set(orders)) == 5  # drawn anew at every step


def test_the_same_seed_shuffles_alike_and_another_seed_otherwise(lstm):
    x = torch.randn(20, 5, 3)
    first, again, other = (unroll(lstm, x, override={"input": shuffled(seed)})["c"] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_the_gradient_at_every_step_can_be_asked_for(lstm, x):
    trace = unroll(lstm, x)
    slopes = torch.autograd.grad(trace["h"][:, -1].sum(), trace.steps["c"])
    assert len(slopes) == 5 and all((slope != 0).any() for slope in slopes)


def test_a_name_the_trace_does_not_have_is_refused_with_those_it_has(lstm, x):
    with pytest.raises(ValueError, match="Trace has no state or gate 'i'; choices: h, c, forget, input, output"):
        unroll(lstm, x)["i"]


@pytest.mark.parametrize(
    ("bad", "got"),
    [
        (torch.zeros(2, 5), r"\(2, 5\)"),
        (torch.zeros(2, 5, 4), r"\(2, 5, 4\)"),
        (torch.zeros(2, 0, 3), r"\(2, 0, 3\)"),
        ([[0.0]], r"\[\[0.0\]\]"),
    ],
)
def test_observations_of_another_shape_are_refused(lstm, bad, got):
    with pytest.raises(
        ValueError,
        match=rf"LSTMCell needs x as a tensor \(batch, time, input 3\) of float32, with no empty axis; got .*{got}",
    ):
        unroll(lstm, bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_observations_that_are_not_finite_are_refused(lstm, x, bad):
    x[1, 2, 0] = bad
    with pytest.raises(ValueError, match="LSTMCell needs finite x; got 1 NaN or infinite"):
        unroll(lstm, x)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan"), float("inf"), "1", None, [0.5]])
def test_a_clamp_that_no_gate_can_have_is_refused(lstm, x, bad):
    with pytest.raises(
        ValueError,
        match=r"LSTMCell needs override\['forget'\] as a function of \(t, value\) or as a number from 0 to 1; got",
    ):
        unroll(lstm, x, override={"forget": bad})


def test_a_gate_the_cell_does_not_have_is_refused_with_those_it_has(lstm, x):
    with pytest.raises(ValueError, match="LSTMCell has no gate 'update'; choices: forget, input, output"):
        unroll(lstm, x, override={"update": 1.0})
    with pytest.raises(ValueError, match="RNNCell has no gate 'forget'; choices: none"):
        unroll(RNNCell(3, 4), x, override={"forget": 1.0})


HALF = {"h": torch.zeros(2, 4)}


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({}, r"start as {name: \(batch, hidden\)} for h, c; got \[\]"),
        (HALF, r"start as {name: \(batch, hidden\)} for h, c; got \['h'\]"),
        (
            HALF | {"c": torch.zeros(3, 4)},
            r"start\['c'\] as a tensor \(batch 2, hidden 4\) of float32.*; got Tensor \(3, 4\)",
        ),
    ],
)
def test_a_start_that_is_not_the_state_is_refused(lstm, x, start, message):
    with pytest.raises(ValueError, match=f"LSTMCell needs {message}"):
        unroll(lstm, x, start=start)


def test_a_start_of_more_axes_is_asked_for_by_their_names():
    class Cubic(RNNCell):
        def start(self, batch_size):
            return {"h": torch.zeros(batch_size, 4, 5, 6)}

    with pytest.raises(
        ValueError, match=r"Cubic needs start\['h'\] as a tensor \(batch 2, hidden 4, third 5, fourth 6\)"
    ):
        unroll(Cubic(3, 4), torch.zeros(2, 1, 3), start={"h": torch.zeros(2, 4)})


@pytest.mark.parametrize(
    ("rule", "got"),
    [
        (lambda t, value: value[0], r"to return a tensor \(2, 4\) of torch.float32; got Tensor \(4,\)"),
        (lambda t, value: value + (t == 3), r"to return values from 0 to 1; got '1\.\d+ to 1\.\d+'"),
        (lambda t, value: value - int(t == 3), r"to return values from 0 to 1; got '-0\.\d+ to -?0\.\d+'"),
        (lambda t, value: 0.0 / (0.0 * value), "to return values from 0 to 1; got 'nan to nan'"),
    ],
)
def test_a_function_that_returns_what_no_gate_can_be_is_refused(lstm, x, rule, got):
    with pytest.raises(ValueError, match=rf"LSTMCell needs override\['forget'\] {got}"):
        unroll(lstm, x, override={"forget": rule})


def test_a_gate_of_a_wider_range_may_be_set_within_it(x):
    cell = SignedMinGRUCell(3, 4)
    assert (unroll(cell, x, override={"update": -0.5})["update"] == -0.5).all()
    with pytest.raises(ValueError, match="or as a number from -1 to 1; got -1.5"):
        unroll(cell, x, override={"update": -1.5})


BROKEN = {  # what the author of a step forgot: (the step's last lines, what the unroll says)
    "a gate that is not declared": (
        'gate("reset", h); return {"h": h}',
        "Broken needs gate 'reset' among its gates; got",
    ),
    "a gate that is not announced": (
        'return {"h": h}',
        "Broken needs 'update' once a step; got it 0 times in 5",
    ),
    "a gate announced twice": (
        'gate("update", h); gate("update", h); return {"h": h}',
        "Broken needs 'update' once a step; got it 10 times in 5 steps",
    ),
    "no return": ('gate("update", h)', "step of Broken needs to return {name: value} for h; got None"),
    "no name": (
        'gate("update", h); return h',
        r"step of Broken needs to return {name: value} for h; got Tensor \(2, 4\)",
    ),
    "a state of one sequence": (
        'gate("update", h); return {"h": h[:1]}',
        r"Broken needs 'h' with the shape of its start, \(2, 4\); got Ten",
    ),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_a_step_that_forgets_something_is_told_what(text, said, x):
    space = {}
    exec(f"def step(self, gate, x, h):\n    {text}", space)  # noqa: S102
    Broken = type("Broken", (RNNCell,), {"gates": ("update",), "step": space["step"]})
    with pytest.raises(ValueError, match=said):
        unroll(Broken(3, 4), x)


def test_one_sequence_has_nobody_to_be_dealt_values_from(lstm, x):
    with pytest.raises(ValueError, match="shuffled needs two sequences or more; got '1'"):
        unroll(lstm, x[:1], override={"input": shuffled(0)})
