"""The checks are checked: bugs are planted in steps and in the unroll, and the checks named beside each must catch it.

A planted bug replaces one piece of text in the source of a cell or of the unroll. Shapes stay as they were, so a test
of shapes would catch none of them.
"""

import inspect
import textwrap

import pytest
import test_cells
import test_docstrings
import test_unroll
import torch

from course_lib import cells
from course_lib import unroll as unrolling
from course_lib.cells import (
    ChoGRUCell,
    GRUCell,
    LeakyCell,
    LSTM1997Cell,
    LSTMCell,
    MinGRUCell,
    PeepholeLSTMCell,
    RNNCell,
)
from course_lib.unroll import unroll


def equations(Cls, unroll, original):
    test_docstrings.check(Cls)


def pytorch(Cls, unroll, original):
    test_cells.test_the_same_numbers_as_pytorch(Cls, unroll=unroll, like=original)


def causal(Cls, unroll, original):
    test_cells.test_the_future_cannot_change_the_past(Cls, unroll=unroll)


def past(Cls, unroll, original):
    test_cells.test_the_past_reaches_the_future(Cls, unroll=unroll)


def clamped(Cls, unroll, original):
    test_cells.test_a_clamp_is_what_the_trace_shows(Cls, unroll=unroll)


def downstream(Cls, unroll, original):
    test_cells.test_an_override_at_one_step_changes_all_that_follows_and_nothing_before(Cls, unroll=unroll)


def weights(Cls, unroll, original):
    test_cells.test_every_weight_matters(Cls, unroll=unroll)


def memory(Cls, unroll, original):
    test_cells.test_the_memory_is_multiplied_by_its_gate(Cls)


def announced(Cls, unroll, original):
    test_cells.test_a_step_announces_the_gates_it_declares_once_each(Cls)


def between_0_and_1(Cls, unroll, original):
    test_cells.test_gates_lie_in_the_range_that_is_declared_which_is_0_to_1_unless_said(Cls)


def derivatives(Cls, unroll, original):
    test_cells.test_derivatives_of_a_step_are_right(Cls)


def alone(Cls, unroll, original):
    test_cells.test_sequences_of_a_batch_do_not_touch_each_other(Cls)


def asked_once(Cls, unroll, original):
    torch.manual_seed(0)
    x = torch.randn(2, 5, 3)
    test_unroll.test_an_override_is_asked_once_for_every_step_with_the_value_it_replaces(Cls(3, 4), x, unroll=unroll)


def in_parts(Cls, unroll, original):
    torch.manual_seed(0)
    test_unroll.test_a_sequence_may_be_run_in_two_parts(Cls, torch.randn(2, 5, 3), unroll=unroll)


IN_A_STEP = [
    ("forget and input gate swapped", LSTMCell, "c = f * c + i * g", "c = i * c + f * g", [equations, pytorch, memory]),
    ("no tanh on the candidate", LSTMCell, "g = tanh(self.g(x, h))", "g = self.g(x, h)", [equations, pytorch]),
    ("no tanh on reading", LSTMCell, "h = o * tanh(c)", "h = o * c", [equations, pytorch]),
    ("the old memory is read", LSTMCell, "c = f * c + i * g\n    h = o * tanh(c)",
     "h = o * tanh(c)\n    c = f * c + i * g", [equations, pytorch]),
    ("the input gate has the forget gate's weights", LSTMCell, "self.i(x, h)", "self.f(x, h)",
     [equations, pytorch, weights]),
    ("the candidate is a gate", LSTMCell, "g = tanh(", "g = sigmoid(", [equations, pytorch]),
    ("a gate without its sigmoid", LSTMCell, "sigmoid(self.o(x, h))", "self.o(x, h)",
     [equations, pytorch, between_0_and_1]),
    ("a gate by a softmax over units", LSTMCell, "sigmoid(self.f(x, h))", "self.f(x, h).softmax(dim=-1)",
     [equations, pytorch]),
    ("a gate by a softmax over the batch", LSTMCell, "sigmoid(self.f(x, h))", "self.f(x, h).softmax(dim=0)",
     [equations, pytorch, alone]),
    ("the replaced gate is not used", LSTMCell, 'f = gate("forget", sigmoid(self.f(x, h)))',
     'f = sigmoid(self.f(x, h))\n    gate("forget", f)', [downstream]),
    ("two gates announced under each other's name", LSTMCell,
     'f = gate("forget", sigmoid(self.f(x, h)))\n    i = gate("input", sigmoid(self.i(x, h)))',
     'f = gate("input", sigmoid(self.f(x, h)))\n    i = gate("forget", sigmoid(self.i(x, h)))', [equations, memory]),
    ("a gate not announced", LSTMCell, 'gate("output", sigmoid(self.o(x, h)))', "sigmoid(self.o(x, h))",
     [announced, between_0_and_1]),
    ("no gradient through the memory", LSTMCell, "c = f * c", "c = f * c.detach()", [pytorch, memory, derivatives]),
    ("no gradient into a gate", LSTMCell, "sigmoid(self.i(x, h))", "sigmoid(self.i(x, h)).detach()",
     [pytorch, weights, derivatives]),
    ("a forget gate where there is none", LSTM1997Cell, "c = c + i * g", "c = (1 - i) * c + i * g",
     [equations, memory]),
    ("the output gate looks at the old memory", PeepholeLSTMCell,
     'c = f * c + i * g\n    o = gate("output", sigmoid(self.o(x, h) + self.p_o * c))',
     'o = gate("output", sigmoid(self.o(x, h) + self.p_o * c))\n    c = f * c + i * g', [equations]),
    ("z near 1 replaces", GRUCell, "h = z * h + (1 - z) * n", "h = (1 - z) * h + z * n", [equations, pytorch, memory]),
    ("reset before the product instead of after", GRUCell, "r * (self.U_n(h) + self.b_u)", "self.U_n(r * h) + self.b_u",
     [equations, pytorch]),
    ("the second bias is not reset", GRUCell, "r * (self.U_n(h) + self.b_u)", "r * self.U_n(h) + self.b_u",
     [equations, pytorch]),
    ("reset after the product instead of before", ChoGRUCell, "self.n(x, r * h)", "self.n.W(x) + r * self.n.U(h)",
     [equations]),
    ("the weights of the mixture do not add up to 1", MinGRUCell, "(1 - z) * n", "n", [equations]),
    ("the gate depends on the input", LeakyCell, "sigmoid(self.b_z).expand_as(h)", "sigmoid(self.b_z + x.sum(1, True))",
     [equations]),
    ("no recurrent weight", RNNCell, "tanh(self.h(x, h))", "tanh(self.h.W(x))", [equations, pytorch, past, weights]),
    ("the state is halved", RNNCell, "tanh(self.h(x, h))", "tanh(self.h(x, h / 2))", [equations, pytorch]),
]  # fmt: skip

IN_THE_UNROLL = [
    ("the state is never advanced", "cell.step(gate, x_t, **state)", "cell.step(gate, x_t, **first)",
     [pytorch, past, in_parts]),
    ("time runs backwards", "x.unbind(dim=1)", "x.flip(1).unbind(dim=1)", [pytorch, causal, in_parts]),
    ("every step sees the mean of all steps", "x.unbind(dim=1)", "(x - x.mean(1, True)).unbind(dim=1)",
     [pytorch, causal, in_parts]),
    ("overrides are ignored", "if name in rules:", "if False:", [clamped, downstream, asked_once]),
    ("an override is recorded but not used", "value = rules[name](len(steps[name]), value)",
     "steps[name].append(rules[name](len(steps[name]), value))\n            return value", [downstream]),
    ("an override is used but not recorded", "value = rules[name](len(steps[name]), value)",
     "steps[name].append(value)\n            return rules[name](len(steps[name]) - 1, value)", [clamped, downstream]),
    ("an override comes one step late", "rules[name](len(steps[name]), value)",
     "rules[name](len(steps[name]) - 1, value)", [downstream, asked_once]),
    ("the start is forgotten", "if start is None else check_start(cell, x, start)", "", [in_parts]),
    ("the trace is cut off the gradient", "steps[name].append(state[name])", "steps[name].append(state[name].detach())",
     [pytorch, weights]),
]  # fmt: skip


def planted(thing, old, new, module):
    """thing, a class or function of module, built anew from its source with old replaced by new."""
    source = textwrap.dedent(inspect.getsource(thing))
    old, new = (textwrap.indent(text, "    " if inspect.isclass(thing) else "").strip() for text in (old, new))
    assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {thing.__name__}"
    names = dict(vars(module))
    exec(source.replace(old, new), names)  # noqa: S102 (the source is the library's own)
    return names[thing.__name__]


def catches(check, Cls, run, original):
    """True if check fails on Cls run by run; a wrong derivative is a RuntimeError of gradcheck or of backward."""
    try:
        check(Cls, run, original)
    except (AssertionError, RuntimeError):
        return True
    return False


@pytest.mark.parametrize(
    ("Cls", "old", "new", "checks"), [row[1:] for row in IN_A_STEP], ids=[row[0] for row in IN_A_STEP]
)
def test_a_bug_in_a_step_is_caught(Cls, old, new, checks):
    Mutant = planted(Cls, old, new, cells)
    for check in checks:
        assert not catches(check, Cls, unroll, Cls)
        assert catches(check, Mutant, unroll, Cls), f"{check.__name__} does not catch it"


@pytest.mark.parametrize(
    ("old", "new", "checks"), [row[1:] for row in IN_THE_UNROLL], ids=[row[0] for row in IN_THE_UNROLL]
)
def test_a_bug_in_the_unroll_is_caught(old, new, checks):
    mutant = planted(unroll, old, new, unrolling)
    for check in checks:
        assert not catches(check, LSTMCell, unroll, LSTMCell)
        assert catches(check, LSTMCell, mutant, LSTMCell), f"{check.__name__} does not catch it"


@pytest.mark.parametrize(("Cls", "old", "new"), [row[1:4] for row in IN_A_STEP], ids=[row[0] for row in IN_A_STEP])
def test_shapes_do_not_give_a_planted_bug_away(Cls, old, new):
    cell = planted(Cls, old, new, cells)(3, 4)
    state = cell.step(lambda name, value: value, torch.randn(2, 3), **cell.start(2))
    assert {name: value.shape for name, value in state.items()} == dict.fromkeys(cell.state, (2, 4))
