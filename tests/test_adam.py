"""Steps of Adam: those of torch.optim.Adam, bit for bit, without what it imports."""

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from course_lib.adam import Adam

SIZES = [(3, 4), (5,), ()]


def weights():
    """Weights of these sizes, the same at every call."""
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(size, generator=generator)) for size in SIZES]


def pushed(weights, update):
    """These weights, each with a gradient of an update but for the first one in update 1."""
    generator = torch.Generator().manual_seed(1 + update)
    for k, weight in enumerate(weights):
        gradient = torch.randn(weight.shape, generator=generator) * 10.0 ** (-3 * k)
        weight.grad = None if (k, update) == (0, 1) else gradient
    return weights


@pytest.mark.parametrize("rate", [1e-4, 0.3])
def test_the_steps_are_those_of_torchs_own_bit_for_bit_also_of_a_weight_without_a_gradient(rate):
    ours, theirs = weights(), weights()
    adam, rival = Adam(ours, rate), torch.optim.Adam(theirs, lr=rate, fused=True)
    for update in range(5):
        pushed(ours, update), pushed(theirs, update)
        adam.step(), rival.step()
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs))
    for ours, theirs in (("t", "step"), ("m", "exp_avg"), ("v", "exp_avg_sq")):
        assert all(torch.equal(one, kept[theirs]) for one, kept in zip(adam.state[ours], rival.state.values()))


def test_from_its_state_another_goes_on_as_if_it_had_made_all_steps():
    ours, others = weights(), weights()
    adam = Adam(ours, 0.1)
    for update in range(3):
        pushed(ours, update), adam.step()
    for one, other in zip(ours, others):
        other.data.copy_(one.data)
    again = Adam(others, 0.1)
    again.load(copy.deepcopy(adam.state))
    for update in range(3, 5):
        pushed(ours, update), pushed(others, update)
        adam.step(), again.step()
    assert all(torch.equal(one, other) for one, other in zip(ours, others))


@pytest.mark.parametrize("state", [{}, {"t": [], "m": [], "v": []}, {"state": {}, "param_groups": []}, 3])
def test_what_is_no_state_of_these_weights_is_not_taken(state):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Adam(weights(), 0.1).load(state)


def test_a_run_imports_nothing_of_torchs_compiler():
    """It takes a second or two, and 70 MB, in every process that trains."""
    code = """if True:
        import sys
        from course_lib.cells import LSTMCell
        from course_lib.tasks import Adding
        from course_lib.training import evaluate, train
        evaluate(train(LSTMCell, Adding(lag=5), updates=2, progress=False).network, Adding(lag=5))
        print({"torch._dynamo", "sympy"} & set(sys.modules))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
