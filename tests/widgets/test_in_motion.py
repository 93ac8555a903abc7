"""The numbers in the picture are those of the cell, and the arithmetic that is told adds up."""

import re

import numpy as np
import pytest
import torch
from inside import inside
from offline import opened

from course_lib.cells import CELLS, GRUCell, LSTMCell
from course_lib.unroll import unroll
from course_lib.widgets.in_motion import InMotion

ALL = """return given.map((clamps) => {
    const run = running(0, clamps), steps = DATA.x[0].length, units = run.cell.states.h;
    const every = (f) => DATA.x.map((_, b) => [...Array(steps).keys()].map((t) => [...Array(units).keys()].map((k) => f([b, t, k]))));
    return run.parts.map((part) => ({ name: part.name, kind: part.kind, inputs: part.inputs, gate: part.gate, value: every((at) => run.value(part, ...at)),
        told: part.kind === 'join' ? '' : arithmetic(run, part, [1, 5, 0]), number: two(run.value(part, 1, 5, 0)) }));
});"""  # noqa: E501


@pytest.mark.parametrize("Cls", CELLS, ids=lambda Cls: Cls.__name__)
def test_the_parts_have_the_numbers_of_unroll_and_the_arithmetic_adds_up(Cls, tmp_path):
    shown = InMotion.example(Cls)
    held = {gate: 0.25 for gate in Cls.gates[:1]}
    for clamps, parts in zip(({}, held), inside(tmp_path, shown, ALL, [{}, held])):
        with torch.no_grad():
            trace = unroll(shown.graphs[0].cell, shown.x, override=clamps)
        wanted = {f"{state}′": trace[state] for state in Cls.state} | {gate: trace[gate] for gate in Cls.gates}
        found = {part["gate"] or part["name"]: part["value"] for part in parts if part["gate"] or part["kind"] == "end"}
        assert found.keys() == wanted.keys()
        for name, values in wanted.items():
            np.testing.assert_allclose(np.array(found[name]), values, atol=1e-5)
        for part in parts:
            if part["kind"] == "end":  # it shows what the part before it has computed
                before = parts[part["inputs"][0]]
                assert before["kind"] == "join" or before["value"] == part["value"], before
            if part["kind"] in ("op", "end") and re.fullmatch(r"[\d.×+−÷ ()]+", part["told"]) and part["number"] != "…":
                sum_ = eval(part["told"].replace("×", "*").replace("−", "-").replace("÷", "/"))
                # every number in it is rounded to two digits
                assert sum_ == pytest.approx(float(part["number"].replace("−", "-")), abs=0.03), part


def test_the_memory_of_an_lstm_is_told_as_two_products(tmp_path):
    (parts,) = inside(tmp_path, InMotion.example(), ALL, [{"forget": 1.0, "input": 0.0}])
    told = {part["name"]: part["told"] for part in parts}
    assert re.fullmatch(r"1\.00 × −?\d\.\d\d \+ 0\.00 × −?\d\.\d\d", told["c′"])
    assert re.fullmatch(r"tanh\(−?\d\.\d\d\)", told["g"])


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("motion") / "two.html"
    path.write_text(InMotion(LSTMCell(2, 3), torch.randn(1, 8, 2), against=GRUCell(2, 3)).page(), encoding="utf-8")
    return path


def test_two_cells_step_side_by_side_a_part_tells_its_arithmetic_and_the_run_before_stays(chromium, two):
    with opened(chromium, two) as page:
        page.get_by_role("button", name="Step forward").click()
        page.locator("input[type=range]").press("ArrowRight")
        assert page.get_by_role("button", name="Step back").is_enabled()
        lines = page.locator(".two .said")
        before = lines.all_inner_texts()
        assert before[0].startswith("c′ = ") and before[1].startswith("h′ = ")
        page.get_by_role("button", name="forget gate f: ").press("Enter")
        assert re.fullmatch(r"forget gate f = σ\(−?\d\.\d\d\) = \d\.\d\d", lines.first.inner_text())
        wires = "[...document.querySelectorAll('.cell0 .wire path')].map((wire) => wire.style.strokeWidth).join()"
        widths = page.evaluate(wires)
        page.select_option("select[aria-label=hold]", label="forget gate at 1")
        assert "is held at 1.00. In the run before: 0." in lines.first.inner_text() and page.evaluate(wires) != widths
        assert page.locator(".two section, .two > div").first.locator("svg.picture .line").count() == 2
        page.locator("[role=status]", has_text="Step 2. LSTMCell: ").wait_for(state="attached")


def test_an_x_that_a_cell_cannot_run_over_is_refused():
    with pytest.raises(ValueError, match="GRUCell needs x as a tensor"):
        InMotion(LSTMCell(2, 3), torch.zeros(1, 5, 2), against=GRUCell(4, 3))
