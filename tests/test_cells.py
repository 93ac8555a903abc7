"""What every cell must do, and what some cells must do as well.

The checks take the cell, and those that run it through time the unroll, as arguments: test_mutants.py calls them with
broken ones.
"""

import inspect

import pytest
import torch
from strangers import STRANGERS
from torch import nn

from course_lib import cells
from course_lib.cells import CELLS, Cell, GRUCell, LSTMCell, ReLURNNCell, RNNCell
from course_lib.initialise import named_weights
from course_lib.unroll import unroll

every_cell = pytest.mark.parametrize("Cls", CELLS + STRANGERS, ids=lambda Cls: Cls.__name__)
STEPS = 6


def made(Cls, seed=0):
    """A cell with 3 inputs and 4 units in double precision, and sequences (2, STEPS, 3)."""
    torch.manual_seed(seed)
    return Cls(3, 4).double(), torch.randn(2, STEPS, 3, dtype=torch.float64)


def a_state(cell, batch_size=2):
    """A state that cell can be in and that no start is, {name: (batch, hidden)}: the one after three steps."""
    state = cell.start(batch_size)
    with torch.no_grad():
        for _ in range(3):
            x = 3 * torch.randn(batch_size, cell.input_size, dtype=torch.float64)
            state = cell.step(lambda name, value: value, x, **state)
    return state


def test_every_cell_in_the_file_is_listed_once():
    kinds = [c for _, c in inspect.getmembers(cells, inspect.isclass) if issubclass(c, Cell) and c is not Cell]
    assert len(CELLS) == len(kinds) > 15 and set(CELLS) == set(kinds)


# ---- One step ----


@every_cell
def test_a_step_announces_the_gates_it_declares_once_each(Cls):
    cell, x = made(Cls)
    announced = []

    def gate(name, value):
        announced.append(name)
        return value

    cell.step(gate, x[:, 0], **a_state(cell))
    assert sorted(announced) == sorted(cell.gates), f"write gates = {tuple(announced)} in {Cls.__name__}"


@every_cell
def test_gates_lie_in_the_range_that_is_declared_which_is_0_to_1_unless_said(Cls):
    cell, x = made(Cls)
    values = {name: [] for name in cell.gates}

    def gate(name, value):
        values[name].append(value)
        return value

    for size in (1, 10):
        cell.step(gate, size * x[:, 0], **a_state(cell))
    for name, taken in values.items():
        assert [value.shape for value in taken] == [(2, 4), (2, 4)]
        least, largest = cell.ranges.get(name, (0, 1))
        taken = torch.stack(taken)
        assert least <= taken.min() and taken.max() <= largest, (
            f"{Cls.__name__}'s gate {name!r} took {taken.min():.3g} to {taken.max():.3g}: if it may, declare it with "
            f"ranges = {{{name!r}: (least, largest)}}"
        )
        assert taken.min() < taken.max()


@every_cell
def test_a_step_returns_the_state_it_declares(Cls):
    cell, x = made(Cls)
    new = cell.step(lambda name, value: value, x[:, 0], **a_state(cell))
    assert list(new) == list(cell.state)
    assert "h" in cell.state, f"a network reads h: {Cls.__name__} needs to call one of {cell.state} so"
    assert all(value.shape == (2, 4) and value.dtype == torch.float64 for value in new.values())


@every_cell
def test_sequences_of_a_batch_do_not_touch_each_other(Cls):
    cell, x = made(Cls)
    both, alone = unroll(cell, x), unroll(cell, x[1:])
    for name in both.steps:
        torch.testing.assert_close(both[name][1:], alone[name], rtol=1e-12, atol=1e-12)


@every_cell
def test_the_memory_is_multiplied_by_its_gate(Cls):
    """With every weight but the biases at zero, only the path of the memory itself carries the old state over."""
    cell, x = made(Cls)
    old = a_state(cell)
    with torch.no_grad():
        for name, weight in named_weights(cell).items():
            if not name.startswith("b"):
                weight.zero_()
    gate_name, memory = cell.memory or (None, cell.state[-1])
    gates = {}

    def gate(name, value):
        gates[name] = value.detach()
        return value

    def kept(value):
        return cell.step(gate, x[:, 0], **(old | {memory: value}))[memory]

    jacobian = torch.autograd.functional.jacobian(lambda value: kept(value).sum(dim=0), old[memory])  # (out, batch, in)
    found = jacobian.permute(1, 0, 2)
    weight = torch.zeros(2, 4) if cell.memory is None else gates[gate_name] if gate_name else torch.ones(2, 4)
    assert torch.allclose(found, torch.diag_embed(weight.double()), rtol=0, atol=1e-12), (
        f"{Cls.__name__} declares memory = {cell.memory}: (gate, state) where the gate multiplies the old value of the "
        f"state, (None, state) where 1 does, None where it is lost. Here {found[0]} does; the gates are {gates}"
    )


@every_cell
def test_what_a_cell_declares_names_its_own_gates_states_and_weights(Cls):
    taken = tuple(inspect.signature(Cls.step).parameters)[3:]
    assert taken == Cls.state, f"the step of {Cls.__name__} takes the states {taken}: write state = {taken}"
    assert Cls.memory is None or Cls.memory[0] in (None, *Cls.gates) and Cls.memory[1] in Cls.state
    assert Cls.ranges.keys() <= set(Cls.gates)
    missing = set(Cls.gates) - Cls.letters.keys()
    assert not missing, f"{Cls.__name__} needs letters = {{gate: its letter in the equations}} for {sorted(missing)}"
    assert {*Cls.identity, *(Cls.kept_by or {})} <= named_weights(Cls(3, 4)).keys()
    assert {abs(sign) for sign in (Cls.kept_by or {}).values()} <= {1}


@every_cell
def test_derivatives_of_a_step_are_right(Cls):
    cell, x = made(Cls)
    names, state = list(cell.state), a_state(cell)

    def step(x, *values):
        return tuple(cell.step(lambda name, value: value, x, **dict(zip(names, values, strict=True))).values())

    inputs = [value.requires_grad_() for value in (x[:, 0].clone(), *(state[name] for name in names))]
    assert torch.autograd.gradcheck(step, inputs)


# ---- Through time ----


@every_cell
def test_the_future_cannot_change_the_past(Cls, unroll=unroll):
    cell, x = made(Cls)
    changed = x.clone()
    changed[:, 3:] = 5.0
    before, after = unroll(cell, x), unroll(cell, changed)
    for name in before.steps:
        assert torch.equal(before[name][:, :3], after[name][:, :3])
    assert not torch.equal(before["h"][:, 3], after["h"][:, 3])


@every_cell
def test_the_past_reaches_the_future(Cls, unroll=unroll):
    cell, x = made(Cls)
    changed = x.clone()
    changed[:, 0] += 1.0
    before, after = unroll(cell, x)["h"][:, -1], unroll(cell, changed)["h"][:, -1]
    assert ((before - after).abs() > 1e-9).any(dim=1).all()


@every_cell
def test_a_clamp_is_what_the_trace_shows(Cls, unroll=unroll):
    cell, x = made(Cls)
    for name in cell.gates:
        for value in (0.0, 0.25, 1):
            assert (unroll(cell, x, override={name: value})[name] == value).all()


@every_cell
def test_an_override_at_one_step_changes_all_that_follows_and_nothing_before(Cls, unroll=unroll):
    """Which states it reaches at once, and which a step later, is left to the steps, taken one by one."""
    cell, x = made(Cls)
    plain = unroll(cell, x)
    for name in cell.gates:
        least, _ = cell.ranges.get(name, (0, 1))

        def at_2(t, value, least=least):
            return (value + least) / 2 if t == 2 else value

        moved = unroll(cell, x, override={name: at_2})
        assert all(torch.equal(moved[part][:, :2], plain[part][:, :2]) for part in plain.steps)
        state = {part: plain[part][:, 1] for part in cell.state}
        for t in range(2, STEPS):
            seen = {}

            def gate(one, value, t=t, name=name, seen=seen, at_2=at_2):
                seen[one] = at_2(t, value) if one == name else value
                return seen[one]

            state = cell.step(gate, x[:, t], **state)
            for part, value in (state | seen).items():
                torch.testing.assert_close(moved[part][:, t], value, rtol=1e-12, atol=0)
        differs = [any(not torch.equal(moved[part][:, t], plain[part][:, t]) for part in cell.state) for t in (2, 3)]
        assert differs == [True, True], f"{Cls.__name__} announces {name!r} and goes on with another value"


@every_cell
def test_every_weight_matters(Cls, unroll=unroll):
    cell, x = made(Cls)
    unroll(cell, x)["h"][:, -1].square().sum().backward()
    for name, weight in cell.named_parameters():
        assert weight.grad is not None and (weight.grad != 0).any(), name


# ---- The same numbers as PyTorch's own ----

SAME = {  # our cell: (theirs, the letters in the order in which PyTorch stacks their rows)
    RNNCell: (lambda: nn.RNN(3, 4, batch_first=True), "h"),
    ReLURNNCell: (lambda: nn.RNN(3, 4, batch_first=True, nonlinearity="relu"), "h"),
    LSTMCell: (lambda: nn.LSTM(3, 4, batch_first=True), "ifgo"),
    GRUCell: (lambda: nn.GRU(3, 4, batch_first=True), "rzn"),
}


def pairs(cell, letters, theirs):
    """[(our weight, the rows of theirs)] for theirs = (W, U, first bias, second bias), or their gradients.

    Where PyTorch's two biases are only summed, ours stands for the second.
    """
    W, U, first, second = (list(stacked.split(4)) for stacked in theirs)
    found = []
    for k, letter in enumerate(letters):
        if letter == "n":
            found += [
                (cell.W_n.weight, W[k]),
                (cell.W_n.bias, first[k]),
                (cell.U_n.weight, U[k]),
                (cell.b_u, second[k]),
            ]
        else:
            affine = getattr(cell, letter)
            found += [(affine.W.weight, W[k]), (affine.U.weight, U[k]), (affine.U.bias, second[k])]
    return found


@pytest.mark.parametrize("Cls", SAME, ids=lambda Cls: Cls.__name__)
def test_the_same_numbers_as_pytorch(Cls, unroll=unroll, like=None):
    cell, x = made(Cls)
    Theirs, letters = SAME[like or Cls]
    reference = Theirs().double()
    weights = list(reference.parameters())
    with torch.no_grad():
        reference.bias_ih_l0[: 4 * len(letters.rstrip("n"))] = 0.0
        for ours, theirs in pairs(cell, letters, weights):
            ours.copy_(theirs)
    assert sum(ours.numel() for ours, _ in pairs(cell, letters, weights)) == sum(w.numel() for w in cell.parameters())
    seen, seen_too = x.clone().requires_grad_(), x.clone().requires_grad_()
    trace, (hidden, final) = unroll(cell, seen), reference(seen_too)
    torch.testing.assert_close(trace["h"], hidden, rtol=1e-10, atol=1e-10)
    if letters == "ifgo":
        torch.testing.assert_close(trace.final["c"], final[1][0], rtol=1e-10, atol=1e-10)
    weighting = torch.randn_like(hidden)
    (trace["h"] * weighting).sum().backward()
    (hidden * weighting).sum().backward()
    torch.testing.assert_close(seen.grad, seen_too.grad, rtol=1e-10, atol=1e-10)
    for ours, theirs in pairs(cell, letters, [weight.grad for weight in weights]):
        torch.testing.assert_close(ours.grad, theirs, rtol=1e-10, atol=1e-10)


# ---- Made with care ----


@every_cell
def test_weights_start_uniform_within_one_over_the_root_of_the_width(Cls):
    torch.manual_seed(0)
    weights = torch.cat([w.flatten() for w in Cls(16, 25).parameters()])
    assert 0.18 < weights.abs().max() <= 0.2 and abs(weights.mean()) < 0.03


@every_cell
def test_the_state_starts_at_zero_in_the_precision_of_the_weights(Cls):
    start = Cls(3, 4).double().start(7)
    assert list(start) == list(Cls.state)
    assert all(torch.equal(value, torch.zeros(7, 4, dtype=torch.float64)) for value in start.values())


@every_cell
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 4), "input_size"),
        ((True, 4), "input_size"),
        (("3", 4), "input_size"),
        ((3, -1), "hidden_size"),
        ((3, 4.0), "hidden_size"),
    ],
)
def test_sizes_that_cannot_be_are_refused(Cls, sizes, message):
    with pytest.raises(ValueError, match=f"{Cls.__name__} needs {message} as a whole number, 1 or more; got"):
        Cls(*sizes)


def test_a_cell_without_a_step_says_what_it_needs():
    class Half(Cell):
        state = ("h", "c")

        def __init__(self, input_size, hidden_size):
            super().__init__(input_size, hidden_size)
            self.f = self.affine()

    with pytest.raises(ValueError, match=r"Half needs a step\(self, gate, x, h, c\)"):
        unroll(Half(3, 4), torch.zeros(1, 2, 3))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("state", "hc"), ("state", None), ("gates", "forget"), ("gates", None), ("gates", ("forget", 3)), ("memory", "c"),
     ("memory", ("forget",)), ("memory", ("forget", "z")), ("memory", ("keep", "c")), ("letters", None),
     ("letters", {"forget": 1}), ("ranges", None), ("ranges", {"forget": 1}), ("ranges", {"forget": ("0", "1")}),
     ("kept_by", 1), ("kept_by", {"b_f": None}), ("identity", None), ("identity", {1: 1.0})],
)  # fmt: skip
def test_what_a_cell_declares_wrongly_is_refused_where_it_is_declared(name, wrong):
    with pytest.raises(ValueError, match=f"^Mine needs {name} as .*; got "):
        type("Mine", (LSTMCell,), {name: wrong})
