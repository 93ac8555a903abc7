"""A page to play with: networks that train in the browser, from the cells' own text, without Python or a network.

>>> from tempfile import mkdtemp
>>> playground(Path(mkdtemp()) / "playground.html").name
'playground.html'

Or `python -m course_lib.page FOLDER`. The page is one file, which opens from a disk. In it are each cell's JavaScript,
written from its step, and small files by hand: random.js and tasks.js draw the sequences that the course draws from the
same seed, start.js its weights, race.js trains, svg.js draws; equations.js reads a cell that is typed in the page, and
module.js writes its JavaScript.
"""

import json
import re
from pathlib import Path

from course_lib import doors, tasks
from course_lib.cells import CELLS, Cell
from course_lib.diagram.sheet import colour
from course_lib.files import write
from course_lib.page.about import about
from course_lib.script import TRAIN
from course_lib.script.module import HELPERS

HERE = Path(__file__).parent
PAGE = ("svg.js", "equations.js", "module.js", "settings.js", "charts.js", "playground.js")
THINGS = {name: name for name in ("forget", "input", "output", "update", "reset", "h", "c", "leaky", "baseline")}


def playground(path: str | Path, *, cells: tuple[type[Cell], ...] = CELLS) -> Path:
    """Write the page to path, an .html file, and return path. cells: the classes to choose from, also your own.

    Raises ValueError for a cell that has no JavaScript, for one that reads its sizes in its step, and for no cell.
    """
    path = doors.target("playground", "path", path)
    if not doors.is_a((list, tuple), cells) or not cells:
        doors.refuse("playground", "cells as a list of classes of cells", cells)
    told = {"cells": {one["name"]: one for one in map(about, cells)}, "tasks": played(), "helpers": HELPERS}
    script = "\n".join(map(read, PAGE))
    parts = {"css": looks() + read("page.css") + read("playground.css"), "worker": worker(), "script": script,
             "data": json.dumps(told).replace("<", "\\u003c")}  # fmt: skip
    places = re.compile(r"/\*(css|data|worker|script)\*/")
    page = places.sub(lambda found: parts[found[1]].replace("</", "<\\/"), read("playground.html"))
    with doors.using("playground", "path as a file that can be written", path):
        write(path, page.encode())
    return path


def read(name):
    """The text of a file of this folder."""
    return (HERE / name).read_text(encoding="utf-8")


def worker():
    """The text of the worker, a script: what draws, starts and trains."""
    train = TRAIN.read_text(encoding="utf-8").replace("export ", "")
    return "\n".join([*map(read, ("random.js", "tasks.js", "start.js")), train, *map(read, ("race.js", "worker.js"))])


def played():
    """{task of tasks.js: what Python says of it}."""
    found = {name: getattr(tasks, name) for name in re.findall(r"^  (\w+): \(lag\)", read("tasks.js"), re.M)}
    return {name: {"least": task.least, "says": task.__doc__.partition("\n")[0]} for name, task in found.items()}


def looks():
    """The colours of things as variables of CSS, in both themes: --c-forget is the forget gate's."""
    things = THINGS | {"first": "c", "second": "h"}
    pairs = {name: "light-dark({}, {})".format(*colour(of)) for name, of in things.items()}
    return f".gates {{ {' '.join(f'--c-{name}: {pair};' for name, pair in pairs.items())} }}\n"
