"""What the text of a cell as JavaScript says of it, and how a cell that has none is told so."""

import re

import pytest
from strangers import STRANGERS
from torch import tanh
from torch.nn import functional

from course_lib.cells import Cell, LSTMCell, RNNCell
from course_lib.script import script
from course_lib.script.expression import number


def test_the_text_has_the_names_of_the_step():
    text = script(LSTMCell(2, 3)).text
    named = set(re.findall(r"const (\w+) = ", text))
    assert {"f_sum", "f_own", "f", "i_sum", "i_own", "o_sum", "o_own", "g_sum", "g", "c_new", "h_new"} <= named
    assert {"$forget", "$input", "$output", "$c", "$h"} <= set(re.findall(r"\$\w+", text))


def test_the_first_lines_say_how_this_cell_is_run():
    text = script(LSTMCell(2, 3)).text
    assert text.startswith("// LSTMCell, from its step: through time, and the gradient back. ")
    assert 'run.forward(weights, x, { override: { "forget": 1 } });' in text
    assert "row after row: x (batch, steps, 2); weights {name: matrix}" in text
    assert "run.forward(weights, x, { override: {  } });" in script(RNNCell(2, 3)).text


def test_the_products_for_a_gate_that_is_held_are_left_out_and_no_others():
    lines = [line.strip() for line in script(LSTMCell(2, 3)).text.splitlines() if "times($" in line]
    left_out = [re.match(r'if \(!rules\["(\w+)"\]\?\.held\) times\(\$(\w)_sum', line) for line in lines]
    assert [found.groups() for found in left_out if found] == [
        (gate, gate[0]) for gate in ("forget", "input", "output") for _ in "WU"
    ]
    assert sum(line.startswith("times($g_sum") for line in lines) == 2 == len(lines) - 6


def test_a_number_is_written_as_javascript_writes_it():
    texts = {float("inf"): "Infinity", -float("inf"): "-Infinity", 2.0: "2", -0.1: "-0.1", 1e-300: "1e-300"}
    assert [number(value) for value in texts] == list(texts.values()) and number(float("nan")) == "NaN"


class MaskedCell(RNNCell):
    """A matrix is computed from the weights, anew at every step."""

    def step(self, gate, x, h):
        return {"h": tanh(x @ (2 * self.h.W.weight).T + self.h.U(h))}


class DoubledCell(RNNCell):
    """The same once and for all."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.twice = 2 * self.h.W.weight

    def step(self, gate, x, h):
        return {"h": tanh(functional.linear(x, self.twice) + self.h.U(h))}


class KeptNameCell(Cell):
    state = ("h", "weights")

    def step(self, gate, x, h, weights):
        return {"h": h, "weights": weights}


class ObservationCell(Cell):
    state = ("h", "x")

    def step(self, gate, *given, **old):
        return old


class BareGateCell(LSTMCell):
    def step(self, gate, x, h, c):
        gate("forget", self.f.U.bias)
        return {"h": h, "c": c}


@pytest.mark.parametrize(
    ("Cls", "said"),
    [(STRANGERS[-1], r"FallingCell has no JavaScript: line \d+, h = tanh\(torch.cumsum\(.*cumsum is not compiled"),
     (MaskedCell, r"MaskedCell has no JavaScript: line \d+, return .*: T is not compiled$"),
     (DoubledCell, "DoubledCell has no JavaScript: it makes a matrix, or what stands with one, from the weight W"),
     (KeptNameCell, "KeptNameCell has no JavaScript: in the page weights means something else; another name would do$"),
     (ObservationCell, "ObservationCell has no JavaScript: in the page x means something else; another name would do$"),
     (BareGateCell, "^BareGateCell has no JavaScript: gate 'forget' has no batch; value.expand_as\\(h\\) would do$")],
)  # fmt: skip
def test_what_cannot_be_written_is_said_in_one_sentence(Cls, said):
    with pytest.raises(ValueError, match=said) as raised:
        script(Cls(2, 3))
    assert "\n" not in str(raised.value)
