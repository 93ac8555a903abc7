"""Where the runs of a sweep are done: in processes here, or on a Dask cluster, whose part is played in this file."""

import signal
import sys
from functools import partial
from types import SimpleNamespace

import pytest
from joblib.externals.loky import get_reusable_executor

from course_lib.sweep import many
from course_lib.sweep.store import BUSY, RESULT

ADDRESS = "tcp://10.0.0.1:8786"


class KilledWorker(Exception):
    """What Dask raises of a run that took down every machine that tried it."""


class Future:
    """A call that is done when it is asked what came of it."""

    def __init__(self, function, *call):
        self.result = partial(function, *call)


class Client:
    """A client of a cluster with so many machines, which writes down what it is asked."""

    machines, seen = 1, []

    def __init__(self, address, *, timeout):
        self.seen.append(("client", address, timeout))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.seen.append("left")

    def wait_for_workers(self, count, *, timeout):
        self.seen.append(("machines", count, timeout))
        if self.machines < count:
            raise TimeoutError

    def submit(self, function, *call, pure):
        assert not pure  # Dask does what is pure once, however often it is asked for
        return Future(function, *call)


@pytest.fixture
def seen(monkeypatch):
    """What a cluster that is there was asked, in order."""

    def connect(place, timeout):
        return SimpleNamespace(close=lambda: Client.seen.append(("socket", *place, timeout)))

    dask = SimpleNamespace(Client=Client, KilledWorker=KilledWorker, as_completed=lambda runs: reversed(list(runs)))
    monkeypatch.setitem(sys.modules, "distributed", dask)
    monkeypatch.setattr(many.socket, "create_connection", connect)
    monkeypatch.setattr(Client, "seen", [])
    return Client.seen


def test_a_cluster_is_asked_whether_it_answers_and_waited_for_no_longer_than_is_said(seen):
    with many.cluster(ADDRESS) as client:
        assert isinstance(client, Client)
    answer, busy = many.ANSWER, BUSY
    asked = [("socket", "10.0.0.1", 8786, answer), ("client", ADDRESS, answer), ("machines", 1, busy), "left"]
    assert seen == asked and 0 < answer <= 10 < busy <= 120


@pytest.mark.parametrize(
    ("address", "place"),
    [("tcp://[::1]:8786", ("::1", 8786)), ("XLAB:80", ("XLAB", 80)), ("tls://a.b:1", ("a.b", 1))],
)
def test_an_address_is_read_as_it_is_written(seen, address, place):
    with many.cluster(address):
        assert seen[0][1:3] == place and seen[1][1] == address


def test_a_cluster_without_a_machine_is_refused_with_how_long_it_was_waited_for(seen, monkeypatch):
    monkeypatch.setattr(Client, "machines", 0)
    with pytest.raises(ValueError, match=f"sweep needs a worker at {ADDRESS}; got none in {BUSY} s"):
        with many.cluster(ADDRESS):
            pass
    assert seen[-1] == "left"


def test_without_dask_a_sweep_says_how_it_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r'sweep needs Dask for a scheduler: run `pip install "dask\[distributed\]"`'):
        with many.cluster(ADDRESS):
            pass


def test_a_run_that_takes_every_machine_down_is_a_row_with_its_error_and_the_others_come_as_they_end(seen):
    def run(Cell, Task, setting):
        if setting["seed"] == 1:
            raise KilledWorker("run-1 was tried by 4 workers")
        return setting | {"ended": "budget"}

    calls = [("a", "b", {"cell": "A", "seed": seed}) for seed in (0, 1, 2)]
    with many.cluster(ADDRESS) as client:
        third, second, first = many.everywhere(run, calls, 1, client)
    assert [first, third] == [{"cell": "A", "seed": seed, "ended": "budget"} for seed in (0, 2)]
    lost = {"cell": "A", "seed": 1, "ended": "error", "error": "run-1 was tried by 4 workers"}
    assert second == dict.fromkeys(RESULT) | lost


def test_a_process_gets_one_run_at_a_time_and_ends_when_it_has_nothing_to_do(monkeypatch):
    asked = []
    monkeypatch.setattr(
        many, "Parallel", lambda **how: asked.append(how) or (lambda calls: (f(*c) for f, c, _ in calls))
    )
    assert list(many.everywhere(pow, [(2, 3), (3, 2)], 2, None)) == [8, 9]
    idle = asked[0].pop("idle_worker_timeout")
    assert asked == [{"n_jobs": 2, "batch_size": 1, "return_as": "generator_unordered"}] and 0 < idle < 60


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no mask of signals")
def test_ctrl_c_is_heard_by_the_process_that_began_the_others_alone():
    get_reusable_executor(reuse=True).shutdown(wait=True)  # of another test
    heard = list(many.everywhere(signal.pthread_sigmask, [(signal.SIG_BLOCK, ())] * 2, 2, None))
    assert all(signal.SIGINT in blocked for blocked in heard) and len(heard) == 2
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
