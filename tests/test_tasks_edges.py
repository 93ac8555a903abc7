"""The least that a task takes, what is less, and the first and the last step of a sequence."""

import pytest
import test_tasks
import torch

from course_lib.tasks import (
    Adding,
    Adding1997,
    AssociativeRecall,
    Batch,
    Counting,
    KeepOrReplace,
    NextObservation,
    SelectiveCopying,
    TemporalOrder,
)

LEAST = {Adding: 2, Adding1997: 22, KeepOrReplace: 2} | dict.fromkeys(
    (Counting, TemporalOrder, SelectiveCopying, NextObservation), 10
)


@test_tasks.every_task
@pytest.mark.parametrize("lag", [-1, 0, 2.5, True, "10", None])
def test_a_lag_that_cannot_be_is_refused_with_the_least(Task, lag):
    with pytest.raises(
        ValueError, match=f"{Task.__name__} needs lag in steps as a whole number, {Task.least} or more; got"
    ):
        Task(lag=lag)


@test_tasks.every_task
def test_the_least_lag_works_and_one_less_does_not(Task):
    assert Task.least == LEAST.get(Task, 1)
    batch = test_tasks.drawn(Task(lag=Task.least), 200)
    answer = Task(lag=Task.least).solve(batch.x[:20])
    torch.testing.assert_close(answer, batch.y[:20], rtol=0, atol=1e-6, equal_nan=True)
    with pytest.raises(ValueError, match=f"{Task.least} or more; got {Task.least - 1}"):
        Task(lag=Task.least - 1)


@test_tasks.every_task
@pytest.mark.parametrize("size", [0, -3, 2.0, True])
def test_a_batch_size_that_cannot_be_is_refused(Task, size):
    with pytest.raises(ValueError, match=f"{Task.__name__} needs batch_size as a whole number, 1 or more; got {size}"):
        Task(lag=30).batch(size)


def test_there_are_no_more_pairs_to_recall_than_there_are_names():
    batch = test_tasks.drawn(AssociativeRecall(lag=2**14), 1)
    assert len(batch.x[0, :-1, :14].unique(dim=0)) == 2**14
    with pytest.raises(ValueError, match="lag in pairs as a whole number from 1 to 16384; got 16385"):
        AssociativeRecall(lag=2**14 + 1)


def test_a_sequence_may_be_judged_at_any_of_its_steps_and_at_no_other():
    x, y = torch.zeros(2, 5, 1), torch.zeros(2, 1)
    assert Batch(x, y, torch.tensor([0, 4])).at.tolist() == [0, 4]
    for at, said in (([-1, 4], "-1 to 4"), ([0, 5], "0 to 5")):
        with pytest.raises(ValueError, match=f"Batch needs at with steps from 0 to 4; got .*{said}"):
            Batch(x, y, torch.tensor(at))
