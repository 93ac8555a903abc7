"""Run notebooks under COURSE_SEED = 1 to 20 and count how often every verdict holds.

    make seeds
    make seeds ARGS="--count 5 --jobs 1 notebooks/02_where_memory_goes.ipynb"

Each run is kept in build/seeds.jsonl as it ends, so that a run that was stopped continues. A run counts again once its
notebook, the library or the stored results have changed. Fails where a notebook passes fewer than 19 runs of 20.
"""

import hashlib
import json
import sys
from collections import defaultdict

import nbformat
from joblib import Parallel, delayed
from nbclient.exceptions import CellExecutionError
from tqdm import tqdm

from tools.authoring.notebooks import ROOT, chosen, execute, failure, parser

KEPT = ROOT / "build" / "seeds.jsonl"
SHARE = 0.95  # of the runs that must pass


def digest(path):
    """What decides how a run of a notebook ends: its code cells, the library, the stored results."""
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    files = [file for folder in ("course_lib", "results") for file in sorted((ROOT / folder).rglob("*"))]
    parts = [file.read_bytes() for file in files if file.is_file() and "__pycache__" not in file.parts]
    return hashlib.sha256(b"".join([code.encode(), *parts])).hexdigest()[:16]


def run(path, version, seed):
    """One run as it is kept: {notebook, version, seed, error}; error is None where all verdicts held."""
    try:
        execute(path, seed=seed)
        error = None
    except CellExecutionError as caught:
        error = failure(caught)
    return {"notebook": path.name, "version": version, "seed": seed, "error": error}


def kept():
    """The runs so far; a last line that was cut off does not count."""
    lines = KEPT.read_text().splitlines() if KEPT.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def main():
    command = parser(__doc__)
    command.add_argument("--count", type=int, default=20, help="seeds 1 to this")
    command.add_argument("--jobs", type=int, default=2, help="notebooks that run at the same time")
    asked = command.parse_args()
    versions = {path: digest(path) for path in chosen(asked.notebooks)}
    seen = {(row["notebook"], row["version"], row["seed"]) for row in kept()}
    todo = [(path, version, seed) for path, version in versions.items() for seed in range(1, asked.count + 1)
            if (path.name, version, seed) not in seen]  # fmt: skip
    runs = Parallel(n_jobs=asked.jobs, return_as="generator_unordered")(delayed(run)(*job) for job in todo)
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("a") as file:
        for row in tqdm(runs, total=len(todo), desc="runs"):
            file.write(f"\n{json.dumps(row)}")
            file.flush()
    errors = defaultdict(list)
    for row in kept():
        if row["seed"] <= asked.count:
            errors[row["notebook"], row["version"]].append(row["error"])
    short = []
    for path, version in versions.items():
        found = errors[path.name, version]
        passed = found.count(None)
        print(f"{path.name:40}{passed:4} of {len(found)}")
        print("".join(f"    {error}\n" for error in sorted({error for error in found if error})), end="")
        if passed < SHARE * len(found):
            short.append(path.name)
    if short:
        sys.exit(f"Verdicts that hold too seldom: {', '.join(short)}")


if __name__ == "__main__":
    main()
