"""All pages of the book, as sources for Sphinx."""

import re
import shutil
from pathlib import Path

import nbformat

from course_lib.files import write
from tools.book import notebooks
from tools.book.links import Links, repository

ROOT = Path(__file__).resolve().parents[2]
DOCS = ("glossary", "compiled_path", "teaching")


def titles(paths):
    """{path: (number, the title of the notebook)}"""
    read = {path: nbformat.read(path, as_version=4).cells[0].source for path in paths}
    return {path: (path.name[:2], text.splitlines()[0].removeprefix("# ")) for path, text in read.items()}


def course():
    """The notebooks of the course, in order."""
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def relative(path):
    return path.relative_to(ROOT).as_posix()


def meanings(text):
    """{anchor: what the word means} of the glossary, without what a tooltip cannot show."""
    found = {}
    for entry in text.split("\n### ")[1:]:
        word, _, rest = entry.partition("\n")
        plain = re.sub(r"\(\[\d\d\]\([^)]*\)\)|\*\*|\$", "", rest)
        found[re.sub(r"\W+", "-", word.lower())] = " ".join(plain.split())
    return found


def where(chosen):
    """The Links of a book that has these notebooks."""
    pages = {relative(path): relative(path) for path in chosen}
    pages |= {f"docs/{name}.md": f"docs/{name}.md" for name in DOCS}
    return Links(pages, repository(), meanings((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")))


def stage(folder, *, only=""):
    """Write the sources of all pages into folder, which is emptied before. only: notebooks whose name contains it."""
    shutil.rmtree(folder, ignore_errors=True)
    chosen = [path for path in course() if only in path.name]
    links = where(chosen)
    sources = {}
    for path in chosen:
        made = notebooks.page(nbformat.read(path, as_version=4), relative(path), links)
        sources[relative(path)] = nbformat.writes(made)
    for name in DOCS:
        text = links.rewritten((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"), f"docs/{name}.md")
        sources[f"docs/{name}.md"] = re.sub(r"^### ", "## ", text, flags=re.M) if name == "glossary" else text
    listed = "\n".join(f"{number} · {title} <{relative(path)}>" for path, (number, title) in titles(chosen).items())
    for path in sorted((ROOT / "book").glob("*.md")):
        sources[path.name] = path.read_text(encoding="utf-8").replace("{notebooks}", listed)
    for name, text in sources.items():
        write(folder / name, text)
