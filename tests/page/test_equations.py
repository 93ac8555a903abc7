"""Cells from typed equations, run in node: they are the library's, wrong ones are refused, and nothing typed runs."""

import json
import random

import pytest
import torch
from test_playground import SIZES, ask

from course_lib.cells import CELLS, GRUCell, LSTMCell, MinLSTMCell, OneNetworkCell
from course_lib.cells_today import RGLRUCell, S6Cell, SLSTMCell
from course_lib.latex import LINE
from course_lib.page import read
from course_lib.page.about import about
from course_lib.script import script
from course_lib.script.module import HELPERS

TYPED = (
    read("equations.js") + read("module.js") + f"const about = (text) => aboutEquations(text, {json.dumps(HELPERS)});"
)
RUN = """
const filled = (weights, numbers) => Object.fromEntries(Object.entries(weights).map(([name, shape]) =>
  [name, numbers(shape.reduce((a, b) => a * b))]));
const arrays = (o) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, Float64Array.from(v)]));
function told({ cell, make }, { weights, x, start, override, mixture, batch, steps }) {
  const run = make(batch, steps), w = arrays(weights), input = Float64Array.from(x);
  for (let again = 0; again < 2; again++) {  // the second time every buffer holds what the first has left
    run.forward(w, input, { start: arrays(start), override });
    run.clear();
    for (const name in cell.states) run.d[name].set(mixture[name]);
    run.backward(w, input);
  }
  return { cell: { ...cell, name: "" }, trace: run.trace, d: run.d };
}
"""


def typed(Cell):
    """The lines of a docstring that are equations, as they stand there."""
    return "\n".join(found[0] for found in LINE.finditer("\n".join(map(str.strip, Cell.__doc__.splitlines()))))


def case(Cell, batch=3, steps=6):
    """A cell in double precision, and what a run of both its modules is given."""
    torch.manual_seed(0)
    cell = Cell(2, 4).double()
    written = script(cell)

    def numbers(*shape):
        return torch.randn(*shape, dtype=torch.float64).flatten().tolist()

    return {"module": written.text, "text": typed(Cell), "weights": written.weights, "batch": batch, "steps": steps,
            "x": numbers(batch, steps, 2), "start": {name: numbers(batch, 4) for name in cell.state},
            "mixture": {name: numbers(batch, steps + 1, 4) for name in cell.state},
            "override": {gate: 0.3 for gate in cell.gates[1:2]}}  # fmt: skip


@pytest.mark.arithmetic
def test_a_typed_docstring_gives_the_states_gates_and_gradients_of_its_cell(tmp_path):
    """All 23, and those of today but for the one whose state is a matrix; gates after the first are overridden."""
    cells = (*CELLS, S6Cell, RGLRUCell, SLSTMCell)
    text = f"""{TYPED}{RUN} return given.map((one) => {{
        const own = new Function(one.module.replaceAll("export ", "") + "\\nreturn {{ cell, make }};")();
        return [own, moduleOf(about(one.text), {{ I: 2, H: 4 }})].map((module) => told(module, one)); }});"""
    for Cell, (wanted, got) in zip(cells, ask(tmp_path, text, list(map(case, cells))), strict=True):
        more = set(got["cell"]["gates"]) - set(Cell.gates)  # in S6 and RG-LRU i, o and r are no gates
        got["trace"] = {name: values for name, values in got["trace"].items() if name not in more}
        got["cell"]["gates"] = {name: got["cell"]["gates"][name] for name in Cell.gates}
        assert wanted["cell"] == got["cell"], Cell.__name__
        for part in (lambda one: one["trace"], lambda one: one["d"]["weights"],
                     lambda one: {k: v for k, v in one["d"].items() if k != "weights"}):  # fmt: skip
            assert part(wanted).keys() == part(got).keys()
            for name, values in part(wanted).items():
                bound = 1e-12 * max(1, *map(abs, values))
                assert part(got)[name] == pytest.approx(values, rel=0, abs=bound), (Cell.__name__, name)


def test_a_typed_docstring_says_what_its_class_declares(tmp_path):
    """But for minLSTM, whose gate is no σ of one bias, and OneNetworkCell, whose identity is an approximation."""
    names = ("memory", "gate", "keepers", "identity", "input")
    got = ask(tmp_path, f"{TYPED} return given.map(about);", [typed(Cell) for Cell in CELLS])
    for Cell, one in zip(CELLS, got, strict=True):
        wanted, one = ({name: told[name] for name in names} for told in (about(Cell), one))
        if Cell is OneNetworkCell:
            wanted["identity"] = {}
        if Cell is MinLSTMCell:
            wanted |= {"gate": None, "keepers": {}, "input": None}
        assert one == wanted, Cell.__name__


def test_a_gate_that_forgets_where_it_is_open_starts_with_its_bias_turned_round(tmp_path):
    text = "z = σ(W_z x + U_z h + b_z)\nh' = (1 - z) ⊙ h + z ⊙ tanh(W_n x + b_n)"
    (got,) = ask(tmp_path, f"{TYPED} return given.map(about);", [text])
    assert (got["memory"], got["gate"], got["keepers"]) == ("h", "update", {"b_z": -1})


@pytest.mark.arithmetic
def test_a_typed_lstm_learns_as_the_lstm_does_from_the_same_seed(tmp_path):
    text = f"""{TYPED} return given.map(({{ cells, text, ...setup }}) => {{
        const race = new Race({{ ...setup, cells: [...cells, {{ name: YOURS, about: about(text) }}] }});
        for (let k = 0; k < 20; k++) race.update();
        return race.runners.map(({{ losses }}) => losses); }});"""
    setups = [{**SIZES, "cells": [{"name": Cell.__name__, "about": about(Cell)}], "text": typed(Cell), "start": start,
               "task": "Adding", "lag": 30, "changes": [[10, 2.5]]}
              for Cell, start in [(LSTMCell, "default"), (LSTMCell, "chrono"), (LSTMCell, "forget_bias")]]  # fmt: skip
    for wanted, got in ask(tmp_path, text, setups):
        assert len(wanted) == 20 and wanted[0] != wanted[-1]
        assert got == pytest.approx(wanted, rel=0, abs=1e-12)


SLOPES = ["h' = -A_2 (W x ⊙ exp(-h / 3)) + log(1 + exp(U h)) / (2 + h ⊙ h)",
          "z = 0.9\nc' = z ⊙ c - (1 - z) ⊙ σ(V W x + c)\nh' = relu(c' ⊙ p + b / 2) - V c'",
          "c' = max(U h, W x) ⊙ min(c, 0.3) + (1 - σ(c) ** 2) ** 0.5\n"
          "h' = sin(c' + b) - (V c') ** 3 / (2 + h ** 2) ** (1 / 3)",
          "α = W x\nω_1' = ω_1 ⊙ σ(b_f) + α\nh' = tanh(ω_1' / (1 + exp(α))) ⊙ (U h) - ω_1"]  # fmt: skip


@pytest.mark.arithmetic
def test_the_gradient_of_other_equations_is_their_slope(tmp_path):
    text = f"""{TYPED}{RUN} return given.map((text) => {{
        const module = moduleOf(about(text), {{ I: 2, H: 3 }}), generator = new Generator(3), found = [];
        const weights = filled(module.cell.weights, (n) => generator.uniform(n, -1, 1));
        const run = module.make(2, 4), x = generator.uniform(16, -1, 1), mixture = generator.uniform(30, -1, 1);
        const loss = () => run.forward(weights, x).h.reduce((sum, h, k) => sum + h * mixture[k], 0);
        loss();
        run.d.h.set(mixture);
        run.backward(weights, x);
        const pairs = Object.keys(weights).map((name) => [weights[name], run.d.weights[name]]);
        for (const [array, slope] of [[x, run.d.x], ...pairs]) {{
          array.forEach((value, k) => {{
            const [low, high] = [-1e-6, 1e-6].map((by) => {{ array[k] = value + by; return loss(); }});
            array[k] = value;
            found.push([slope[k], (high - low) / 2e-6]);
          }});
        }}
        return found; }});"""
    for equation, pairs in zip(SLOPES, ask(tmp_path, text, SLOPES), strict=True):
        got, wanted = zip(*pairs)
        assert any(wanted) and got == pytest.approx(wanted, abs=1e-7, rel=1e-6), equation


WRONG = {
    "": "No line says what the next h is",
    "c' = c": "No line says what the next h is",
    "f = σ(W x)\nalert(1)": "Line 2: there is no = on it",
    "3 = h": "Line 1: left of = stands no name",
    "W' = h": "Line 1: W cannot be computed",
    "c = h\nc' = h": "Line 2: c is on line 1 already",
    "h' = tanh(W x": "Line 1: a ( is not closed",
    "h' = h) + 2": "Line 1: a ) has no ( before it",
    "h' = x": "Line 1: x alone has another size than the state; a matrix before it would do, as in W x.",
    "h' = h + x ⊙ h": "Line 1: x alone has another size",
    "h' = tanh W x": "Line 1: tanh needs brackets",
    "h' = W": "Line 1: W is a matrix and needs a vector behind it",
    "h' = W ⊙ h": "Line 1: W is a matrix and needs a vector behind it",
    "h' = W x + W h": "Line 1: W multiplies both x and a vector of the state",
    "h' = f ⊙ h\nf = σ(b)": "Line 1: f is computed on line 2, later",
    "h' = c'\nc' = c": "Line 1: c' is computed on line 2, later",
    "h' = 2 h": "Line 1: before h an operator is missing",
    "\n\nh' = W x + + b": "Line 3: before + something is missing",
    "h' = h +": "Line 1: at its end something is missing",
    "h' = softmax(h)": "Line 1: softmax is no name",
    "h' = fh": "Line 1: fh is no name",
    "h' = q ⊙ h": "Line 1: q is not known",
    "h' = h ** h": "Line 1: behind ** stands no number",
    "h' = h ** ": "Line 1: at its end something is missing",
    "h' = tanh(W x ** 2)": "Line 1: what ** belongs to is not clear; brackets would do, as in (W x) ** 2.",
    "h' = h ** (1 / 0)": "Line 1: behind ** stands no number",
    "h' = max(h)": "Line 1: max takes two values; max(s, t) would do.",
    "h' = max h": "Line 1: max takes two values",
    "h' = max(W x, x)": "Line 1: x alone has another size",
    "h' = W x, h": "Line 1: a , stands between the two values of max or min alone",
    "h' = h + v ⊗ k": "Line 1: ⊗ makes a matrix, but every state and gate here has one number a unit; k ⊙ v, or",
    "h' = W x @ h": "Line 1: @ makes a matrix",
    "max = W x\nh' = max": "Line 1: left of = stands no name",
    "h' = W_y x": "Line 1: W_y reads the answer from h",
    "h' = σ(W' x)": "Line 1: W' is a weight, which has no prime",
    "h' = h" + " + h" * 400: "These are more than 1200 characters",
    "h' = " + "+".join(["U h"] * 70): "Line 1: more than 64 lines and products are too many",
}
JUDGE = """const judge = (text) => {
  try {
    return about(text).text;
  } catch (error) {
    if (error instanceof Refused) return { said: error.message };
    throw error;
  } };"""


def test_what_is_wrong_gets_one_sentence_that_names_its_line_and_what_would_do(tmp_path):
    for (text, wanted), got in zip(
        WRONG.items(), ask(tmp_path, f"{TYPED}{JUDGE} return given.map(judge);", [*WRONG]), strict=True
    ):
        said = got["said"]
        assert said.startswith(wanted) and "would do" in said and said.endswith((".", ").")) and "\n" not in said, text


HOSTILE = ["h' = W x); globalThis.ran = 1; (", "h' = `${globalThis.ran = 1}`", "h' = constructor", "h' = __proto__",
           "h' = toString(h)", "h' = h.constructor", "h' = h[0]", "constructor' = h\nh' = h", "__proto__ = 1\nh' = h",
           "h' = σ_constructor(h)", "h' = W_y x", "h' = \"</script><script>ran = 1</script>\"", "h' = h //\n; ran = 1",
           "h' = eval(h)", "h' = Function(b)()", "h' = h\u2028ran = 1", "h'@IH@ = h", "h' = @H@", "h' = \\u0061lert(b)",
           "h_a;ran=1' = h", "h' = W_${ran} x", "h' = 1e5", "h' = 0x10", "h' = h /* */", "h' = ran = 1"]  # fmt: skip


def test_nothing_typed_runs(tmp_path):
    """Hostile texts are refused; whatever else is accepted, also what chance makes of good ones, is arithmetic."""
    rng, good = random.Random(0), [typed(Cell) for Cell in (LSTMCell, GRUCell, MinLSTMCell, OneNetworkCell)] + SLOPES
    alphabet = "hcfxWUbp_'=+-⊙/() \n01.σ\"`${};@[]\\"

    def changed(text):
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text))
            text = text[:at] + rng.choice(alphabet) + text[at + rng.randint(0, 1) :]
        return text

    texts = [changed(rng.choice(good)) for _ in range(1500)]
    text = f"""{TYPED}{RUN}{JUDGE} const before = Object.getOwnPropertyNames(globalThis).length;
        const hostile = given.hostile.map(judge), chance = given.texts.map((text) => {{
          const judged = judge(text);
          if (judged.said) return false;
          const module = moduleOf({{ text: judged }}, {{ I: 2, H: 3 }}), own = judged.slice(0, -{len(HELPERS)});
          const weights = filled(module.cell.weights, (n) => new Float64Array(n).fill(0.1));
          const run = module.make(1, 2), x = new Float64Array(4).fill(1);
          run.forward(weights, x);
          run.backward(weights, x);
          return own; }});
        return {{ hostile, chance, ran: Object.getOwnPropertyNames(globalThis).length - before }};"""
    got = ask(tmp_path, text, {"hostile": HOSTILE, "texts": texts})
    assert [one for one, judged in zip(HOSTILE, got["hostile"]) if "said" not in judged] == []
    assert got["ran"] == 0
    accepted = [one for one in got["chance"] if one]
    assert 100 < len(accepted) < 1400
    for module in accepted:
        assert not set(module.partition("export function make")[2]) & set("\"'`\\")
