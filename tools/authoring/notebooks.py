"""Run notebooks from their first cell to their last, and store what they showed.

    make notebooks                                        all of them, and the template
    make notebooks ARGS="notebooks/05_mixing_old_and_new.ipynb"

A notebook that fails keeps its old outputs; the others are written all the same. What they print about the claims is
copied into results/said.json, for the ledger, and how often each cell trains into results/runs.json, for the line that
says how far it has got.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from course_lib import bar, ledger
from course_lib.files import write
from tools.authoring.fold import fold

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Path(__file__).resolve().with_name("template.ipynb")  # what an author of a notebook copies
MADE = """import json, sys
print(json.dumps(sys.modules["course_lib.bar"].made if "course_lib.bar" in sys.modules else {}))"""


def all_notebooks():
    """The paths of the course's notebooks, in order."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def number(path):
    """The number of a notebook, as its file begins with it: 05, or 13b, which came between two."""
    return path.stem.partition("_")[0]


def chosen(words):
    """The paths that the words of a command line name; all notebooks, and their template, if there are none."""
    return [Path(word).resolve() for word in words] or [*all_notebooks(), TEMPLATE]


def parser(doc):
    """The command line of a tool whose docstring is doc."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("notebooks", nargs="*", help="paths; all notebooks when there are none")
    return made


def execute(path, *, seed=0, last=None):
    """The notebook of path, run in a kernel of its own with COURSE_SEED = seed, and the seconds it took.

    last   code to run after the last cell; what it prints is in the output of the last cell of the result
    Raises CellExecutionError where a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    if last is not None:
        notebook.cells.append(nbformat.v4.new_code_cell(last))
    client = NotebookClient(notebook, timeout=None, startup_timeout=600, kernel_name="python3",
                            store_widget_state=False, record_timing=False,
                            resources={"metadata": {"path": str(path.parent)}})  # fmt: skip
    began = time.perf_counter()
    client.execute(env=os.environ | {"COURSE_SEED": str(seed), "COURSE_QUIET": "1"})
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook, time.perf_counter() - began


def failure(error):
    """What a failed cell said, on one line."""
    return f"{error.ename}: {error.evalue}".partition("\n")[0]


def keep_said():
    """Write what the stored notebooks print about the claims to results/said.json, where the ledger reads it."""
    said = {number(path): ledger.printed(path) for path in all_notebooks()}
    write(ledger.SAID, json.dumps(said, indent=0, ensure_ascii=False) + "\n")


def keep_runs(made):
    """Add {cell: how often it trains} to results/runs.json; cells that are no longer there are dropped."""
    cells = {bar.key(cell.source) for path in all_notebooks() for cell in nbformat.read(path, 4).cells}
    runs = {cell: runs for cell, runs in (bar.known() | made).items() if cell in cells and runs > 1}
    write(bar.RUNS, json.dumps(runs, indent=0, sort_keys=True) + "\n")


def main():
    failed = []
    for path in chosen(parser(__doc__).parse_args().notebooks):
        print(f"{path.name} ...", end=" ", flush=True)
        try:
            notebook, seconds = execute(path, last=MADE)
        except CellExecutionError as error:
            failed.append(path.name)
            print(f"failed: {failure(error)}")
            continue
        made = json.loads(notebook.cells.pop().outputs[0].text)
        if not path.is_relative_to(ROOT / "solutions"):  # where a learner sees what a check says
            fold(notebook)
        write(path, nbformat.writes(notebook) + "\n")
        keep_said()
        keep_runs(made)
        print(f"{seconds:.1f} s")
    if failed:
        sys.exit(f"Not stored: {', '.join(failed)}")


if __name__ == "__main__":
    main()
