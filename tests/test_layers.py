"""The library is built in layers: a file imports only from the layers above its own, and each name from where it is."""

import ast
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import nbformat
import pytest

from course_lib.checks.judge import Problem

ROOT = Path(__file__).parents[1]
LAYERS = [
    ["bare", "doors", "files", "machine", "server"],
    ["adam", "answers", "cells", "claims", "data", "scan", "stats", "stop"],
    ["cells_today", "tasks", "unroll", "initialise", "latex", "plots", "predictions"],
    ["bar", "fuse"],
    ["training", "gradients", "script"],
    ["attention", "sweep", "bench", "text", "ledger", "diagram"],
    ["lesson", "rivals", "page"],
    ["figures", "widgets", "checks"],
]
ROOMS = {  # the same within a package; * stands for the files that are found by being there, such as a set of exercises
    "fuse": [["compile", "flush", "number", "memory"], ["layout", "threads", "ir", "elementary"],
             ["ops", "product", "move"], ["trace", "plan"], ["axes", "write"],
             ["matrices", "norms", "forward", "backward", "pack"], ["functions"], ["read"], ["reads"],
             ["program", "replay"], ["run"], ["check"], ["__init__"]],
    "script": [["expression", "read"], ["write"], ["forward", "backward"], ["module"], ["__init__"]],
    "diagram": [["graph", "place", "route", "sheet", "words"], ["draw", "unrolled"], ["__init__"]],
    "page": [["about"], ["__init__"], ["__main__"]],
    "widgets": [["common"], ["live"], ["*"], ["__init__"]],
    "sweep": [["store"], ["outcomes", "one"], ["grid", "many"], ["estimate"], ["__init__"], ["__main__"]],
    "predictions": [["__init__"]],
    "figures": [["given"], ["*"], ["__init__"]],
    "checks": [["compare", "draw", "mutate", "probed", "record", "tokens"],
               ["instances", "reading", "stops", "symptoms", "related"], ["located"], ["judge"], ["by_hand"], ["*"],
               ["__init__"]],
}  # fmt: skip
FILES = sorted(path for path in (ROOT / "course_lib").rglob("*.py") if path.parent.name != "datasets")
USERS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "tools").rglob("*.py"),
                ROOT / "tools" / "authoring" / "template.ipynb",
                *(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "solutions").rglob("*.ipynb")])  # fmt: skip
PLOTTING = {"matplotlib.pyplot", "matplotlib.cbook", "matplotlib.mathtext", "numpy", "course_lib", "course_lib.doors",
            "course_lib.stats"}  # fmt: skip


def layers_of(room):
    """The layers of a package, the files that * stands for among them."""
    there = {path.stem for path in (ROOT / "course_lib" / room).glob("*.py")}
    named = set().union(*ROOMS[room])
    return [sorted(there - named) if names == ["*"] else names for names in ROOMS[room]]


def module(path):
    """The module that a file belongs to: cells for course_lib/cells.py, widgets for course_lib/widgets/desk.py."""
    return path.relative_to(ROOT / "course_lib").parts[0].removesuffix(".py")


def code(path):
    """The Python of a file or of the code cells of a notebook."""
    if path.suffix == ".py":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def imports(text):
    """[(module, name)] of all imports; name is None for `import module`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [("." * node.level + (node.module or ""), alias.name) for alias in node.names]
    return found


def climbs(name, text, *, package="course_lib", layers=LAYERS):
    """The imports in the text of a module of package that do not come from a layer above it in the table."""
    layer = {name: number for number, names in enumerate(layers) for name in names}
    used = [source.removeprefix(package).split(".")[1] if source != package
            else imported if imported in layer or package == "course_lib" else "__init__"
            for source, imported in imports(text) if f"{source}.".startswith(f"{package}.")]  # fmt: skip
    return [other for other in used if other != name and layer[other] >= layer[name]]


@cache
def defined(name):
    """The names that the file of a dotted module defines itself, or None if there is no such file."""
    path = ROOT / Path(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.exists():
        return None
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {leaf.id for target in targets for leaf in ast.walk(target) if isinstance(leaf, ast.Name)}
    return found


def borrowed(text):
    """The imports from the library that name something where it is not defined."""
    return [
        f"from {source} import {name}"
        for source, name in imports(text)
        if source.startswith("course_lib") and name is not None
        and name not in (defined(source) or set()) and defined(f"{source}.{name}") is None
    ]  # fmt: skip


def test_every_file_of_the_library_has_its_layer():
    missing = {module(path) for path in FILES} - set().union(*LAYERS) - {"__init__"}
    assert not missing, f"add {sorted(missing)} to LAYERS in {Path(__file__).name}"
    for room in ROOMS:
        assert {path.stem for path in (ROOT / "course_lib" / room).glob("*.py")} == set().union(*layers_of(room))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_from_the_layers_above_it(path):
    if module(path) != "__init__":
        assert climbs(module(path), code(path)) == []
    if module(path) in ROOMS:
        package = f"course_lib.{module(path)}"
        assert climbs(path.stem, code(path), package=package, layers=layers_of(module(path))) == []


@pytest.mark.parametrize("path", [*FILES, *USERS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_name_is_imported_from_the_file_that_defines_it(path):
    assert borrowed(code(path)) == []


@pytest.mark.parametrize("path", FILES, ids=module)
def test_a_file_imports_the_library_by_its_full_name(path):
    assert [source for source, _ in imports(code(path)) if source.startswith(".")] == []


def test_the_package_itself_exports_nothing():
    assert imports(code(ROOT / "course_lib" / "__init__.py")) == []


def test_one_door_shows_what_stands_elsewhere_and_keeps_no_list():
    """`checks.lstm_step(lstm_step)`: the problems of all sets are names of `checks`, collected from the files there."""
    door, files = import_module("course_lib.checks"), layers_of("checks")
    sets = [vars(import_module(f"course_lib.checks.{name}")) for name in files[ROOMS["checks"].index(["*"])]]
    stand = {name: one for part in sets for name, one in part.items() if isinstance(one, Problem)}
    assert door.PROBLEMS == stand and all(getattr(door, name) is one for name, one in stand.items())
    assert not set(stand) & defined("course_lib.checks").union(*files)
    assert not any(name in code(Path(door.__file__)).partition("import")[2] for name in stand)


def test_plots_take_plain_numbers():
    assert {source for source, _ in imports(code(ROOT / "course_lib" / "plots.py"))} <= PLOTTING


def test_a_worker_of_the_sweep_loads_nothing_that_draws():
    loaded = "import sys, course_lib.sweep; print({'matplotlib', 'IPython', 'ipywidgets'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, text=True, capture_output=True, check=True)
    assert told.stdout == "set()\n"


@pytest.mark.parametrize(
    "name, text",
    [
        ("cells", "from course_lib.unroll import unroll"),
        ("unroll", "from course_lib.initialise import initialise"),
        ("gradients", "from course_lib import widgets"),
        ("tasks", "def late():\n    import course_lib.training"),
    ],
)
def test_an_import_that_climbs_is_found(name, text):
    assert len(climbs(name, text)) == 1


@pytest.mark.parametrize("text", ["from course_lib.unroll import torch", "from course_lib.training import unroll"])
def test_a_borrowed_name_is_found(text):
    assert borrowed(text) == [text]
