"""How fast the cells train on this machine, and what the adding problem costs.

    python -m course_lib.bench                      # the table, for every cell: minutes
    python -m course_lib.bench --cells LSTMCell     # for one
    python -m course_lib.bench --length             # cost and memory against the number of steps
    python -m course_lib.bench --headline           # the adding problem of 1997 and today's form; minutes
    python -m course_lib.bench --patience           # that of 1997 from other starts, 256,000 sequences each; minutes

One training step is forward, a squared error on h after the last step, backward. In every round the contestants take
turns, so that whatever else the machine does meets all of them alike; a ratio is the median of the rounds' ratios, not
the ratio of two medians. A turn is steps that are not timed, for 50 ms, and one that is: what ran before still holds
the caches and the threads for some 20 ms, and in training the same step is taken thousands of times in a row.

    fused     the cell as `train` runs it
    literal   the same cell through `unroll`
    limit     the seconds in which torch multiplies two large matrices with as many multiplications as the cell's
              matrices need: forward, for the gradient of the weights, and for that of the states

Every result goes to the file (--out) as soon as it is there; headline runs that the file holds are not run again.
"""

import argparse
import json
import platform
import time
import tracemalloc
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_lib import doors
from course_lib.cells import CELLS, LSTMCell
from course_lib.files import write
from course_lib.fuse import fuse
from course_lib.fuse.memory import SPARE
from course_lib.machine import cores
from course_lib.tasks import Adding, Adding1997
from course_lib.training import streak, train
from course_lib.unroll import unroll

SIZES = ((100, 64, 32), (400, 64, 64), (1000, 64, 32), (200, 64, 128))  # time, batch, hidden
INPUTS = 2
LENGTHS = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
PAPER = {100: 74_000, 500: 209_000, 1000: 853_000}  # sequences, Hochreiter & Schmidhuber 1997, table 7
LITERAL_EVERY = 3  # rounds; the literal loop is slow
SETTLE = 0.05  # seconds of steps that are not timed
HEADLINE = {"hidden_size": 32, "init": "chrono", "batch_size": 64, "learning_rate": 1e-2, "updates": 8000}
PATIENCE = [HEADLINE | {"init": init, "learning_rate": rate, "updates": 4000}
            for init in ("default", "forget_bias") for rate in (3e-3, 1e-2, 3e-2)]  # fmt: skip


def training_step(run, weights, x):
    """A function that takes one training step: run(x) is h after the last step."""

    def step():
        loss = run(x).square().mean()
        torch.autograd.grad(loss, weights)

    return step


def of_torch(kind, hidden_size):
    """(run, weights) of torch's own LSTM, GRU or RNN."""
    network = kind(INPUTS, hidden_size, batch_first=True)
    return lambda x: network(x)[0][:, -1], list(network.parameters())


def limit(cell, steps, batch):
    """A function that multiplies as many numbers as one training step of cell does in its matrix products."""
    needed = 3 * steps * batch * sum(weight.numel() for weight in cell.parameters() if weight.dim() == 2)
    side = 512
    a, b = torch.randn(side, side), torch.randn(side, -(-needed // side**2))
    out = torch.empty(side, b.shape[1])
    return lambda: torch.mm(a, b, out=out)


def contestants(Cells, steps, batch, hidden):
    """{name: a function that does the work once}."""
    x = torch.randn(batch, steps, INPUTS)
    work = {}
    for kind in (nn.LSTM, nn.GRU, nn.RNN):
        work[f"nn.{kind.__name__}"] = training_step(*of_torch(kind, hidden), x)
    for Cell in Cells:
        cell = Cell(INPUTS, hidden)
        fused, weights = fuse(cell), list(cell.parameters())
        work[Cell.__name__] = training_step(lambda x, fused=fused: fused(x)[0], weights, x)
        literal = training_step(lambda x, cell=cell: unroll(cell, x).steps["h"][-1], weights, x)
        work[f"{Cell.__name__} literal"] = literal
        work[f"{Cell.__name__} limit"] = limit(cell, steps, batch)
    return work


def interleaved(work, rounds):
    """{name: seconds per round}, nan where a literal loop sat a round out."""
    seconds = {name: [] for name in work}
    for k in range(rounds):
        for name, function in work.items():
            if name.endswith("literal") and k % LITERAL_EVERY:
                seconds[name].append(float("nan"))
                continue
            settled = time.perf_counter() + SETTLE
            while time.perf_counter() < settled:
                function()
            began = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def compare(Cells, sizes, rounds):
    """A row per size and contestant: seconds (median, quartiles) and ratios."""
    for steps, batch, hidden in sizes:
        torch.manual_seed(0)
        seconds = interleaved(contestants(Cells, steps, batch, hidden), rounds)
        of = {name: np.array(values) for name, values in seconds.items()}

        def ratio(a, b, of=of):
            return float(np.nanmedian(of[a] / of[b]))

        for name in (*(f"nn.{kind}" for kind in ("LSTM", "GRU", "RNN")), *(Cell.__name__ for Cell in Cells)):
            low, median, high = (float(q) for q in np.quantile(of[name], (0.25, 0.5, 0.75)))
            row = {"time": steps, "batch": batch, "hidden": hidden, "name": name, "seconds": median, "low": low,
                   "high": high, "to_lstm": ratio(name, "nn.LSTM")}  # fmt: skip
            if f"{name} literal" in of:
                row["literal"] = ratio(f"{name} literal", name)
                row["limit"] = ratio(f"{name} limit", name)
            yield row


def print_row(row):
    more = f"{row['literal']:10.1f}{100 * row['limit']:9.0f} %" if "literal" in row else ""
    print(f"{row['name']:20}{1000 * row['seconds']:9.2f}{1000 * row['low']:9.2f} to{1000 * row['high']:8.2f}"
          f"{row['to_lstm']:11.2f}{more}", flush=True)  # fmt: skip


def lengths(steps, *, batch=8, hidden=32, rounds=5):
    """A row per number of steps: seconds of one training step of an LSTM, and the most bytes its loops held.

    Bytes are those of numpy's arrays, by tracemalloc; x itself has time x batch x input numbers besides.
    """
    torch.manual_seed(0)
    cell = LSTMCell(INPUTS, hidden)
    fused, weights = fuse(cell), list(cell.parameters())
    work = {str(n): training_step(lambda x: fused(x)[0], weights, torch.randn(batch, n, INPUTS)) for n in steps}
    seconds = interleaved(work, rounds)
    for name, step in work.items():
        SPARE.clear()  # memory that another run has left would not be counted
        tracemalloc.start()
        step()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        yield {"time": int(name), "batch": batch, "hidden": hidden, "seconds": float(np.median(seconds[name])),
               "bytes": peak}  # fmt: skip


def exponent(rows, what):
    """p of the power law that fits best: what ~ time^p."""
    return float(np.polyfit(np.log([row["time"] for row in rows]), np.log([row[what] for row in rows]), 1)[0])


def headline_runs():
    """What to train: (task, until) by name and lag. The 1997 rule is 2,000 sequences right in a row."""
    runs = [("adding of 1997", Adding1997(lag=lag), seed, streak(2000)) for lag in PAPER for seed in range(5)]
    runs += [("adding of today", Adding(lag=lag), seed, None) for lag in PAPER for seed in range(5)]
    return [*runs, ("adding of today", Adding(lag=10_000), 0, None)]


def fill(rows, runs):
    """Train what is not among rows yet, of runs (settings, name, task, seed, until); after every run, append its row
    and yield. A row has the settings, how and when the run ended, and the mean loss of its first and last 20 updates.
    """
    for settings, name, task, seed, until in runs:
        asked = settings | {"task": name, "lag": task.lag, "seed": seed}
        if not any(asked.items() <= row.items() for row in rows):
            history = train(LSTMCell, task, seed=seed, until=until, progress=False, **settings).finished()
            rows.append(asked | {"ended": history.ended, "sequences": history.sequences, "seconds": history.seconds,
                                 "early_loss": float(np.mean(history.losses[:20])), "loss": history.loss})  # fmt: skip
            yield


def headline(rows):
    """The headline runs, as `fill` trains them."""
    return fill(rows, [(HEADLINE, *run) for run in headline_runs()])


def patience(rows):
    """The adding problem of 1997 from starts that do not suit the lag, at T = 100, as `fill` trains it."""
    runs = [("adding of 1997", Adding1997(lag=100), seed, streak(2000)) for seed in range(2)]
    return fill(rows, [(settings, *run) for settings in PATIENCE for run in runs])


def summary(rows):
    """Lines: the median over seeds per task and lag. A run that did not end as solved counts as infinitely long."""
    for name, lag in sorted({(row["task"], row["lag"]) for row in rows}):
        own = [row for row in rows if (row["task"], row["lag"]) == (name, lag)]
        sequences = [row["sequences"] if row["ended"] == "solved" else float("inf") for row in own]
        paper = f"{PAPER[lag]:10,}" if name.endswith("1997") else ""
        yield (f"{name:16}{lag:8,}{len(own):6}{np.median(sequences):12,.0f}{min(sequences):12,.0f}"
               f"{max(sequences):12,.0f}{np.median([row['seconds'] for row in own]):9.1f}{paper}")  # fmt: skip


def environment():
    """What the results depend on besides the code."""
    packages = ("torch", "numpy", "llvmlite")
    return {
        "machine": platform.machine(),
        "processor": processor(),
        "system": platform.platform(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version()} | {package: version(package) for package in packages},
        "seeds": "weights and x of the speed tests: 0; headline runs: in each row",
    }


def processor():
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def read(path):
    """The results in a JSON file, {} where there is none. ValueError where it holds something else."""
    path = Path(doors.path("read", "path", path))
    with doors.using("read", "path as a file that course_lib.bench wrote", path):
        return dict((json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}).items())


def main(arguments=None):
    by_name = {Cell.__name__: Cell for Cell in CELLS}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", nargs="+", choices=by_name, default=list(by_name), metavar="CELL")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--length", action="store_true", help="cost and memory against the number of steps")
    parser.add_argument("--headline", action="store_true", help="train on the adding problem")
    parser.add_argument("--patience", action="store_true", help="train on it from other starts")
    parser.add_argument("--out", type=Path, default=Path("results/bench.json"))
    asked = parser.parse_args(arguments)
    try:  # before anything is measured
        doors.whole("bench", "rounds", asked.rounds)
        doors.target("bench", "out", asked.out)
        results = read(asked.out)
    except ValueError as error:
        parser.error(str(error))
    about = environment()
    print(f"{about['processor']}, {about['cores']} cores, {about['threads']} threads, torch {torch.__version__}")

    def store(part, rows):
        results[part] = {"environment": about, "rows": rows}
        write(asked.out, json.dumps(results, indent=1) + "\n")

    if asked.length:
        rows = []
        print(f"\n{'steps':>8}{'ms':>10}{'µs per step':>13}{'MB':>9}   LSTM, batch 8, 32 units")
        for row in lengths(LENGTHS):
            rows.append(row)
            print(f"{row['time']:8}{1e3 * row['seconds']:10.2f}{1e6 * row['seconds'] / row['time']:13.2f}"
                  f"{row['bytes'] / 1e6:9.2f}", flush=True)  # fmt: skip
        print(f"seconds ~ steps^{exponent(rows, 'seconds'):.2f}, memory ~ steps^{exponent(rows, 'bytes'):.2f}")
        store("length", rows)
    if asked.headline:
        rows = results.get("headline", {}).get("rows", [])
        for _ in headline(rows):
            store("headline", rows)
        print(
            f"\n{'task':16}{'lag':>8}{'runs':>6}{'sequences':>12}{'least':>12}{'most':>12}{'seconds':>9}{'paper':>10}"
        )
        print(*summary(rows), sep="\n")
    if asked.patience:
        rows = results.get("patience", {}).get("rows", [])
        for _ in patience(rows):
            store("patience", rows)
        for row in rows:
            print("{init:12} rate {learning_rate:<6g} {ended:8} {sequences:8,}".format(**row))
    if not asked.length and not asked.headline and not asked.patience:
        rows = []
        for row in compare([by_name[name] for name in asked.cells], SIZES, asked.rounds):
            if not rows or row["name"] == rows[0]["name"]:
                print(f"\n{row['time']} steps, batch {row['batch']}, {row['hidden']} units")
                print(f"{'':20}{'ms':>9}{'half of the runs':>20}{'/ nn.LSTM':>11}{'literal /':>10}{'of limit':>11}")
            rows.append(row)
            print_row(row)
        of_lstm = [row["to_lstm"] for row in rows if row["name"] == "LSTMCell"]
        if of_lstm:
            print(f"\nLSTMCell / nn.LSTM: median {np.median(of_lstm):.2f}, worst {max(of_lstm):.2f}")
        store("speed", rows)


if __name__ == "__main__":
    main()
