"""The lens shows what a network holds and expects, which units tell a passage, and what an interference costs."""

import copy

import numpy as np
import pytest
import torch
from inside import inside
from offline import faults, opened

from course_lib.cells import GRUCell, LSTMCell
from course_lib.tasks import Adding, SelectiveCopying, TemporalOrder
from course_lib.text import load_model
from course_lib.training import build, evaluate
from course_lib.unroll import unroll
from course_lib.widgets import gate_lens
from course_lib.widgets.gate_lens import GateLens, look_inside

LOOKED = """return given.map(([s, rule]) => {
    const { trace, losses, right } = looked(s, rule);
    return [trace, [...losses], right];
});"""
TELLING = """const runs = DATA.x.map((_, s) => looked(s));
return given.map((thing) => telling(runs, DATA.things[thing], 'c').slice(0, 5));"""


@pytest.mark.parametrize("gate, value", [(None, None), ("forget", 0.0), ("output", 0.5)])
def test_the_score_of_a_network_looked_into_is_its_score(gate, value):
    task = TemporalOrder(lag=20)
    network = build(LSTMCell, task, hidden_size=6)
    batch = task.batch(50, generator=torch.Generator().manual_seed(1))
    trace, score = look_inside(network, task, batch, gate=gate, value=value)
    assert score == evaluate(network, task, sequences=50, seed=1, override={gate: value} if gate else None)[1]
    assert trace["c"].shape == (*batch.x.shape[:2], 6)


@pytest.mark.parametrize(
    "task, whole", [(SelectiveCopying(lag=20), True), (Adding(lag=20), False), (TemporalOrder(lag=20), False)]
)
def test_the_page_is_given_symbols_where_each_step_shows_one_and_else_all_of_x(task, whole):
    lens = GateLens(build(LSTMCell, task, hidden_size=2), task)
    assert lens.data()["x"] == (lens.batch.x.argmax(dim=-1) if whole else lens.batch.x).tolist()


def test_shuffling_deals_out_the_values_that_were_there():
    task = TemporalOrder(lag=20)
    network = build(LSTMCell, task, hidden_size=4)
    batch = task.batch(10, generator=torch.Generator().manual_seed(1))
    free, _ = look_inside(network, task, batch)
    shuffled, _ = look_inside(network, task, batch, gate="input")
    np.testing.assert_array_equal(np.sort(shuffled["input"][:, 1], axis=0), np.sort(free["input"][:, 1], axis=0))
    assert not np.array_equal(shuffled["input"][:, 1], free["input"][:, 1])


@pytest.fixture(scope="module")
def text():
    return GateLens.on_text(load_model()[0])


def agrees(lens, folder, gate, *, states, loss):
    """The page's gates, states, losses and right answers are those of Python, with a gate held and without."""
    rules = [{}, {gate: 0.25}]
    found = inside(folder, lens, LOOKED, [[s, rule] for rule in rules for s in (0, 1)])
    for k, (trace, losses, right) in enumerate(found):
        rule, s, network = rules[k // 2], k % 2, lens.network
        with torch.no_grad():
            wanted = unroll(network.cell, lens.batch.x[s : s + 1], override=rule)
            part = type(lens.batch)(*(one[s : s + 1] if torch.is_tensor(one) else one
                                      for one in (lens.batch.x, lens.batch.y, lens.batch.at)))  # fmt: skip
            output = network.read(wanted["h"], at=part.at)
        for name in (*network.cell.gates, *network.cell.state):
            np.testing.assert_allclose(trace[name], wanted[name].flatten(), atol=states)
        losses = [one for one in losses if one is not None]
        assert np.mean(losses) == pytest.approx(float(lens.task.loss(output, part)), rel=loss)
        if part.y.dtype == torch.int64:
            hits = [one for one in right if one is not None]
            assert np.mean(hits) == pytest.approx(float((output.argmax(dim=-1) == part.y).float().mean()), abs=0.02)


@pytest.mark.parametrize("task", [TemporalOrder(lag=20), Adding(lag=10), SelectiveCopying(lag=20)])
def test_the_page_runs_a_network_of_any_task_as_python_does(task, tmp_path):
    agrees(GateLens(build(GRUCell, task, hidden_size=5), task), tmp_path, "update", states=1e-4, loss=1e-3)


def test_the_page_reads_python_source_nearly_as_python_does_and_is_small(text, tmp_path):
    losses = [losses for _, losses, _ in inside(tmp_path, text, LOOKED, [[s, {}] for s in range(8)])]
    with torch.no_grad():
        output = text.network.read(unroll(text.network.cell, text.batch.x)["h"], at="every")
    assert np.mean(losses) == pytest.approx(float(text.task.loss(output, text.batch)), abs=0.01)
    assert len(text.modules()["network"]) < 150_000


def shipped(cell):
    """A cell as the page of a large network has it: every row of its matrices in 255 steps."""
    cell = copy.deepcopy(cell)
    with torch.no_grad():
        for weight in cell.parameters():
            if weight.dim() == 2:
                worth = weight.abs().amax(dim=1, keepdim=True) / 127
                weight.copy_((weight / worth).round() * worth)
    return cell


def test_the_units_that_tell_are_those_of_the_greatest_correlation(text, tmp_path):
    with torch.no_grad():
        c = unroll(shipped(text.network.cell), text.batch.x)["c"].flatten(0, 1).numpy()
    for values, best in zip(text.things.values(), inside(tmp_path, text, TELLING, list(text.things))):
        wanted = np.array([np.corrcoef(c[:, k], values.flatten())[0, 1] for k in range(c.shape[1])])
        np.testing.assert_allclose([r for _, r in best], wanted[[k for k, _ in best]], atol=1e-3)
        assert abs(best[0][1]) == pytest.approx(abs(wanted).max(), abs=1e-3)
    assert set(text.things) == {"in string", "in comment", "brackets", "indentation"}


def test_a_character_is_clicked_a_passage_selected_and_a_gate_held(text, chromium, tmp_path):
    path = tmp_path / "lens.html"
    path.write_text(text.page(), encoding="utf-8")
    with opened(chromium, path) as page:
        page.locator(".lens [data-t='30']").click()
        assert page.locator("h2").first.inner_text().startswith("After character 31, ")
        page.get_by_role("slider", name="character").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("h2").first.inner_text().startswith("After character 32, ")
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowRight")
        page.get_by_role("button", name="the selected characters").click()
        page.get_by_role("group", name="units found").get_by_text("characters 32 to 34").wait_for()
        page.evaluate(
            """() => { const at = (t) => document.querySelector(`.lens [data-t='${t}']`).firstChild;
            getSelection().setBaseAndExtent(at(3), 0, at(9), 1); }"""
        )
        page.locator(".lens .chosen").first.wait_for()
        page.get_by_role("button", name="the selected characters").click()
        page.get_by_role("group", name="units found").get_by_text("characters 4 to 10").wait_for()
        page.get_by_role("button", name="comment").click()
        shown = page.get_by_role("group", name="units found").get_by_role("button").first.inner_text()
        assert page.locator(".live > p.soft").inner_text().startswith(f"c of {shown.partition(':')[0]}.")
        page.get_by_label("gate", exact=True).select_option("forget")
        page.get_by_text("All 8 passages: ").wait_for()
        assert "With the forget gate at 0 this passage costs" in page.locator(".said").inner_text()
        page.get_by_label("colour", exact=True).select_option("moved")
        assert page.locator(".lens [class^=up]").count() > 20
        assert faults(page) == []


def test_a_finger_reads_a_character_in_the_dark_on_a_telephone(text, chromium, tmp_path):
    path = tmp_path / "lens.html"
    path.write_text(text.page(), encoding="utf-8")
    with opened(chromium, path, width=360, dark=True, touch=True) as page:
        page.locator(".lens [data-t='20']").tap()
        assert page.locator("h2").first.inner_text().startswith("After character 21, ")
        page.get_by_role("button", name="string").tap()
        assert faults(page) == []


def test_a_network_that_has_diverged_is_refused_for_the_weight_that_is_no_number():
    network = build(LSTMCell, TemporalOrder(lag=20), hidden_size=4)
    with torch.no_grad():
        network.cell.f.U.bias[1] = float("nan")
    with pytest.raises(
        ValueError, match="^GateLens needs a network whose weights are finite numbers; got others in cell"
    ):
        GateLens(network, TemporalOrder(lag=20))


def test_a_weight_is_handed_over_in_whole_numbers_and_what_they_are_worth():
    assert gate_lens.packed(torch.tensor([1.0, -1.0])) == 'unpacked("/38BgA==", [3.051851e-05], 16)'
    rows = gate_lens.packed(torch.tensor([[1.0, 0.0], [0.0, -2.0]]), 8)
    assert rows == 'unpacked("fwAAgQ==", [0.007874016, 0.01574803], 8)'
    assert gate_lens.packed(torch.zeros(1)).startswith('unpacked("AAA="')
