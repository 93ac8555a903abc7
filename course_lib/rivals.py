"""How fast an LSTM and a GRU train beside what else one would use, at ten sizes; what a vanished gradient costs.

    python -m course_lib.rivals            # ten sizes: minutes, of which torch.compile takes most
    python -m course_lib.rivals --quick    # three small ones, without torch.compile

Measured as in `bench`: one training step, all in turns, a ratio is the median of the rounds' ratios.

    nn               torch.nn.LSTM or torch.nn.GRU
    nn, flushing     the same after torch.set_flush_denormal(True), as the compiled loops do for themselves
    fused            the cell as `train` runs it
    torch.compile    torch.compile of the cell's step, which a loop in Python calls; at up to 100 steps
    jax              jax.lax.scan of a step, compiled with its gradient, where `pip install jax` was done

The rows go to results/bench.json, with the load of the machine. Threads wait for each other by spinning: where other
programs run on the same cores, torch.nn takes a hundred times as long at small sizes. Measure where nothing else runs.
"""

import argparse
import json
import os
import sys
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_lib import bench, doors
from course_lib.cells import GRUCell, LSTMCell
from course_lib.files import write
from course_lib.fuse import fuse
from course_lib.training import drawn_from

SIZES = (  # time, batch, hidden, inputs
    *((100, 64, 32, 2), (400, 64, 64, 2), (1000, 64, 32, 2), (200, 64, 128, 2), (50, 32, 16, 8)),
    *((784, 64, 128, 1), (100, 128, 256, 64), (50, 64, 512, 128), (2000, 8, 64, 4), (100, 1, 64, 4)),
)
QUICK = SIZES[0], SIZES[4], SIZES[9]
KINDS = {"LSTM": (LSTMCell, nn.LSTM), "GRU": (GRUCell, nn.GRU)}
NAMES = ("nn", "nn, flushing", "fused", "torch.compile", "jax")
LOOPED = 100  # steps up to which torch.compile is tried: its loop in Python takes seconds for a thousand
TINY = 1e-40  # a number that float32 holds only as a denormal
LEAST = 1e-38  # about the least that it holds with all its digits
GRADIENTS = (1.0, 1e-10, 1e-20, 1e-30, 1e-36, 1e-40, 1e-42, 1e-44)  # that arrive at the last step
TIMED = ("compiled", "torch.nn.LSTM", "torch.nn.LSTM, flushing")
FELT = 1.5  # times as long, from which on it is no chance


@contextmanager
def as_before():
    """Afterwards torch counts denormals as zero if it did so before."""
    before = (torch.tensor([TINY]) * 1.0).item() == 0.0
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def flushing(wanted, step):
    """step, with denormals counted as zero or not."""

    def inside():
        torch.set_flush_denormal(wanted)
        step()

    return inside


def contestants(kind, size, others):
    """{name: a function that takes one training step}."""
    steps, batch, hidden, inputs = size
    Cell, Network = KINDS[kind]
    torch.manual_seed(0)
    x = torch.randn(batch, steps, inputs)
    cell, network = Cell(inputs, hidden), Network(inputs, hidden, batch_first=True)
    weights, fused = list(cell.parameters()), fuse(cell)
    of_torch = bench.training_step(lambda x: network(x)[0][:, -1], list(network.parameters()), x)
    work = {"nn": of_torch, "nn, flushing": of_torch, "fused": bench.training_step(lambda x: fused(x)[0], weights, x)}
    if "torch.compile" in others and steps <= LOOPED:
        work["torch.compile"] = bench.training_step(compiled_step(cell), weights, x)
    if "jax" in others:
        work["jax"] = jax_step(kind, x, hidden)
    return {name: flushing(name == "nn, flushing", step) for name, step in work.items()}


def compiled_step(cell):
    """h after the last step of x, by a loop over torch.compile of the cell's step."""

    @torch.compile(dynamic=False)
    def step(x, *state):
        new = cell.step(lambda name, value: value, x, **dict(zip(cell.state, state)))
        return tuple(new[name] for name in cell.state)

    def run(x):
        start = cell.start(len(x))
        state = tuple(start[name] for name in cell.state)
        for x_t in x.unbind(dim=1):
            state = step(x_t, *state)
        return state[cell.state.index("h")]

    return run


def jax_step(kind, x, hidden):
    """A training step of JAX: the same sizes, its matrices side by side as one would write it there."""
    import jax
    from jax import numpy as jnp

    batch, _, inputs = x.shape
    gates = {"LSTM": 4, "GRU": 3}[kind]
    numbers, sequence = np.random.default_rng(0), jnp.asarray(x.transpose(0, 1).numpy())
    W, U = (jnp.asarray(numbers.uniform(-1, 1, (n, gates * hidden)) / hidden**0.5, "float32") for n in (inputs, hidden))
    b, c = jnp.zeros(gates * hidden), jnp.zeros(gates * hidden)

    def lstm(weights, state, x):
        W, U, b, _ = weights
        h, c = state
        f, i, o, g = jnp.split(x @ W + h @ U + b, 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    def gru(weights, state, x):
        W, U, b, d = weights
        (h,) = state
        (r, z, n), (r_h, z_h, n_h) = jnp.split(x @ W + b, 3, axis=1), jnp.split(h @ U + d, 3, axis=1)
        r, z = jax.nn.sigmoid(r + r_h), jax.nn.sigmoid(z + z_h)
        return (z * h + (1 - z) * jnp.tanh(n + r * n_h),), None

    def loss(weights):
        step, states = {"LSTM": (lstm, 2), "GRU": (gru, 1)}[kind]
        start = (jnp.zeros((batch, hidden)),) * states
        last, _ = jax.lax.scan(lambda state, x: step(weights, state, x), start, sequence)
        return (last[0] ** 2).mean()

    gradient, weights = jax.jit(jax.value_and_grad(loss)), (W, U, b, c)
    return lambda: jax.block_until_ready(gradient(weights))


def compare(sizes, rounds, others):
    """For each size a row per kind and contestant: seconds (median, quartiles), and ratios of the fused cell to it."""
    for size in sizes:
        torch.compiler.reset()  # it gives up compiling a function that was compiled for eight sizes
        work = {f"{kind} {name}": step for kind in KINDS for name, step in contestants(kind, size, others).items()}
        with as_before():
            seconds = {key: np.array(value) for key, value in bench.interleaved(work, rounds).items()}
        rows = []
        for key, own in seconds.items():
            kind, name = key.split(" ", 1)
            low, median, high = (float(q) for q in np.quantile(own, (0.25, 0.5, 0.75)))
            rows.append(dict(zip(("time", "batch", "hidden", "inputs"), size)) | {
                "kind": kind, "name": name, "seconds": median, "low": low, "high": high,
                "ratio": float(np.median(seconds[f"{kind} fused"] / own)),
            })  # fmt: skip
        yield rows


def summary(rows):
    """Lines: for each kind the median and the worst ratio of the fused cell to torch.nn, without and with flushing."""
    for kind in KINDS:
        for name in ("nn", "nn, flushing"):
            own = [row["ratio"] for row in rows if (row["kind"], row["name"]) == (kind, name)]
            yield f"{kind} / {name}: median {np.median(own):.2f}, worst {max(own):.2f}"


def on_gradients(who, sizes, **asked):
    """{(name, size): seconds of a training step in every round} on a gradient of each size, for each of TIMED."""
    time, batch, hidden, rounds = (doors.whole(who, name, value) for name, value in asked.items())
    with drawn_from(0):
        x, cell, network = torch.randn(batch, time, 2), LSTMCell(2, hidden), nn.LSTM(2, hidden, batch_first=True)
    with torch.no_grad():
        cell.f.U.bias.fill_(6.0)
        network.bias_hh_l0[hidden : 2 * hidden] = 6.0  # of the gates i, f, g, o
    fused = fuse(cell)

    def step(run, weights, size):
        def once():
            h = run(x)
            torch.autograd.grad(h, weights, torch.full_like(h, size))

        return once

    of_torch, work = lambda x: network(x)[0][:, -1], {}
    for size in sizes:
        own = step(lambda x: fused(x)[0], list(cell.parameters()), size)
        theirs = step(of_torch, list(network.parameters()), size)
        for name, wanted, once in zip(TIMED, (False, False, True), (own, theirs, theirs)):
            work[f"{name}, {size}"] = flushing(wanted, once)
    with as_before():
        seconds = bench.interleaved(work, rounds)
    return {(name, size): np.array(seconds[f"{name}, {size}"]) for name in TIMED for size in sizes}


def vanished(*, time: int = 400, batch: int = 64, hidden: int = 64, rounds: int = 5) -> list[dict]:
    """Seconds of one training step of an LSTM on a living and on a vanished gradient: what the processor feels of it.

    A gradient of 1, or of 1e-40, arrives at h after the last step; the forget gates are open, so that it stays about
    as large for `time` steps. Numbers below 1e-38, denormals, take many processors ten or a hundred times as long.

    Returns a row for the compiled cell, for torch.nn.LSTM, and for torch.nn.LSTM after torch.set_flush_denormal(True):
    {"name", "living", "vanished" (seconds, medians over rounds), "ratio" (vanished / living)}.
    ValueError for sizes and rounds that are not positive whole numbers.
    """
    seconds = on_gradients("vanished", (1.0, TINY), time=time, batch=batch, hidden=hidden, rounds=rounds)
    rows = []
    for name in TIMED:
        living, gone = seconds[name, 1.0], seconds[name, TINY]
        rows.append({"name": name, "living": float(np.median(living)), "vanished": float(np.median(gone)),
                     "ratio": float(np.median(gone / living))})  # fmt: skip
    return rows


def by_size(*, time: int = 100, batch: int = 16, hidden: int = 32, rounds: int = 3) -> dict[str, list[float]]:
    """Milliseconds of one training step of an LSTM against the size of the gradient that arrives: a few seconds.

    As `vanished`, for gradients from 1 down to 1e-44, the least that float32 holds: {"size": sizes, and for each of
    TIMED: milliseconds}. Below 1e-38 numbers are denormal; `felt` says in words what this processor makes of them.
    ValueError for sizes and rounds that are not positive whole numbers.

        found = rivals.by_size()
        (ax,) = canvas()
        for name in rivals.TIMED:
            line(ax, -np.log10(found["size"]), found[name], of=name)
        print(rivals.felt(found))
    """
    seconds = on_gradients("by_size", GRADIENTS, time=time, batch=batch, hidden=hidden, rounds=rounds)
    return {"size": list(GRADIENTS)} | {
        name: [1e3 * float(np.median(seconds[name, size])) for size in GRADIENTS] for name in TIMED
    }


def felt(found: dict[str, list[float]]) -> str:
    """A sentence about what `by_size` found: whether this processor is slowed by denormals, and what flushing does.

    ValueError for what is no result of `by_size`.
    """
    if not doors.is_a(dict, found) or found.keys() != {"size", *TIMED}:
        doors.refuse("felt", "found as by_size returns it", found)
    found = {name: doors.array("felt", f"found[{name!r}]", value, dims=(1,), least=0) for name, value in found.items()}
    small = found["size"] < LEAST
    if len({len(values) for values in found.values()}) != 1 or small.all() or not small.any():
        doors.refuse("felt", "found as by_size returns it, as long everywhere, with sizes above and below 1e-38", found)

    def times(name):
        """How many times as long a step takes on gradients that are denormal as on others."""
        usual = np.median(found[name][~small])
        if not usual:
            doors.refuse("felt", f"found[{name!r}] as milliseconds above 0", 0.0)
        return float(np.median(found[name][small]) / usual)

    plain, flushed, compiled = times("torch.nn.LSTM"), times("torch.nn.LSTM, flushing"), times("compiled")
    told = f"torch.nn.LSTM takes {plain:.1f} times as long on gradients below 1e-38 as on larger ones (medians)"
    if plain < FELT:
        return f"This processor does not mind: {told}. Others take several times as long."
    also = f"with such numbers counted as zero {flushed:.1f} times, the compiled loops {compiled:.1f} times"
    return f"This processor feels it: {told}, {also}."


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("results/bench.json"))
    asked = parser.parse_args(arguments)
    try:  # before anything is measured
        doors.whole("rivals", "rounds", asked.rounds)
        doors.target("rivals", "out", asked.out)
        results = bench.read(asked.out)
    except ValueError as error:
        parser.error(str(error))
    others = [] if asked.quick else ["torch.compile"]
    if find_spec("jax"):
        others.append("jax")
    else:
        print("jax is not installed")
    about = bench.environment() | {
        "command": f"python -m course_lib.rivals {' '.join(arguments or sys.argv[1:])}".strip()
    }
    if hasattr(os, "getloadavg"):
        about["load"] = round(os.getloadavg()[0], 2)  # of all programs, before this one began
    if "jax" in others:
        about["versions"] = about["versions"] | {"jax": version("jax")}
    print(f"{about['processor']}, {about['cores']} cores, {about['threads']} threads; ms")
    print(f"{'time, batch, units, inputs':28}{'':6}" + "".join(f"{name:>15}" for name in NAMES) + "     fused / nn")
    rows = []
    for found in compare(QUICK if asked.quick else SIZES, asked.rounds, others):
        rows += found
        for kind in KINDS:
            of = {row["name"]: row for row in found if row["kind"] == kind}
            size = ", ".join(str(found[0][key]) for key in ("time", "batch", "hidden", "inputs"))
            times = "".join(f"{1e3 * of[name]['seconds']:15.2f}" if name in of else f"{'-':>15}" for name in NAMES)
            print(f"{size:28}{kind:6}{times}{of['nn']['ratio']:15.2f}", flush=True)
    print(*summary(rows), sep="\n")
    lines = vanished(rounds=asked.rounds)
    for line in lines:
        print(f"{line['name']:26} living {1e3 * line['living']:8.1f} ms, vanished {1e3 * line['vanished']:8.1f} ms")
    results["rivals"] = {"environment": about, "rows": rows, "vanished": lines}
    write(asked.out, json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
