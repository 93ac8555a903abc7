"""Many runs at once: in processes here, or on a Dask cluster."""

import signal
import socket
from contextlib import contextmanager
from multiprocessing import resource_tracker

from joblib import Parallel, delayed

from course_lib import doors
from course_lib.sweep.store import BUSY, RESULT

ANSWER = 5  # seconds within which a scheduler answers
IDLE = 20  # seconds after which a process that has nothing to do ends, also one that outlives a killed sweep


@contextmanager
def cluster(address):
    """A client of the Dask cluster at address; None without an address."""
    if address is None:
        yield None
        return
    try:
        from distributed import Client  # wanted by few, so not among the course's requirements
    except ImportError:
        raise ValueError('sweep needs Dask for a scheduler: run `pip install "dask[distributed]"`') from None
    host, _, port = doors.text("sweep", "scheduler", address).rpartition("//")[2].rpartition(":")
    try:
        socket.create_connection(
            (host.strip("[]"), int(port)), timeout=ANSWER
        ).close()  # Dask would try for half a minute
        client = Client(address, timeout=ANSWER)
    except (OSError, ValueError, OverflowError) as error:
        raise ValueError(f"sweep needs a scheduler that answers; got {doors.shown(address)} ({error})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=BUSY)
        except TimeoutError:
            raise ValueError(f"sweep needs a worker at {address}; got none in {BUSY} s") from None
        yield client


@contextmanager
def deaf():
    """Processes begun within do not hear Ctrl-C, which reaches all of a group: the one that began them ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # Python up to 3.11 lifts the mask where this one is begun
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def everywhere(function, calls, jobs, client):
    """function(*call) for every call, in processes here or on the cluster, yielded in the order in which they end."""
    if client is None:
        parallel = Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered", idle_worker_timeout=IDLE)
        with deaf():
            results = parallel(delayed(function)(*call) for call in calls)
        yield from results
        return
    from distributed import KilledWorker, as_completed

    futures = {client.submit(function, *call, pure=False): call for call in calls}
    for future in as_completed(futures):
        try:
            yield future.result()
        except KilledWorker as error:  # it took every machine that tried it down
            yield dict.fromkeys(RESULT) | futures[future][2] | {"ended": "error", "error": str(error)}
