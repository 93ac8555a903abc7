"""The stop button ends the cell: what the training returned is kept, and nothing after its statement is run."""

import pytest
from jupyter_client.manager import start_new_kernel

SETUP = """
import signal
from functools import partial
from course_lib.cells import LSTMCell
from course_lib.lesson import verdict
from course_lib.sweep import sweep
from course_lib.tasks import Adding
from course_lib.training import train as real

runs = []

def stop(history):
    runs.extend(["new"] * (len(history.losses) == 1))
    if len(runs) == 2 and len(history.losses) == 3:
        signal.raise_signal(signal.SIGINT)
    return False

def watch(*_):
    return None

train = partial(real, LSTMCell, Adding(lag=10), hidden_size=4, updates=5, progress=False, until=stop)
"""

# What is run, and what must hold then; the second training is stopped in its third update.
CASES = {
    "a line": ("a = train()\nb = train()\nlate()", "len(b.losses) == 3 and b.ended == 'interrupted'"),
    "the last line": ("train()\nb = train()", "b.ended == 'interrupted'"),
    "an expression": ("train()\ntrain()", "True"),
    "several lines": ("train()\nb = (\n    train(\n        seed=1,\n    )\n)\nlate()", "len(b.losses) == 3"),
    "a loop": ("for k in range(90):\n    b = train()\n    a.append(b)\nlate()", "(len(a), len(b.losses)) == (1, 3)"),
    "a loop of one line": ("for k in range(90): a.append(train(seed=k))\nlate()", "len(a) == 2"),
    "a statement of several lines in a loop": (
        "for k in range(90):\n    b[k] = (\n        train()\n    )\n    late() if len(b) == 2 else 0",
        "[h.ended for h in b.values()] == ['budget', 'interrupted']",
    ),
    "a condition": ("while (b := train()).ended == 'budget':\n    pass\nlate()", "len(b.losses) == 3"),
    "a head": ("train()\nif train().ended:\n    late()", "True"),
    "a match": ("train()\nmatch train().ended:\n    case 'interrupted':\n        late()", "True"),
    "a comprehension": ("b = [train(seed=k) for k in range(90)]\nlate()", "b == {}"),
    "a comprehension of several lines": ("b = {\n    k: train()\n    for k in range(90)\n}\nlate()", "b == {}"),
    "a generator": ("b = sum(len(train().losses) for k in range(90))\nlate()", "b == {}"),
    "a function": (
        "def run(k):\n    b[k] = train(seed=k)\n    if k == 1:\n        late()\nfor k in range(90):\n    run(k)",
        "len(b) == 2",
    ),
    "a function that returns it": ("def run():\n    return train()\nrun()\nb = run()\nlate()", "len(b.losses) == 3"),
    "functions of a library": ("b = list(map(lambda k: train(seed=k), range(90)))\nlate()", "b == {}"),
    "one statement of many": ("b = train(), train(), train()\nlate()", "b == {}"),
    "an exception of its own": (
        "for k in range(90):\n    try:\n        a.append(train())\n        [][0]\n    except IndexError:\n        pass",
        "len(a) == 2",
    ),
    "a clean-up": ("train()\ntry:\n    b = train()\n    late()\nfinally:\n    a.append(0)", "a == [0]"),
    "awaiting": ("from asyncio import sleep\nfor k in range(9):\n    a += [train()]\n    await sleep(0)", "a[1:]"),
    "a magic command": ("%time train()\n%time b = train()\nlate()", "len(b.losses) == 3"),
    "a verdict in a debugger": (
        "import sys\nsys.settrace(watch)\ntrain()\nb = train()\nsys.settrace(None)\nverdict('', True, '')\nlate()",
        "len(b.losses) == 3",
    ),
    "a sweep": (
        "import _thread, threading\nthreading.Timer(0.1, _thread.interrupt_main).start()\n"
        "b = sweep([LSTMCell], lags=[400], seeds=range(90), jobs=1, progress=False)\nlate()",
        "b == []",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def run():
    """A function that runs code in a kernel and returns (its reply, what it printed); also the kernel's manager."""
    manager, client = start_new_kernel()

    def run(code, on_print=lambda text: None):
        printed = []

        def read(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])
                on_print(message["content"]["text"])

        reply = client.execute_interactive(code, output_hook=read, stop_on_error=False, timeout=300)
        return reply["content"], "".join(printed)

    run.manager = manager
    try:
        assert run(SETUP)[0]["status"] == "ok"
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("name", CASES)
def test_a_stopped_training_is_the_last_of_its_cell(name, run):
    code, holds = CASES[name]
    run("a, b = [], {}\nruns[:] = []\nlate = partial(print, 'LATE')")
    reply, printed = run(code)
    assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt" and not printed.count("LATE")
    after = f"assert ({holds}), (a, b)\nimport sys\nassert sys.gettrace() is None and len(runs) <= 2\nruns[:] = [0, 0]"
    after += "\nassert train().ended == 'budget' and signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    reply, _ = run(after)
    assert reply["status"] == "ok", reply["evalue"]


def test_a_cell_that_catches_it_goes_on(run):
    run("runs[:] = []")
    reply, printed = run(
        "train()\ntry:\n    train()\n    print('no')\nexcept KeyboardInterrupt:\n    print(train().ended)"
    )
    assert reply["status"] == "ok" and printed == "budget\n"


def test_an_interrupt_from_the_page_does_the_same(run):
    begun = "lambda history: len(history.losses) == 3 and print('begun', flush=True)"
    code = f"b = []\nfor k in range(90):\n    b.append(real(LSTMCell, Adding(lag=10), updates=10**9, until={begun}))"
    reply, _ = run(code, on_print=lambda text: run.manager.interrupt_kernel())
    assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt"
    assert run("print(len(b), b[0].ended, len(b[0].losses) >= 3)")[1] == "1 interrupted True\n"
