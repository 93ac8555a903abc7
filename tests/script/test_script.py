"""A cell as JavaScript gives the numbers of `unroll` and of its autograd, run in node."""

import cProfile
import keyword
import re
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from node import run
from published import PUBLISHED
from strangers import STRANGERS
from test_fuse_own import IdleCell, OddCell, OneMatrixCell, SwapCell
from torch import nn, sigmoid, tanh
from torch.nn import functional

from course_lib.cells import CELLS, Cell, LSTMCell, RNNCell
from course_lib.fuse.ops import ROWS
from course_lib.script import script
from course_lib.unroll import unroll

TOLERANCE = 1e-12  # of the largest number of each tensor
WRITTEN = CELLS + PUBLISHED + STRANGERS[:-1] + (OneMatrixCell, OddCell, SwapCell, IdleCell)
RUN = """
const results = [];
for (const one of given) {
  const { make, cell } = await import(`./${one.module}.mjs`);
  const arrays = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, Float64Array.from(v)]));
  const run = make(one.batch, one.steps), w = arrays(one.weights), x = Float64Array.from(one.x);
  for (let again = 0; again < 2; again++) {  // the second time every buffer holds what the first has left
    run.forward(w, x, { start: arrays(one.start), override: one.override });
    run.clear();
    for (const name in cell.states) run.d[name].set(one.mixture[name]);
    run.backward(w, x);
  }
  results.push({ trace: run.trace, d: run.d });
}
return results;
"""


def case(Cls, *, batch=3, steps=5, inputs=2, hidden=4, scale=1.0, override=None):
    """A cell in double precision and all that a run of it is given."""
    torch.manual_seed(0)
    cell = Cls(inputs, hidden).double() if isinstance(Cls, type) else Cls.double()
    with torch.no_grad():
        for weight in cell.parameters():
            weight *= scale
    x = torch.randn(batch, steps, cell.input_size, dtype=torch.float64)
    start = {name: value.detach() + torch.rand_like(value) / 2 for name, value in cell.start(batch).items()}
    mixture = {n: torch.randn(batch, steps + 1, *v.shape[1:], dtype=torch.float64) for n, v in start.items()}
    return cell, x, start, mixture, override or {}


def expected(cell, x, start, mixture, override):
    """The trace and the gradients through `unroll`, as JavaScript lays them out."""
    x, start = x.clone().requires_grad_(), {name: value.clone().requires_grad_() for name, value in start.items()}
    trace = unroll(cell, x, override=override, start=start)
    whole = {name: torch.stack([start[name], *trace.steps[name]], dim=1) for name in cell.state}
    loss = sum((whole[name] * mixture[name]).sum() for name in cell.state)
    written = script(cell)
    # Where one tensor becomes two states, or is computed twice, "the gradient at a state" is torch's own matter.
    after = trace.steps if type(cell) in CELLS else dict.fromkeys(cell.state, [])
    states = {(name, t): one for name in cell.state for t, one in enumerate([start[name], *after[name]])}
    inputs = {"x": x, **written.parameters, **states}
    slopes = torch.autograd.grad(loss, list(inputs.values()), allow_unused=True, materialize_grads=True)
    gradients = dict(zip(inputs, slopes))
    for name in cell.state:
        rows = [gradients.pop((name, t)) for t in range(len(after[name]) + 1)]
        gradients[f"state {name}"] = torch.stack(rows, dim=1)
    return whole | {name: trace[name] for name in cell.gates}, gradients


def compare(folder, cases):
    """AssertionError unless node computes for every case what `unroll` does; the largest relative error."""
    modules, asked = {}, []
    for k, (cell, x, start, mixture, override) in enumerate(cases):
        written = script(cell)
        modules[f"cell{k}"] = written.text
        flat = {key: {name: value.flatten().tolist() for name, value in values.items()}
                for key, values in (("start", start), ("mixture", mixture))}  # fmt: skip
        asked.append({"module": f"cell{k}", "batch": len(x), "steps": x.shape[1], "x": x.flatten().tolist(),
                      "weights": written.weights, "override": override, **flat})  # fmt: skip
    worst = 0.0
    for one, got in zip(cases, run(folder, RUN, asked, **modules)):
        cell, (trace, gradients) = one[0], expected(*one)
        wanted = dict(trace.items())
        have = dict(got["trace"])
        for name, value in gradients.items():
            wanted[f"gradient of {name}"] = value
            if name.startswith("state "):
                rows = np.reshape(got["d"][name.removeprefix("state ")], (len(one[1]), one[1].shape[1] + 1, -1))
                have[f"gradient of {name}"] = rows[:, : value.shape[1]]
            else:
                have[f"gradient of {name}"] = got["d"]["x"] if name == "x" else got["d"]["weights"][name]
        for name, value in wanted.items():
            mine = torch.tensor(np.array(have[name], dtype=float)).reshape(value.shape)
            gap = (mine - value).masked_fill(mine.isnan() & value.isnan(), 0.0)
            error = (gap.abs().max() / value.nan_to_num(0.0).abs().max().clamp(min=1e-30)).item()
            assert error <= TOLERANCE, f"{type(cell).__name__}, {name}: relative error {error:.1e}"
            worst = max(worst, error)
    return worst


@pytest.mark.parametrize("Cls", WRITTEN, ids=lambda Cls: Cls.__name__)
def test_a_cell_gives_the_numbers_and_gradients_of_unroll(Cls, tmp_path):
    sizes = [{}, {"batch": 1, "steps": 1, "inputs": 1}, {"steps": 12, "inputs": 5, "hidden": 7}, {"scale": 4.0}]
    if Cls not in PUBLISHED:  # whose norms leave nothing of one unit
        sizes += [{"hidden": 1}]
    compare(tmp_path, [case(Cls, **size) for size in sizes])


@pytest.mark.parametrize("Cls", CELLS + STRANGERS[:-1], ids=lambda Cls: Cls.__name__)
def test_a_clamped_gate_changes_everything_downstream_and_hands_no_gradient_on(Cls, tmp_path):
    cells = [case(Cls, override={gate: 0.75}) for gate in Cls.gates] + [
        case(Cls, override=dict.fromkeys(Cls.gates, 0.5))
    ]
    compare(tmp_path, cells)


UNARY = (sigmoid, tanh, torch.relu, torch.sin, torch.cos, torch.erf, torch.abs, functional.softplus, functional.elu,
         functional.logsigmoid, lambda a: torch.exp(tanh(a)), lambda a: torch.log1p(a * a),
         lambda a: a.clamp(-0.5, 0.5), lambda a: torch.softmax(a, 1),
         lambda a: a - a.mean(dim=1, keepdim=True), lambda a: a.roll(1, 1),
         lambda a: torch.cat(a.chunk(2, 1)[::-1], 1), lambda a: a.detach())  # fmt: skip
BINARY = (torch.add, torch.sub, torch.mul, torch.maximum, torch.minimum, lambda a, b: a / (1 + b.abs()),
          lambda a, b: torch.where(a > b, a, -b), torch.logaddexp, lambda a, b: torch.lerp(a, b, 0.25))  # fmt: skip


class RandomCell(Cell):
    """A step drawn at random: every move makes a value of others: a function, a product, a weight, a gate."""

    state, gates, ranges = ("h", "c"), ("first", "second"), {"first": (-9, 9), "second": (-9, 9)}

    def __init__(self, input_size, hidden_size, moves):
        super().__init__(input_size, hidden_size)
        self.moves, self.maps = moves, nn.ModuleList(self.of_state(bias=k % 2 == 0) for k in range(3))
        self.x, self.p, self.q = self.of_input(), self.per_unit(), self.per_unit()

    def step(self, gate, x, h, c):
        values, left = [self.x(x), h, c], list(self.gates)
        for kind, which, a, b in self.moves:
            a, b = values[a % len(values)], values[b % len(values)]
            if kind == "gate":
                values.append(gate(left.pop(), a) if left else a)
            elif kind == "map":
                values.append(self.maps[which % 3](a))
            elif kind == "weight":
                values.append(a * self.p if which % 2 else a + sigmoid(self.q))
            else:
                values.append(UNARY[which % len(UNARY)](a) if kind == "one" else BINARY[which % len(BINARY)](a, b))
        for name in left:
            gate(name, values[-1])
        return {"h": tanh(values[-1] + 0.1 * values[0]), "c": tanh(values[-2])}


MOVES = st.tuples(st.sampled_from(("gate", "map", "weight", "one", "two", "one", "two")), *(st.integers(0, 99),) * 3)


@settings(max_examples=12)
@given(moves=st.lists(st.lists(MOVES, min_size=1, max_size=14), min_size=4, max_size=4))
def test_a_cell_drawn_at_random_gives_them_too(moves, tmp_path_factory):
    cells = [case(RandomCell(2, 6, some), override={"second": 0.5} if k % 2 else {}) for k, some in enumerate(moves)]
    compare(tmp_path_factory.mktemp("random"), cells)


def test_an_override_may_be_a_function_and_leave_some_steps_as_they_are(tmp_path):
    """At step 2 the gate is clamped; elsewhere it is the cell's own, and its gradient flows."""
    cell, x, start, mixture, _ = case(LSTMCell)
    wanted, gradients = expected(
        cell, x, start, mixture, {"forget": lambda t, value: torch.full_like(value, 0.25) if t == 2 else value}
    )
    text = RUN.replace("override: one.override", "override: { forget: (t) => t === 2 ? 0.25 : undefined }")
    flat = {key: {name: value.flatten().tolist() for name, value in values.items()}
            for key, values in (("start", start), ("mixture", mixture))}  # fmt: skip
    written = script(cell)
    one = {"module": "cell0", "batch": 3, "steps": 5, "x": x.flatten().tolist(), "weights": written.weights, **flat}
    (got,) = run(tmp_path, text, [one], cell0=written.text)
    assert got["trace"]["forget"] == pytest.approx(wanted["forget"].flatten().tolist(), rel=TOLERANCE)
    assert got["d"]["weights"]["U_f"] == pytest.approx(gradients["U_f"].flatten().tolist(), rel=1e-9, abs=TOLERANCE)


def test_a_gate_that_the_cell_has_not_is_refused(tmp_path):
    text = (
        "const { make } = await import('./cell.mjs'); try { make(1, 1).forward({}, [], { override: { reset: 1 } }) } "
    )
    text += "catch (error) { return error.message }"
    said = run(tmp_path, text, [], cell=script(LSTMCell(1, 1)).text)
    assert said == "LSTMCell needs a gate among forget, input, output; got reset"


LANGUAGE = """arguments await break case catch class const continue debugger default delete do else enum eval export
    extends false finally for function if implements import in instanceof interface let new null package private
    protected public return static super switch this throw true try typeof var void while with yield undefined NaN
    Infinity Math Object Array Float64Array Float32Array Number Error globalThis""".split()


def test_whatever_a_step_calls_its_numbers_the_text_keeps_apart_from_its_own_and_the_languages_words(tmp_path):
    """Every word of the text of a few cells and of the operations, and of JavaScript, is once the name of a number."""
    texts = [script(Cls(2, 3)).text for Cls in (LSTMCell, CELLS[-1])] + [script(RowCell(row)).text for row in ROWS]
    words = {word for text in texts for word in re.findall(r"\b[a-z]\w*\b", text)} | set(LANGUAGE)
    names = sorted(
        word for word in words if not keyword.iskeyword(word) and word not in ("self", "gate", "tanh", "x", "h")
    )
    cells = []
    for k in range(0, len(names), 40):
        lines = [f"    {new} = tanh({old} + h)" for old, new in zip(["h", *names[k:]], names[k : k + 40])]
        last = names[k : k + 40][-1]
        own = {"tanh": tanh}
        exec("\n".join(["def step(self, gate, x, h):", *lines, f"    return {{'h': {last} + self.h(x, h)}}"]), own)
        cells.append(type("NamedCell", (RNNCell,), {"step": own["step"]}))
    compare(tmp_path, [case(Cls, steps=2) for Cls in cells])


class HardNamesCell(Cell):
    """Gates and states whose names are no names in JavaScript, or have a meaning there or in the text."""

    state = ("h", "d_h", "w_p", "var", "rows", "ħ", "constant0", "undefined", "own_d_h")
    gates = ("forget gate", "f'", 'say "hi"', "1st", "", "λ", "ρ", "constructor", "toString", "d_x", "</script>",
             "a\nb", "x", "w_f", "\\", "`${1}`", "ruled", "trace", "rules")  # fmt: skip
    ranges = dict.fromkeys(gates, (-9, 9))

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.cell, self.p = self.of_input(), self.per_unit()

    def step(self, gate, x, **old):
        ruled = {name: tanh(self.cell(x) + self.p * value) for name, value in old.items()}
        for name in self.gates:
            ruled["h"] = tanh(gate(name, ruled["h"] + ruled["d_h"]))
        return ruled


def test_gates_and_states_may_have_any_name(tmp_path):
    cases = [case(HardNamesCell, override=rules) for rules in ({}, {"constructor": 0.5}, {"</script>": 0.25, "": -1})]
    compare(tmp_path, cases)
    text = script(HardNamesCell(2, 3)).text
    assert "<" + "/script" not in text and {"$forget_gate", "$own_d_x", "$say__hi_"} <= set(re.findall(r"\$\w+", text))


class PathsCell(RNNCell):
    """Weights whose paths, a.b, a_b and a_b_, give one name; numbers that are no weights or do not learn."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.a, self.a_b, self.a_b_ = nn.Module(), self.per_unit(), self.per_unit()
        self.a.b = self.per_unit()
        self.table = torch.arange(3.0 * hidden_size, dtype=torch.float64).reshape(hidden_size, 3).T / 9
        self.register_buffer("fixed", torch.rand(hidden_size, hidden_size))

    def step(self, gate, x, h):
        own = self.h(x, h) * self.a.b + self.a_b - h * self.a_b_
        return {"h": tanh(own + self.table[1] + functional.linear(h, self.fixed))}


def test_weights_whose_paths_read_alike_and_numbers_in_another_order_keep_apart(tmp_path):
    compare(tmp_path, [case(PathsCell)])


def test_reading_a_cell_leaves_it_as_it_was():
    (Leaky,) = (Cls for Cls in CELLS if Cls.__name__ == "LeakyCell")
    cell = Leaky(2, 3)
    before = {name: id(weight) for name, weight in cell.named_parameters()}
    text = script(cell).text
    assert {name: id(weight) for name, weight in cell.named_parameters()} == before and script(cell).text == text


def test_the_operations_that_no_cell_uses_are_written_as_well(tmp_path):
    """Each row of the table, with its gradient, at numbers on both sides of its kinks."""
    cells = [RowCell(row) for row in ROWS]
    compare(tmp_path, [case(cell, steps=2) for cell in cells])


class RowCell(Cell):
    """One operation of the table, on the observation and the state; some only take numbers above 0."""

    def __init__(self, row):
        super().__init__(6, 6)
        self.row, self.x, self.y = row, self.of_input(), self.of_state()

    def step(self, gate, x, h):
        a, b = self.x(3 * x), self.y(h)
        if self.row.name in ("log", "sqrt", "rsqrt", "pow", "log1p"):
            a = a * a + 0.5
        if self.row.name == "where":
            return {"h": torch.where(a > 0, b, a)}
        if self.row.name.startswith("logical"):
            a, b = a > 0, b > 0
        known = {"softplus": (1.5, 20.0), "leaky_relu": (0.1,), "elu": (0.7,), "hardtanh": (-0.5, 0.5)}
        if self.row.name.startswith("clamp"):
            return {"h": torch.clamp(a, **{self.row.name[6:]: 0.2})}
        others = known.get(self.row.name, (b,) if len(self.row.slopes) == 2 else ())
        return {"h": self.row.torch(a, *others).to(h.dtype)}


def test_a_cell_is_read_while_a_profiler_runs_and_the_profiler_goes_on():
    profiler = cProfile.Profile()
    profiler.enable()
    watching = sys.getprofile()  # the profiler, or None where Python has another way to call it
    assert script(LSTMCell(2, 3)) and sys.getprofile() is watching
    sorted([])
    profiler.disable()
    assert any("sorted" in str(one.code) for one in profiler.getstats())
