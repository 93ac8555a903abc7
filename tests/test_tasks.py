"""Every task gives what it promises: its exact answers, its baseline, its distances in time."""

import inspect
import time
from math import exp, log

import pytest
import torch

from course_lib import tasks
from course_lib.data import load_weather
from course_lib.tasks import (
    TASKS,
    Adding,
    Adding1997,
    Copying,
    Counting,
    Digits,
    KeepOrReplace,
    Latching,
    NextObservation,
    SelectiveCopying,
    TemporalOrder,
)  # fmt: skip

every_task = pytest.mark.parametrize("Task", TASKS, ids=lambda Task: Task.__name__)
KNOWN = [Task for Task in TASKS if Task is not NextObservation]  # the distribution of their sequences is known
made_up = pytest.mark.parametrize("Task", KNOWN, ids=lambda Task: Task.__name__)
LAGS = (22, 37, 100)


def drawn(task, count, seed=0):
    return task.batch(count, generator=torch.Generator().manual_seed(seed))


def as_output(task, y):
    """The network output that says y: numbers as they are, classes as logits far apart."""
    return y if y.is_floating_point() else 20.0 * torch.eye(task.output_size)[y]


def test_every_task_in_the_file_is_listed():
    kinds = [c for _, c in inspect.getmembers(tasks, inspect.isclass) if issubclass(c, tasks.Task)]
    missing = {c.__name__ for c in {*kinds} - {*TASKS, tasks.Task, tasks.Choice}}
    assert not missing, f"add {missing} to TASKS at the end of course_lib/tasks.py"
    assert len(TASKS) == len(set(TASKS))


@every_task
def test_a_task_declares_what_the_others_do(Task):
    task, who = Task(lag=max(22, Task.least)), Task.__name__
    missing = [name for name in ("input_size", "output_size", "baseline") if not hasattr(task, name)]
    missing += [name for name in ("draw", "solve") if getattr(Task, name) is getattr(tasks.Task, name)]
    assert not missing, f"{who} needs {', '.join(missing)}: see what Task says of them"
    untold = [part for part in ("Lag: ", "Baseline: ") if part not in Task.__doc__]
    assert not untold, f"the docstring of {who} needs a paragraph {' and one '.join(untold)}"


@every_task
@pytest.mark.parametrize("lag", LAGS)
def test_the_exact_answer_is_the_target(Task, lag):
    batch = drawn(Task(lag=lag), 40)
    answer = Task(lag=lag).solve(batch.x)
    said = f"{Task.__name__} draws other answers than it solves for at lag {lag}: {{}}".format
    torch.testing.assert_close(answer, batch.y, rtol=0, atol=1e-6, equal_nan=True, msg=said)


@every_task
@pytest.mark.parametrize("lag", LAGS)
def test_shapes_are_those_declared(Task, lag):
    task = Task(lag=lag)
    batch = drawn(task, 6)
    assert batch.x.dtype == torch.float32 and batch.x.shape[0] == 6 and batch.x.shape[2] == task.input_size
    steps = (batch.x.shape[1],) if isinstance(batch.at, str) and batch.at == "every" else ()
    numbers = batch.y.is_floating_point()
    assert batch.y.shape == (6, *steps, *([task.output_size] if numbers else []))
    assert numbers or 0 <= batch.y.min() and batch.y.max() < task.output_size
    if not isinstance(batch.at, str):
        assert batch.at.shape == (6,) and batch.at.max() < batch.x.shape[1]
    assert torch.isfinite(batch.x).all()


@every_task
def test_the_same_seed_draws_the_same_sequences_and_another_seed_others(Task):
    first, again, other = (drawn(Task(lag=30), 8, seed).x for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


@every_task
def test_a_right_answer_scores_one_and_costs_less_than_what_counts_as_solved(Task):
    task = Task(lag=30)
    batch = drawn(task, 50)
    output = as_output(task, batch.y).nan_to_num(0.0)  # where nothing was recorded any answer will do
    assert task.score(output, batch) == 1.0
    loss = task.loss(output, batch)
    assert loss.shape == ()
    assert loss < max(task.solved_at, 1e-12) < task.baseline, (
        f"{Task.__name__} needs the loss of a right answer, here {loss:.2g}, below solved_at, {task.solved_at:.2g}, "
        f"and that below the baseline, {task.baseline:.2g}"
    )


@every_task
def test_loss_and_score_tell_a_wrong_answer_from_a_right_one(Task):
    task = Task(lag=30)
    batch = drawn(task, 50)
    output = as_output(task, batch.y).nan_to_num(0.0)
    wrong = output.clone()
    wrong[:25] = wrong[:25].roll(1, dims=-1) if output.shape[-1] > 1 else wrong[:25] + 1
    assert task.score(wrong, batch) == 0.5
    assert task.loss(wrong, batch) > task.loss(output, batch)


@made_up
@pytest.mark.parametrize("lag", (22, 60))
def test_the_baseline_is_what_knowing_the_step_alone_can_reach(Task, lag):
    """Fits the best constant, for every step, to some sequences and judges it on as many others."""
    task = Task(lag=lag)
    fit, batch = drawn(task, 40_000, seed=1), drawn(task, 40_000, seed=2)
    if fit.y.is_floating_point():
        output = fit.y.mean(dim=0).expand_as(batch.y)
    else:
        frequencies = torch.nn.functional.one_hot(fit.y, task.output_size).float().mean(dim=0)
        output = frequencies.clamp_min(1e-9).log().expand(*batch.y.shape, task.output_size)
    reached = task.loss(output, batch).item()
    assert reached == pytest.approx(task.baseline, rel=0.02), (
        f"{Task.__name__} has baseline = {task.baseline:.4f}; knowing the step alone gives {reached:.4f} at lag {lag}"
    )


@pytest.mark.parametrize("Task", [Adding, Adding1997, KeepOrReplace, Counting, Latching, TemporalOrder])
def test_the_step_that_is_judged_does_not_tell_the_answer(Task):
    """Least squares of the answer on what is seen at the step that is judged: no better than the baseline."""
    task = Task(lag=100)
    batch = drawn(task, 40_000)
    at = -1 if batch.at == "last" else batch.at
    seen = batch.x[torch.arange(len(batch.x)), at]
    seen = torch.cat([seen, seen**2, seen[:, :1] * seen[:, -1:], torch.ones(len(seen), 1)], dim=1)
    y = batch.y if batch.y.is_floating_point() else torch.eye(task.output_size)[batch.y]
    error = (y - seen @ torch.linalg.lstsq(seen, y, driver="gelsd").solution) ** 2
    saved = 1 / 12 / 50 if Task is Adding else 0.0  # the docstring says so: where the last step is marked
    assert error.mean().item() == pytest.approx(y.var(dim=0).mean().item() - saved, rel=0.01)


@pytest.mark.parametrize(
    ("asked", "given", "shape", "said"),
    [
        (TemporalOrder, Adding, (5, 4), "a batch of its own, with y as classes from 0 to 3"),
        (Latching, TemporalOrder, (5, 2), "a batch of its own, with y as classes from 0 to 1"),  # it has four
        (Adding, Latching, (5, 1), r"a batch of its own, with y as \(..., 1\) numbers"),
        (NextObservation, Adding, (5, 1), r"a batch of its own, with y as \(..., 4\) numbers"),
        (TemporalOrder, TemporalOrder, (5, 3), r"output as a tensor \(5, 4\) of floats"),
        (Adding, Adding, (5,), r"output as a tensor \(5, 1\) of floats"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_what_can(asked, given, shape, said):
    for judge in (asked(lag=30).loss, asked(lag=30).score):
        with pytest.raises(ValueError, match=f"{asked.__name__} needs {said}; got"):
            judge(torch.zeros(shape), drawn(given(lag=30), 5))


@every_task
def test_long_sequences_are_drawn_without_a_loop_over_time(Task):
    task = Task(lag=10_000 if Task is not NextObservation else 6000)
    drawn(task, 64)
    began = time.process_time()
    drawn(task, 64)
    assert time.process_time() - began < 1.0  # 2 to 60 ms; a loop over 640,000 steps takes seconds


def test_adding_marks_one_step_in_each_half():
    marks = drawn(Adding(lag=21), 500).x[..., 1]
    assert (marks[:, :10].sum(dim=1) == 1).all() and (marks[:, 10:].sum(dim=1) == 1).all()
    assert (marks.sum(dim=0) > 0).all()


def test_adding_of_1997_is_the_papers():
    batch = drawn(Adding1997(lag=100), 20_000)
    values, marks = batch.x.unbind(dim=-1)
    assert batch.x.shape[1] == 110 and batch.at.min() == 99 and batch.at.max() == 109
    assert (marks[:, 0] == -1).all() and (marks[torch.arange(20_000), batch.at] == -1).all()
    after = torch.arange(110) > batch.at[:, None]
    assert (batch.x[after] == 0).all() and (values[~after] != 0).all() and values.min() < -0.99 and values.max() > 0.99
    marked = (marks == 1).sum(dim=1)
    assert ((marks == -1).sum(dim=1) == 2).all() and set(marked.tolist()) == {1, 2}
    p = 1 / 10 + 9 / 10 / 48  # the first step was picked
    assert (marked == 1).float().mean().item() == pytest.approx(p, abs=0.01)
    assert Adding1997(lag=100).baseline == pytest.approx((1 - p / 2) / 24)
    assert ((marks == 1).float().argmax(dim=1) < 10).float().mean() > 0.9
    assert (marks[:, 49:] < 1).all() and (marks[:, 1:49] == 1).any(dim=0).all()


@pytest.mark.parametrize(("Task", "least"), [(Adding, 0), (Adding1997, -1), (KeepOrReplace, -1)])
def test_values_are_uniform_over_the_range_that_is_said(Task, least):
    values = drawn(Task(lag=40), 500).x[..., 0]
    shares = torch.tensor([0, 0.25, 0.5, 0.75, 1])
    found = values[values != 0].quantile(shares)  # what follows the end of a sequence is 0
    torch.testing.assert_close(found, least + (1 - least) * shares, rtol=0, atol=0.02)


def test_keep_or_replace_asks_for_a_number_of_half_to_one_lag_ago():
    x = drawn(KeepOrReplace(lag=20), 20_000).x
    marks = x[..., 1]
    age = marks.flip(1).argmax(dim=1)  # of the last mark, in steps before the last step
    assert age.min() == 10 and age.max() == 20
    assert (torch.bincount(age)[10:].float() / len(x) - 1 / 11).abs().max() < 0.01
    assert 2 < marks.sum(dim=1).mean() - 1 < 3


def test_a_single_marked_number_is_not_told_from_others_by_its_place():
    """Keeping the first marked number, as a memory that is only protected would, gets most sequences wrong."""
    task = KeepOrReplace(lag=40)
    batch = drawn(task, 5000)
    first = batch.x[..., 1].argmax(dim=1, keepdim=True)
    assert task.score(batch.x[..., 0].gather(1, first), batch) < 0.25


def test_counts_are_uniform_and_events_lie_anywhere_before_the_question():
    batch = drawn(Counting(lag=15), 22_000)
    assert (batch.x[:, -1] == 0).all() and (batch.x[:, :-1].sum(dim=0) > 0).all()
    counts = torch.bincount((10 * batch.y[:, 0]).round().long())
    assert len(counts) == 11 and (counts - 2000).abs().max() < 200


def test_the_bit_is_latched_from_the_first_step_over_exactly_lag_steps():
    batch = drawn(Latching(lag=12), 5000)
    assert batch.x.shape == (5000, 13, 1) and set(batch.x[:, 0, 0].tolist()) == {-1.0, 1.0}
    assert batch.x[:, 1:].std().item() == pytest.approx(0.2, rel=0.02)


def test_temporal_order_is_the_papers_at_lag_100():
    batch = drawn(TemporalOrder(lag=100), 5000)
    symbols = batch.x.argmax(dim=-1)
    assert batch.at.min() == 99 and batch.at.max() == 109
    assert (symbols[:, 0] == 6).all() and (symbols[torch.arange(5000), batch.at] == 7).all()
    after = torch.arange(110) > batch.at[:, None]
    assert (batch.x[after] == 0).all() and (batch.x[~after].sum(dim=-1) == 1).all()
    relevant = (symbols == 4) | (symbols == 5)
    assert (relevant.sum(dim=1) == 2).all()
    steps = relevant.any(dim=0).nonzero().flatten().tolist()
    assert steps == [*range(10, 21), *range(50, 61)]
    assert (torch.bincount(batch.y) - 1250).abs().max() < 150


def test_copying_is_the_one_of_arjovsky_at_any_lag():
    batch = drawn(Copying(lag=30), 200)
    symbols = batch.x.argmax(dim=-1)
    assert batch.x.shape == (200, 50, 10) and (symbols[:, 10:39] == 8).all()
    assert (symbols[:, 39] == 9).all() and (symbols[:, 40:] == 8).all()
    assert (batch.y[:, :40] == 8).all() and torch.equal(batch.y[:, 40:], symbols[:, :10])
    assert Copying(lag=100).baseline == pytest.approx(10 * log(8) / 120)


def test_selective_copying_keeps_each_content_for_10_to_lag_steps():
    batch = drawn(SelectiveCopying(lag=15), 5000)
    symbols = batch.x.argmax(dim=-1)
    assert batch.x.shape == (5000, 25, 10) and (symbols[:, 15:] == 9).all()
    places = (symbols < 8).nonzero()[:, 1].reshape(5000, 10)
    age = 15 + torch.arange(10) - places
    assert age.min() == 10 and age.max() == 15
    assert torch.equal(batch.y[:, 15:], symbols.gather(1, places)) and (batch.y[:, :15] == 8).all()


@pytest.mark.parametrize("Task", [Latching, TemporalOrder, Copying, SelectiveCopying])
def test_solved_means_a_probability_of_095_for_each_class_asked_for(Task):
    task = Task(lag=30)
    batch = drawn(task, 64)
    sure, p, others = 30.0, exp(-0.05), task.output_size - 1
    output = sure * torch.eye(task.output_size)[batch.y]
    asked = slice(None) if batch.y.dim() == 1 else (slice(None), slice(-10, None))
    output[asked] = torch.eye(task.output_size)[batch.y][asked] * log(p * others / (1 - p))
    assert task.loss(output, batch).item() == pytest.approx(task.solved_at, rel=1e-3)


def test_next_observation_is_the_series_one_hour_later():
    batch = drawn(NextObservation(lag=48), 30)
    recorded = ~batch.y[:, :-1].isnan()
    assert torch.equal(batch.y[:, :-1][recorded], batch.x[:, 1:][recorded])
    assert batch.y.isnan().any() and batch.at == "every"


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_baseline_of_the_weather_is_persistence(split):
    task = NextObservation(lag=24, split=split)
    batch = drawn(task, 4000)
    assert task.loss(batch.x, batch).item() == pytest.approx(task.baseline, rel=0.03)
    assert task.score(batch.x, batch) == 0.0


def test_training_windows_never_reach_into_the_test_hours():
    values, cut = torch.tensor(load_weather().values), load_weather().cut
    for split, first, last in (("train", 0, cut), ("test", cut, len(values))):
        task = NextObservation(lag=last - first - 1, split=split)  # the longest window there is: all of the split
        batch = drawn(task, 2)
        torch.testing.assert_close(batch.x[0], values[first : last - 1], rtol=0, atol=0)
        with pytest.raises(ValueError, match=f"lag in hours of the split .* from 10 to {last - first - 1}"):
            NextObservation(lag=last - first, split=split)


@pytest.mark.parametrize(("by", "steps"), [("row", 8), ("pixel", 64)])
def test_digits_are_the_images_then_noise(by, steps):
    batch = drawn(Digits(lag=50, by=by), 400)
    assert batch.x.shape == (400, steps + 50, 64 // steps)
    image, noise = batch.x[:, :steps], batch.x[:, steps:]
    assert (image.min(), image.max()) == (0, 1)
    assert abs(noise.mean()) < 0.02 and noise.var() == pytest.approx(1, abs=0.02)
    assert torch.equal(drawn(Digits(lag=50), 400).y, batch.y)
    assert torch.equal(drawn(Digits(lag=50), 400).x[:, :8].flatten(1), image.flatten(1))


def test_no_digit_is_both_for_training_and_for_testing():
    train, test = (Digits(lag=1, split=split).images[0].flatten(1) for split in ("train", "test"))
    assert len(train) == 1348 and len(test) == 449 and torch.cdist(train, test).min() > 0


@pytest.mark.parametrize(
    ("Task", "name", "value", "choices"),
    [
        (Digits, "by", "column", "row, pixel"),
        (Digits, "split", "all", "train, test"),
        (NextObservation, "split", "valid", "train, test, all"),
    ],
)
def test_a_part_of_the_data_that_there_is_not_is_refused_with_the_choices(Task, name, value, choices):
    with pytest.raises(ValueError, match=f"no {name} '{value}'; choices: {choices}"):
        Task(lag=24, **{name: value})
