"""Write the tables of README.md from what is there: one line per notebook, one per file of the library.

    make readme

A notebook is described by its title, a file of the library by the first line of its docstring.
"""

import ast
import os
import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"


def notebooks():
    """The table of notebooks: number and link, the question, minutes to read."""
    yield "| notebook | the question | minutes |"
    yield "|---|---|---|"
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        first = nbformat.read(path, as_version=4).cells[0].source
        minutes = re.search(r"(\d+) minutes", first)[1]
        yield f"| [{path.stem}](notebooks/{path.name}) | {first.splitlines()[0].removeprefix('# ')} | {minutes} |"


def library():
    """The table of the library: file and first sentence."""
    yield "| file | purpose |"
    yield "|---|---|"
    for path in sorted((ROOT / "course_lib").glob("*")):
        file = path / "__init__.py" if path.is_dir() else path
        if file.suffix == ".py" and file.exists() and path.name != "__init__.py":
            purpose = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))).split("\n\n")[0].replace("\n", " ")
            yield f"| [{path.name}](course_lib/{path.name}) | {purpose} |"


def with_tables(text):
    """The text of README.md with its tables written anew."""
    for name, lines in (("notebooks", notebooks()), ("library", library())):
        begin, end = f"<!-- {name}: written by make readme -->\n", f"<!-- end of {name} -->"
        head, rest = text.split(begin)
        text = head + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1]
    return text


def main():
    part = README.with_suffix(".part")
    part.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
    os.replace(part, README)


if __name__ == "__main__":
    main()
