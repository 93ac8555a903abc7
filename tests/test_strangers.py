"""A cell is one class: the tests of every cell pass on cells that the course does not have, and say what is missing."""

import pytest
import test_cells
import test_docstrings
import test_fuse
import test_initialise
import test_tasks
from strangers import FallingCell, LEMCell, MGUCell, Parity, SignedMinGRUCell, SLSTMCell

declares = test_cells.test_what_a_cell_declares_names_its_own_gates_states_and_weights
MISSING = [  # (a cell, the declaration that its author forgot, the test that asks for it, what it says)
    (LEMCell, "gates", test_cells.test_a_step_announces_the_gates_it_declares_once_each, "write gates = "),
    (LEMCell, "state", declares, r"the step of LEMCell takes the states \('h', 'z'\): write state = \('h', 'z'\)"),
    (LEMCell, "letters", declares, r"LEMCell needs letters = \{gate: its letter in the equations\} for"),
    (SLSTMCell, "memory", test_cells.test_the_memory_is_multiplied_by_its_gate, r"\(gate, state\) where the gate mult"),
    (SignedMinGRUCell, "ranges", test_cells.test_gates_lie_in_the_range_that_is_declared_which_is_0_to_1_unless_said,
     r"declare it with ranges = \{'update': \(least, largest\)\}"),
    (MGUCell, "kept_by", test_initialise.test_the_memory_is_kept_the_more_the_higher_its_bias, "MGUCell needs kept_by"),
    (FallingCell, "__doc__", test_fuse.test_every_cell_is_fused_or_says_that_it_is_not,
     "cumsum is not compiled. Write"),
    (MGUCell, "__doc__", test_docstrings.check, "one equation for each new state"),
]  # fmt: skip


@pytest.mark.parametrize(("Cls", "name", "test", "said"), MISSING, ids=[row[1] for row in MISSING])
def test_what_is_missing_is_asked_for(Cls, name, test, said, monkeypatch):
    test(Cls)
    if name == "__doc__":
        monkeypatch.setattr(Cls, name, "A cell without its equations.")
    else:
        monkeypatch.delattr(Cls, name)
    with pytest.raises((AssertionError, ValueError), match=said):
        test(Cls)


WRONG = [  # (what the author of a task did, the test that asks for better, what it says)
    ({"baseline": None}, test_tasks.test_a_task_declares_what_the_others_do, (), "Parity needs baseline"),
    ({"solve": None}, test_tasks.test_a_task_declares_what_the_others_do, (), "Parity needs solve"),
    ({"__doc__": "Odd or even? Lag: exact."}, test_tasks.test_a_task_declares_what_the_others_do, (),
     "the docstring of Parity needs a paragraph Baseline: "),
    ({"baseline": 0.5}, test_tasks.test_the_baseline_is_what_knowing_the_step_alone_can_reach, (22,),
     "Parity has baseline = 0.5000; knowing the step alone gives 0.69"),
    ({"solve": lambda task, x: 0 * x[:, 0, 0].long()}, test_tasks.test_the_exact_answer_is_the_target, (22,),
     "Parity draws other answers than it solves for"),
    ({"solved_at": 1.0}, test_tasks.test_a_right_answer_scores_one_and_costs_less_than_what_counts_as_solved, (),
     "Parity needs the loss of a right answer"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "test", "more", "said"), WRONG, ids=[row[3][:30] for row in WRONG])
def test_what_a_task_lacks_is_asked_for(changes, test, more, said, monkeypatch):
    test(Parity, *more)
    for name, value in changes.items():
        monkeypatch.delattr(Parity, name) if value is None else monkeypatch.setattr(Parity, name, value)
    with pytest.raises(AssertionError, match=said):
        test(Parity, *more)
