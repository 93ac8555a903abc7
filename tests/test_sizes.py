"""A file is short enough to be read at once, a class to be kept in mind; what is longer stands here with its reason."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE, CLASS = 350, 150  # lines, at most
LONGER = {
    "course_lib/cells.py": "a catalogue: one short class after the other, read beside each other; a new one goes here",
    "course_lib/tasks.py": "a catalogue too",
}
FILES = [path for part in ("course_lib", "tests", "tools") for kind in ("py", "js", "css")
         for path in sorted((ROOT / part).rglob(f"*.{kind}"))]  # fmt: skip


def too_long(name, text):
    """Sentences: the file, and the classes of it, that are longer than they may be."""
    found = {name: (len(text.splitlines()), FILE)}
    if name.endswith(".py"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                found[f"{name}: {node.name}"] = (node.end_lineno - node.lineno + 1, CLASS)
    return {
        what: f"{what} has {lines} lines where {most} may be" for what, (lines, most) in found.items() if lines > most
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_and_no_class_is_too_long(path):
    name = path.relative_to(ROOT).as_posix()
    found = too_long(name, path.read_text(encoding="utf-8"))
    assert [sentence for what, sentence in found.items() if what not in LONGER] == []


@pytest.mark.parametrize("what", LONGER)
def test_an_exception_is_still_one(what):
    name = what.partition(":")[0]
    assert what in too_long(name, (ROOT / name).read_text(encoding="utf-8")), f"take {what} from LONGER"


def test_two_files_of_tests_have_two_names():
    """pytest imports them by their names alone, whatever folder they are in."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))


def test_what_is_too_long_is_found():
    text = "class Large:\n" + "    x = 1\n" * CLASS + "y = 1\n" * (FILE - CLASS)
    assert list(too_long("a.py", text)) == ["a.py", "a.py: Large"]
    assert too_long("a.py", text.replace("    x = 1\n", "", 1).replace("y = 1\n", "", 1)) == {}
