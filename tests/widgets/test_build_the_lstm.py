"""The equations are what the unit does, and every piece is needed for what its sentence says."""

from itertools import combinations

import numpy as np
import pytest
import torch
from inside import inside
from test_docstrings import run, symbols

from course_lib.cells import LSTMCell
from course_lib.latex import read
from course_lib.widgets import build_the_lstm, clamp_any_gate
from course_lib.widgets.build_the_lstm import PIECES

every_build = pytest.mark.parametrize(
    "pieces",
    [chosen for count in range(6) for chosen in combinations(PIECES, count)],
    ids=lambda p: "+".join(p) or "none",
)


@every_build
def test_the_equations_shown_are_what_the_unit_does(pieces):
    cell, override = build_the_lstm.build_unit(pieces)
    x, h, c = torch.tensor([[0.3, 1.0, 1.0]]), torch.tensor([[0.4]]), torch.tensor([[-0.7]])
    made = run(read("\n".join(build_the_lstm.equations(pieces))), symbols(cell) | {"x": x, "h": h, "c": c})
    new = cell.step(lambda gate, value: torch.full_like(value, override.get(gate, value.item())), x, h=h, c=c)
    torch.testing.assert_close((made["h_new"], made["c_new"]), (new["h"], new["c"]))


def test_all_pieces_are_the_lstm():
    shown = read("\n".join(build_the_lstm.equations(PIECES)))
    wanted = read(LSTMCell.__doc__)
    assert [(line.name, line.new, line.right) for line in shown] == [
        (line.name, line.new, line.right) for line in wanted
    ]


def test_the_numbers_to_recall_are_the_same_whatever_was_drawn_before():
    first, _, _ = build_the_lstm.recall_test()
    build_the_lstm.recall_test.cache_clear()
    torch.rand(3)
    x, value, asked = build_the_lstm.recall_test()
    assert torch.equal(x, first) and x[..., 0].min() < -0.99 and x[..., 0].max() > 0.99
    assert x.shape == (4000, 45, 3) and asked.tolist() == [5 + k // 100 for k in range(4000)]
    assert (x[:, [0, 4], 1] == 1).all() and x[..., 1].sum() == 8000 and (value == x[:, 4, 0].numpy()).all()
    assert (x[torch.arange(4000), asked, 2] == 1).all() and x[..., 2].sum() == 4000


def test_recall_is_what_a_regression_of_the_value_on_h_explains():
    cell, override = build_the_lstm.build_unit(["carry", "write gate"])
    x, value, asked = build_the_lstm.recall_test()
    at_five = asked == build_the_lstm.STALE + 5
    h = clamp_any_gate.clamped(cell, x[at_five], override)[1]["h"][:, build_the_lstm.STALE + 5, 0]
    fit = np.polyval(np.polyfit(h, value[at_five], 1), h)
    explained = 1 - ((value[at_five] - fit) ** 2).mean() / value[at_five].var()
    assert build_the_lstm.recall(["write gate", "carry"]).by_lag[4] == pytest.approx(explained, abs=1e-4)


def test_every_piece_takes_away_what_its_sentence_says():
    full, without = build_the_lstm.recall(PIECES), {p: build_the_lstm.recall(set(PIECES) - {p}) for p in PIECES}
    assert full.by_lag.min() > 0.99 and full.leak < 0.01
    assert without["carry"].by_lag.max() < 0.1
    assert without["write gate"].by_lag[-1] < 0.2 < without["write gate"].by_lag[0]
    assert without["forget gate"].by_lag.max() < 0.7
    assert without["output gate"].leak > 0.1 and without["output gate"].by_lag.max() < 0.7
    assert without["squashing"].by_lag.min() > 0.99
    assert build_the_lstm.recall(["carry"]).largest > 10


def test_the_output_gate_is_missed_only_where_the_candidate_sees_h_and_the_others_either_way():
    without = {p: build_the_lstm.recall(set(PIECES) - {p}, heard=False) for p in PIECES}
    assert build_the_lstm.recall(PIECES, heard=False).by_lag.min() > 0.99
    assert without["output gate"].by_lag.min() > 0.99 and without["output gate"].leak > 0.1
    assert without["carry"].by_lag.max() < 0.1 and without["write gate"].by_lag[-1] < 0.2
    assert without["forget gate"].by_lag.max() < 0.7 and without["squashing"].by_lag.min() > 0.99


def test_an_unknown_piece_is_refused():
    with pytest.raises(ValueError, match="no piece 'wheel'; choices: carry, write gate"):
        build_the_lstm.recall(["wheel"])


def test_the_page_recalls_as_python_does(tmp_path):
    chosen = [[], ["carry"], ["carry", "write gate", "output gate"], [*PIECES][:4], [*PIECES]]
    given = [(pieces, heard) for heard in (True, False) for pieces in chosen]
    text = "return given.map(([pieces, heard]) => recall((name) => pieces.includes(name), heard));"
    for (pieces, heard), got in zip(given, inside(tmp_path, build_the_lstm.BuildTheLSTM(), text, given)):
        found = build_the_lstm.recall(pieces, heard=heard)
        np.testing.assert_allclose(got["byLag"], found.by_lag, atol=1e-4)
        assert (got["leak"], got["largest"]) == pytest.approx((found.leak, found.largest), rel=1e-4)


def test_the_page_has_the_equations_of_every_choice_of_pieces():
    shown = build_the_lstm.BuildTheLSTM().data()["equations"]
    assert len(shown) == 2 ** len(PIECES) and shown["+".join(PIECES)] == build_the_lstm.equations(PIECES)
