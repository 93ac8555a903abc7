"""The equations in each cell's docstring are run, with the cell's own weights, and compared with its step."""

import re

import pytest
import test_cells
import torch
from strangers import STRANGERS

from course_lib.cells import CELLS
from course_lib.initialise import named_weights
from course_lib.latex import read

every_cell = pytest.mark.parametrize("Cls", CELLS + STRANGERS, ids=lambda Cls: Cls.__name__)


class Matrix:
    """A weight matrix that multiplies row vectors as the equations write it: M @ v."""

    def __init__(self, weight):
        self.weight = weight

    def __matmul__(self, vector):
        return vector @ self.weight.T


def symbols(cell):
    """What the equations call the weights: {name: vector, or Matrix}."""
    return {name: Matrix(weight) if weight.dim() == 2 else weight for name, weight in named_weights(cell).items()}


def run(lines, values):
    """Every value that the equations define, one after another; c' is called c_new."""
    values = dict(values)
    for line in lines:
        try:
            values[line.name + "_new" * line.new] = eval(line.code, dict(vars(torch)), values)
        except Exception as error:
            raise AssertionError(
                f"{line.name}{chr(39) * line.new} = {line.right} cannot be run ({error}). It may use x, the states, "
                f"the weights, the names of the lines above ({', '.join(values)}), and the functions of torch"
            ) from error
    return values


def check(Cls, text=None):
    """AssertionError unless the equations in text (Cls's docstring) give the state and the gates that step gives."""
    torch.manual_seed(0)
    cell = Cls(3, 4).double()
    state, gates = test_cells.a_state(cell), {}
    x = torch.randn(2, 3, dtype=torch.float64)
    lines = read(text or Cls.__doc__)
    values = run(lines, symbols(cell) | state | {"x": x})

    def gate(name, value):
        gates[name] = value
        return value

    new = cell.step(gate, x, **state)
    assert {line.name for line in lines if line.new} == set(cell.state), "one equation for each new state"
    for name in cell.state:
        torch.testing.assert_close(new[name], values[f"{name}_new"], rtol=1e-12, atol=1e-12)
    for name, value in gates.items():
        written = values[cell.letters[name]].expand(2, 4)
        assert torch.allclose(value, written, rtol=1e-12, atol=1e-12), (
            f"{Cls.__name__}: gate {name!r} is {value}, and {cell.letters[name]} of the equations is {written}"
        )


@every_cell
def test_a_step_does_what_its_docstring_says(Cls):
    check(Cls)


@every_cell
def test_the_docstring_uses_every_weight(Cls):
    text = " ".join(line.right for line in read(Cls.__doc__))
    assert set(symbols(Cls(3, 4))) <= set(re.findall(r"\w+", text))


LIES = [
    ("LSTMCell", "f ⊙ c + i ⊙ g", "i ⊙ c + f ⊙ g"),
    ("LSTMCell", "o ⊙ tanh(c')", "o ⊙ tanh(c)"),
    ("GRUCell", "z ⊙ h + (1 - z) ⊙ n", "(1 - z) ⊙ h + z ⊙ n"),
    ("GRUCell", "r ⊙ (U_n h + b_u)", "(r ⊙ (U_n h) + b_u)"),
    ("ChoGRUCell", "U_n (r ⊙ h)", "r ⊙ (U_n h)"),
    ("PeepholeLSTMCell", "p_o ⊙ c'", "p_o ⊙ c"),
    ("MinLSTMCell", "s / (s + t) ", "s / (1 + t) "),
    ("PageCell", "q ⊙ σ(c')", "q ⊙ tanh(c')"),
    ("RNNCell", "tanh(W x + U h + b)", "tanh(W x + b)"),
]


@pytest.mark.parametrize(("name", "truth", "lie"), LIES)
def test_a_docstring_that_lies_is_caught(name, truth, lie):
    (Cls,) = (Cls for Cls in CELLS if Cls.__name__ == name)
    assert Cls.__doc__.count(truth) == 1
    with pytest.raises(AssertionError):
        check(Cls, Cls.__doc__.replace(truth, lie))
