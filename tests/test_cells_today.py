"""The cells of today give what the published code gives, and do what their docstrings say.

tests/today.json holds random weights and inputs, and what the code named in its "source" gave for them in double
precision (the packages are not needed here: `python -m tools.authoring.today` took each function as it is, and ran it).
"""

import json
from pathlib import Path

import pytest
import test_cells
import test_docstrings
import torch

from course_lib.attention import CacheNetwork, attend
from course_lib.cells_today import TODAY, GatedLinearAttentionCell
from course_lib.fuse import fuse
from course_lib.gradients import half_life
from course_lib.initialise import by_hand, initialise, named_weights
from course_lib.latex import equations
from course_lib.tasks import AssociativeRecall
from course_lib.training import Network, build
from course_lib.unroll import unroll

every_cell = pytest.mark.parametrize("Cls", TODAY, ids=lambda Cls: Cls.__name__)
of_vectors = pytest.mark.parametrize("Cls", TODAY[:-1], ids=lambda Cls: Cls.__name__)
PUBLISHED = json.loads((Path(__file__).parent / "today.json").read_text(encoding="utf-8"))


def published(name):
    """(weights, x, what was published code's output) as tensors in double precision."""
    stored = PUBLISHED[name]
    weights = {letter: torch.tensor(value, dtype=torch.float64) for letter, value in stored["weights"].items()}
    return weights, *(torch.tensor(stored[part], dtype=torch.float64) for part in ("x", "h"))


@every_cell
def test_a_cell_gives_the_numbers_of_the_published_code(Cls):
    weights, x, wanted = published(Cls.__name__)
    size = len(next(iter(weights.values())))
    cell = by_hand(Cls(x.shape[2], size).double(), **weights)
    assert set(weights) == set(named_weights(cell))
    h = unroll(cell, x)["h"]
    if "states" in PUBLISHED[Cls.__name__]:  # the published channel gives out the sum over its states
        h = h.unflatten(2, (-1, PUBLISHED[Cls.__name__]["states"])).sum(dim=3)
    near = 1e-5 if "float32" in PUBLISHED[Cls.__name__]["source"] else 1e-10
    torch.testing.assert_close(h, wanted, rtol=near, atol=near)


@of_vectors
def test_a_step_does_what_its_docstring_says(Cls):
    test_docstrings.check(Cls)
    test_docstrings.test_the_docstring_uses_every_weight(Cls)


CHECKS = [test_cells.test_a_step_announces_the_gates_it_declares_once_each,
          test_cells.test_a_step_returns_the_state_it_declares,
          test_cells.test_the_memory_is_multiplied_by_its_gate,
          test_cells.test_what_a_cell_declares_names_its_own_gates_states_and_weights,
          test_cells.test_gates_lie_in_the_range_that_is_declared_which_is_0_to_1_unless_said,
          test_cells.test_derivatives_of_a_step_are_right,
          test_cells.test_sequences_of_a_batch_do_not_touch_each_other,
          test_cells.test_the_future_cannot_change_the_past, test_cells.test_every_weight_matters]  # fmt: skip


@of_vectors
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_cell_of_today_does_what_every_cell_must(Cls, check):
    check(Cls)


@every_cell
def test_a_cell_of_today_is_compiled_and_can_be_read(Cls):
    torch.manual_seed(0)
    cell, x = Cls(3, 4), torch.randn(2, 5, 3)
    assert fuse(cell).why_not is None
    torch.testing.assert_close(fuse(cell)(x, every=True)[0], unroll(cell, x)["h"], rtol=1e-4, atol=1e-5)
    assert r"\begin{aligned}" in equations(Cls).latex


@every_cell
def test_a_start_that_suits_a_lag_makes_the_memory_longer(Cls):
    def kept(how):
        torch.manual_seed(0)
        cell = initialise(Cls(3, 16), how, lag=1000)
        return unroll(cell, torch.randn(8, 3, 3))["forget"][:, -1].detach().median()

    assert half_life(float(kept("chrono"))) > 3 * half_life(float(kept("default")))


def test_without_forgetting_gated_linear_attention_is_a_sum_over_all_pairs():
    torch.manual_seed(0)
    cell, x = GatedLinearAttentionCell(3, 4).double(), torch.randn(2, 6, 3, dtype=torch.float64)
    q, k, v = cell.W_q(x), cell.W_k(x), cell.W_v(x)
    weights = (q @ k.transpose(1, 2)).tril() / 2
    torch.testing.assert_close(unroll(cell, x, override={"forget": 1.0})["h"], weights @ v, rtol=1e-10, atol=1e-10)


def test_attention_is_that_of_pytorch():
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 7, 4)
    wanted = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(attend(q, k, v), wanted, rtol=1e-5, atol=1e-6)


def test_a_cache_has_the_weights_of_the_cell_that_it_reads():
    task = AssociativeRecall(lag=5)
    network = build(GatedLinearAttentionCell, task, hidden_size=8, seed=3)
    cache = CacheNetwork(network.cell, 8)
    assert isinstance(cache, Network) and cache.cell is network.cell
    x = task.batch(4, generator=torch.Generator().manual_seed(0)).x
    cell = network.cell
    hidden = attend(cell.W_q(x), cell.W_k(x), cell.W_v(x))
    assert torch.equal(cache(x), cache.readout(hidden[:, -1])) and cache(x, at="every").shape == (4, 6, 8)


def test_the_network_that_reads_a_cache_asks_for_a_cell_with_keys():
    with pytest.raises(ValueError, match="CacheNetwork needs cell"):
        CacheNetwork(torch.nn.Linear(2, 3), 1)
