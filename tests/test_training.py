"""Training is seeded, can be stopped at any moment, and loses nothing."""

import copy
import pickle
import signal

import pytest
import torch

from course_lib import fuse, training
from course_lib.cells import CELLS, GRUCell, LSTMCell, RNNCell
from course_lib.tasks import Adding, Adding1997, Copying, Latching
from course_lib.training import History, Network, below, build, evaluate, hidden_size_for, streak, train

SHORT = dict(hidden_size=8, batch_size=8, progress=False)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    first, again, other = (train(LSTMCell, Adding(lag=10), updates=5, seed=s, **SHORT).losses for s in (3, 3, 4))
    assert first == again
    assert first != other


@pytest.mark.arithmetic
def test_training_learns_what_a_short_lag_asks():
    history = train(GRUCell, Latching(lag=5), hidden_size=16, updates=400, learning_rate=1e-2, progress=False)
    assert history.ended == "solved" and history.solved_at == len(history.losses) <= 400
    assert evaluate(history.network, Latching(lag=5))[1] > 0.95


def test_a_network_can_be_trained_on():
    history = train(LSTMCell, Adding(lag=10), updates=3, **SHORT)
    before = [w.clone() for w in history.network.parameters()]
    assert train(history.network, Adding(lag=10), updates=2, batch_size=8, progress=False).network is history.network
    assert any(not torch.equal(a, b) for a, b in zip(before, history.network.parameters()))


class StopsAt:
    """A rule that presses Ctrl-C at one update."""

    def __init__(self, update):
        self.update = update

    def __call__(self, history):
        if len(history.losses) == self.update:
            raise KeyboardInterrupt
        return False


def test_ctrl_c_returns_what_was_done_and_ends_the_cell(monkeypatch):
    cells = []
    monkeypatch.setattr(training, "end_cell", lambda: cells.append("ended"))
    history = train(LSTMCell, Adding(lag=10), updates=50, until=StopsAt(7), **SHORT)
    assert history.ended == "interrupted" and len(history.losses) == 7 and history.sequences == 56
    done = train(LSTMCell, Adding(lag=10), updates=1, **SHORT)
    assert cells == ["ended"] and done.finished() is done
    with pytest.raises(KeyboardInterrupt):
        history.finished()


def test_an_interrupted_run_goes_on_from_its_checkpoint_as_if_never_stopped(tmp_path):
    whole = train(LSTMCell, Adding(lag=10), updates=12, **SHORT)
    path = tmp_path / "runs" / "run.pt"
    train(LSTMCell, Adding(lag=10), updates=12, until=StopsAt(5), checkpoint=path, **SHORT)
    rest = train(LSTMCell, Adding(lag=10), updates=12, checkpoint=path, **SHORT)
    assert rest.losses == whole.losses and rest.ended == "budget"
    assert [f.name for f in path.parent.iterdir()] == ["run.pt"]
    assert train(LSTMCell, Adding(lag=10), updates=12, checkpoint=path, **SHORT).losses == whole.losses


def test_a_second_ctrl_c_ends_what_is_being_done_at_once():
    reached = []

    def rule(history):
        for press in ("first", "second"):
            signal.raise_signal(signal.SIGINT)
            reached.append(press)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored, as in the background
    try:
        history = train(LSTMCell, Adding(lag=10), updates=50, until=rule, **SHORT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (history.ended, len(history.losses), reached) == ("interrupted", 1, ["first"])


def test_a_checkpoint_of_another_run_is_refused_by_name(tmp_path):
    train(LSTMCell, Adding(lag=10), updates=2, checkpoint=tmp_path / "a.pt", **SHORT)
    with pytest.raises(ValueError, match=r"another run \(saved, asked\): \{'seed': \(0, 1\)\}"):
        train(LSTMCell, Adding(lag=10), updates=2, checkpoint=tmp_path / "a.pt", seed=1, **SHORT)


def test_a_loss_that_is_not_finite_ends_the_run_and_says_what_to_try():
    network = build(RNNCell, Adding(lag=10), hidden_size=8)
    with torch.no_grad():
        network.readout.bias.fill_(float("inf"))
    history = train(network, Adding(lag=10), updates=5, learning_rate=0.5, batch_size=8, progress=False)
    assert history.ended == "diverged" and history.losses == []
    assert "at update 1" in history.note and "smaller learning_rate (now 0.5)" in history.note
    assert history.note.endswith("or a smaller clip (now 1).")
    free = train(network, Adding(lag=10), updates=5, clip=None, batch_size=8, progress=False)
    assert free.note.endswith("or a smaller clip (now none).")


def test_what_has_ended_is_not_gone_on_with(tmp_path, monkeypatch):
    run = {"checkpoint": tmp_path / "run.pt"} | SHORT
    for ended, change in (("solved", {"until": lambda history: True}), ("diverged", {"learning_rate": 1e38})):
        monkeypatch.undo()
        run["checkpoint"] = tmp_path / ended
        first = train(LSTMCell, Adding(lag=10), updates=9, **run, **change)
        monkeypatch.setattr(training, "proceed", None)
        again = train(LSTMCell, Adding(lag=10), updates=9, **run, **change)
        assert (again.ended, again.losses, again.note) == (ended, first.losses, first.note)


def test_rules_that_end_a_run():
    history = training.History(None, {"batch_size": 10}, losses=[1.0] * 19 + [0.0], scores=[1.0] * 19 + [0.9])
    assert below(0.96)(history) and not below(0.94)(history)
    assert not streak(10)(history)
    history.scores.append(1.0)
    assert streak(10)(history) and not streak(11)(history)
    history.losses = history.losses[:5]
    assert not below(10)(history)


def test_outputs_are_read_where_the_task_judges():
    network = Network(LSTMCell(3, 4), 2)
    x = torch.randn(2, 6, 3)
    every = network(x, at="every")
    torch.testing.assert_close(network(x), every[:, -1])
    for at in ([1, 4], [0, 5]):
        judged = torch.stack([every[0, at[0]], every[1, at[1]]])
        torch.testing.assert_close(network(x, at=torch.tensor(at)), judged)


@pytest.mark.parametrize("Cell", CELLS, ids=lambda Cell: Cell.__name__)
def test_hidden_sizes_are_matched_to_the_nearest(Cell):
    size = hidden_size_for(Cell, 2, 2000)
    count = training.count_parameters(Cell, 2, size)
    assert abs(count - 2000) <= min(
        abs(training.count_parameters(Cell, 2, other) - 2000) for other in (size - 1, size + 1)
    )


def test_evaluation_with_an_overridden_gate_differs_and_without_one_does_not():
    network = build(LSTMCell, Adding(lag=10), hidden_size=8)
    plain = evaluate(network, Adding(lag=10))
    assert evaluate(network, Adding(lag=10), override={"forget": lambda t, f: f}) == pytest.approx(plain, abs=1e-6)
    assert evaluate(network, Adding(lag=10), override={"input": 0.0})[0] != pytest.approx(plain[0], abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"updates": 0}, "updates as a whole number, 1 or more; got 0"),
        ({"batch_size": 2.5}, "batch_size as a whole number, 1 or more; got 2.5"),
        ({"learning_rate": -1}, "learning_rate as a number above 0; got -1"),
        ({"clip": 0}, "clip, when it is not None, as a number above 0; got 0"),
        ({"until": lambda: True}, r"until as a function of \(history\); got"),
        ({"init": "xavier"}, "initialise has no start 'xavier'; choices: default"),
    ],
)
def test_what_cannot_be_used_is_said(options, message):
    with pytest.raises(ValueError, match=message):
        train(LSTMCell, Adding(lag=10), progress=False, **options)


def test_too_few_parameters_are_refused():
    with pytest.raises(ValueError, match="LSTMCell needs parameters as a whole number, 16 or more; got 3"):
        hidden_size_for(LSTMCell, 2, 3)


def test_a_network_that_is_given_has_its_size_and_start():
    with pytest.raises(
        ValueError, match="train needs hidden_size, init and bias for a class of cells alone; got .*'chrono'"
    ):
        train(build(LSTMCell, Adding(lag=10)), Adding(lag=10), init="chrono", updates=1, progress=False)


def test_a_checkpoint_that_holds_more_than_is_asked_for_is_refused(tmp_path):
    run = {"hidden_size": 4, "checkpoint": tmp_path / "run.pt", "progress": False}
    train(LSTMCell, Adding(lag=10), updates=3, **run)
    with pytest.raises(ValueError, match="train needs updates of at least the 3 that .*run.pt holds; got 2"):
        train(LSTMCell, Adding(lag=10), updates=2, **run)


def test_nothing_that_has_a_seed_draws_from_the_numbers_of_the_caller():
    before = torch.get_rng_state()
    network = build(LSTMCell, Adding(lag=10), hidden_size=4, init="chrono", seed=1)
    train(LSTMCell, Adding(lag=10), hidden_size=4, updates=2, seed=1, progress=False)
    evaluate(network, Adding(lag=10), sequences=5)
    hidden_size_for(LSTMCell, 2, 500)
    assert torch.equal(before, torch.get_rng_state())


def test_a_disk_that_is_full_in_the_middle_loses_no_run_and_is_said_once(tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training, "SAVE_EVERY", 0)
    monkeypatch.setattr(training, "write", full)
    history = train(LSTMCell, Adding(lag=5), updates=4, checkpoint=tmp_path / "run.pt", progress=False)
    assert history.ended == "budget" and len(history.losses) == 4
    assert "The checkpoint cannot be written" in history.note and history.note.count("goes on without it") == 1
    assert capsys.readouterr().err.count("The run goes on without it.") == 1


@pytest.mark.parametrize("task", [Adding(lag=10), Adding1997(lag=22), Copying(lag=5)], ids=repr)
def test_the_first_loss_is_that_of_the_built_network_where_the_task_judges(task):
    network = build(LSTMCell, task, hidden_size=8, init="forget_bias", bias=2.0, seed=5)
    batch = task.batch(8, generator=torch.Generator().manual_seed(5))
    output = network(batch.x, at=batch.at)
    history = train(LSTMCell, task, init="forget_bias", bias=2.0, updates=1, seed=5, **SHORT)
    assert history.losses == [task.loss(output, batch).item()] and history.scores == [task.score(output, batch)]
    plain = evaluate(network, task, sequences=8, seed=5)
    assert plain == pytest.approx((history.losses[0], history.scores[0]), rel=1e-6)
    as_it_is = {"forget": lambda t, f: f}
    assert evaluate(network, task, sequences=8, seed=5, override=as_it_is) == pytest.approx(plain, rel=1e-5)


def test_a_run_says_with_what_it_was_trained():
    said = {"cell": "LSTMCell", "task": "Adding(lag=10)", "hidden_size": 8, "batch_size": 8, "seed": 3}
    rates = {"learning_rate": 0.01, "clip": 0.5}
    history = train(LSTMCell, Adding(lag=10), init="chrono", updates=1, seed=3, **rates, **SHORT)
    assert history.settings == said | rates | {"init": "chrono", "bias": None}
    history = train(LSTMCell, Adding(lag=10), updates=1, seed=3, **rates, **SHORT)
    assert history.settings == said | rates | {"init": "default", "bias": None}
    history = train(LSTMCell, Adding(lag=10), init="forget_bias", bias=2, updates=1, seed=3, **rates, **SHORT)
    assert history.settings == said | rates | {"init": "forget_bias", "bias": 2}
    history = train(history.network, Adding(lag=10), updates=1, seed=3, batch_size=8, progress=False, **rates)
    assert history.settings == said | rates | {"init": None, "bias": None}
    new = History(None, {"batch_size": 8})
    assert (new.ended, new.solved_at, new.seconds, new.note, new.sequences) == ("budget", None, 0.0, "", 0)


def test_the_gradient_is_clipped_where_that_is_asked():
    losses = {
        clip: train(LSTMCell, Adding(lag=10), updates=4, clip=clip, **SHORT).losses for clip in (None, 1e9, 1, 1e-6)
    }
    assert losses[None] == losses[1e9] and losses[1][0] == losses[1e-6][0] and losses[1] != losses[1e-6]
    assert train(LSTMCell, Adding(lag=10), updates=4, **SHORT).losses == losses[1]


def test_the_time_of_a_run_is_kept_and_it_is_saved_every_twenty_seconds(tmp_path, monkeypatch):
    now, saved, update, write = [100.0], [], training.update, training.write
    monkeypatch.setattr(training.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(training, "update", lambda *words: (update(*words), now.append(now.pop() + 7)))
    monkeypatch.setattr(training, "write", lambda *words: (saved.append(now[0]), write(*words)))
    path = tmp_path / "run.pt"
    assert train(LSTMCell, Adding(lag=5), updates=7, checkpoint=path, **SHORT).seconds == 49
    assert saved == [121, 142, 149]  # after three updates of 7 seconds, after three more, and at the end
    assert train(LSTMCell, Adding(lag=5), updates=9, checkpoint=path, **SHORT).seconds == 63
    assert saved[3:] == [163]


def test_a_checkpoint_of_code_is_refused_and_not_run(tmp_path):
    class Harm:
        def __reduce__(self):
            return (tmp_path / "harm").mkdir, ()

    torch.save({"losses": Harm()}, tmp_path / "run.pt")
    (tmp_path / "raw.pt").write_bytes(pickle.dumps(Harm()))
    for name in ("run.pt", "raw.pt"):
        with pytest.raises(ValueError, match="train needs checkpoint as a new file, or one that it wrote; got"):
            train(LSTMCell, Adding(lag=5), updates=1, checkpoint=tmp_path / name, **SHORT)
    assert not (tmp_path / "harm").exists()


def test_ctrl_c_that_comes_when_all_is_done_is_said_too(monkeypatch):
    class Late(training.Deferred):
        def deliver(self):
            if self.after:
                raise KeyboardInterrupt

        after = False

        def __exit__(self, *error):
            self.after = True
            return super().__exit__(*error)

    monkeypatch.setattr(training, "Deferred", Late)
    assert train(LSTMCell, Adding(lag=5), updates=2, **SHORT).ended == "interrupted"


def test_a_step_is_read_once_in_a_run(monkeypatch):
    times, real = [], fuse.plain_reads
    monkeypatch.setattr(fuse, "plain_reads", lambda *step: times.append(step) or real(*step))
    train(LSTMCell, Adding(lag=5), hidden_size=3, updates=4, progress=False)
    assert len(times) == 1


def test_a_network_runs_the_cell_that_it_has_now():
    one, other = (build(RNNCell, Adding(lag=5), hidden_size=3, seed=seed) for seed in (0, 1))
    x = torch.rand(2, 5, 2)
    one(x)
    one.cell = copy.deepcopy(other).cell
    one.readout = other.readout
    assert torch.equal(one(x), other(x))


def test_a_checkpoint_with_another_optimiser_is_refused_and_leaves_the_network_as_it_was(tmp_path):
    path, run = tmp_path / "run.pt", {"updates": 2, "progress": False, "checkpoint": tmp_path / "run.pt"}
    train(build(LSTMCell, Adding(lag=5), hidden_size=3), Adding(lag=5), **run)
    torch.save(torch.load(path, weights_only=True) | {"optimiser": {"state": {}, "param_groups": []}}, path)
    network = build(LSTMCell, Adding(lag=5), hidden_size=3, seed=1)
    before = [weight.clone() for weight in network.parameters()]
    with pytest.raises(ValueError, match="train needs checkpoint as a new file, or one that it wrote; got"):
        train(network, Adding(lag=5), **run)
    assert all(torch.equal(one, other) for one, other in zip(before, network.parameters()))
