"""Write what is generated in README.md and docs/: the answer, the ways to start, notebooks, library, speeds.

    make readme

The numbers of the answer are those that the notebooks printed, the badges follow tools/address.py. A notebook is
described by its title, a file of the library by the first line of its docstring, the speed by results/bench.json, the
widgets by results/latency.json.
"""

import ast
import re
from pathlib import Path

import nbformat
import numpy as np

from course_lib import bench
from course_lib.files import write
from tools import address
from tools.authoring import moving
from tools.authoring.answer import answer
from tools.authoring.badges import NAMES
from tools.concepts.bank import items
from tools.handbook import page as handbook
from tools.room import capacity

ROOT = Path(__file__).resolve().parents[2]


def notebooks():
    """The table of notebooks: number and link, the question, minutes to read."""
    yield "| notebook | the question | minutes |"
    yield "|---|---|---|"
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        first = nbformat.read(path, as_version=4).cells[0].source
        minutes = re.search(r"(\d+) minutes", first)[1]
        yield f"| [{path.stem}](../notebooks/{path.name}) | {first.splitlines()[0].removeprefix('# ')} | {minutes} |"


def library():
    """The table of the library: file and first sentence."""
    yield "| file | purpose |"
    yield "|---|---|"
    for path in sorted((ROOT / "course_lib").glob("*")):
        file = path / "__init__.py" if path.is_dir() else path
        if file.suffix == ".py" and file.exists() and path.name != "__init__.py":
            purpose = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))).split("\n\n")[0].replace("\n", " ")
            yield f"| [{path.name}](../course_lib/{path.name}) | {purpose} |"


def speed():
    """The table of seconds: the fused LSTM, the slowest other fused cell, and torch's own LSTM, per size."""
    part = bench.read(ROOT / "results" / "bench.json")["speed"]
    yield "| steps, batch, units | torch.nn.LSTM | our LSTM | ratio | highest ratio of the other cells | step by step |"
    yield "|---|---|---|---|---|---|"
    for size in bench.SIZES:
        rows = {row["name"]: row for row in part["rows"] if (row["time"], row["batch"], row["hidden"]) == size}
        own, torch_own = rows["LSTMCell"], rows["nn.LSTM"]
        rest = [row for name, row in rows.items() if not name.startswith("nn.") and name != "LSTMCell"]
        worst = max(rest, key=lambda row: row["to_lstm"])
        yield (f"| {size[0]}, {size[1]}, {size[2]} | {1000 * torch_own['seconds']:.1f} ms | "
               f"{1000 * own['seconds']:.1f} ms | {own['to_lstm']:.2f} | {worst['to_lstm']:.2f} ({worst['name']}) | "
               f"{own['literal']:.0f} times slower |")  # fmt: skip
    yield ""
    yield about(part["environment"])


def adding():
    """The table of the adding problem: sequences until solved, the median of five seeds and their range."""
    part = bench.read(ROOT / "results" / "bench.json")["headline"]
    yield "| problem | lag | sequences until solved | seconds | in the paper of 1997 |"
    yield "|---|---|---|---|---|"
    for name, lag in sorted({(row["task"], row["lag"]) for row in part["rows"]}):
        own = [row for row in part["rows"] if (row["task"], row["lag"]) == (name, lag)]
        sequences = [row["sequences"] if row["ended"] == "solved" else np.inf for row in own]
        spread = f" ({min(sequences):,.0f} to {max(sequences):,.0f})" if len(own) > 1 else " (one run)"
        paper = f"{bench.PAPER[lag]:,}" if name.endswith("1997") else ""
        seconds = np.median([row["seconds"] for row in own])
        yield f"| {name} | {lag:,} | {np.median(sequences):,.0f}{spread} | {seconds:.1f} | {paper} |"
    yield ""
    yield about(part["environment"])


def about(environment):
    """The machine and the versions, in a sentence."""
    versions = ", ".join(f"{package} {number}" for package, number in environment["versions"].items())
    return f"*{environment['processor']}, {environment['cores']} cores, {environment['threads']} threads; {versions}.*"


def answers():
    """The table of milliseconds from a moved control of a widget to the new picture."""
    part = bench.read(ROOT / "results" / "latency.json")["milliseconds"]
    yield "| widget | median | 95 of 100 moves within |"
    yield "|---|---|---|"
    for name, taken in part.items():
        values = [np.inf if value is None else value for value in taken]
        yield f"| {name} | {np.median(values):.0f} ms | {np.quantile(values, 0.95):.0f} ms |"


def ways():
    """The badges: each starts the course where it is named, or leads to what is known about that."""
    known = address.ways()
    badges = []
    for name in NAMES:
        where = known.get(name, f"docs/running.md#{name.lower()}")
        badges.append(f"[![Open the course in {name}](docs/badges/{name.lower()}.svg)]({where})")
    book = f" · [Read the book]({address.site()})" if address.site() else ""
    yield " ".join(badges) + book


def concepts():
    """The table of the concept test: what each question asks for, and where the answer is found."""
    yield "| question | concept | notebook | verdict |"
    yield "|---|---|---|---|"
    files = {path.stem.partition("_")[0]: path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    for number, item in enumerate(items(), 1):
        link = f"[{item.notebook}](../notebooks/{files[item.notebook]})"
        yield f"| {number} | {item.concept} | {link} | {' and '.join(item.claims)} |"


PAGES = {
    "README.md": {"picture": moving.words, "answer": answer, "ways": ways},
    "docs/contents.md": {"notebooks": notebooks, "library": library},
    "docs/concept_test.md": {"concepts": concepts},
    "docs/handbook.md": handbook.TABLES,
    "docs/speed.md": {"speed": speed, "adding": adding, "answers": answers},
    "docs/room.md": {
        "windows": capacity.windows,
        "used": capacity.used,
        "numbers": capacity.numbers,
        "rested": capacity.rested,
        "kept_out": capacity.kept_out,
    },
}


def with_tables(text, tables):
    """The text of a page with its tables written anew."""
    for name, table in tables.items():
        begin, end = f"<!-- {name}: written by make readme -->\n", f"<!-- end of {name} -->"
        head, rest = text.split(begin)
        text = head + begin + "\n".join(table()) + "\n" + end + rest.split(end)[1]
    return text


def main():
    for name, tables in PAGES.items():
        write(ROOT / name, with_tables((ROOT / name).read_text(encoding="utf-8"), tables))
    for path, text in handbook.boards().items():
        write(path, text)


if __name__ == "__main__":
    main()
