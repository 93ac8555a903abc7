"""All pages of the book, as sources for Sphinx."""

import re
import shutil
from pathlib import Path

import nbformat

from course_lib.files import write
from course_lib.page import playground
from tools import address
from tools.authoring import readme
from tools.book import cells, claims, exercises, notebooks, reference, words, works
from tools.book.links import Links

ROOT = Path(__file__).resolve().parents[2]
DOCS = ("glossary", "contents", "running", "speed", "compiled_path", "teaching", "handbook", "room", "concept_test")
PICTURES = "docs/**/*.svg"


def titles(paths):
    """{path: (number, the title of the notebook)}"""
    read = {path: nbformat.read(path, as_version=4).cells[0].source for path in paths}
    return {path: (path.stem.partition("_")[0], text.splitlines()[0].removeprefix("# ")) for path, text in read.items()}


def course():
    """The notebooks of the course, in order."""
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def markdown(path):
    """The text of a notebook."""
    return "\n\n".join(one.source for one in nbformat.read(path, as_version=4).cells if one.cell_type == "markdown")


def cited(numbers, chosen):
    """Links to the notebooks of these numbers, from a page at the top."""
    pages = {path.stem.partition("_")[0]: relative(path) for path in chosen}
    return ", ".join(f"[{number}]({pages[number]})" for number in numbers)


def beside(site):
    """Put what is not a page beside the pages: notebooks and exercises to download, and the playground."""
    for folder in ("notebooks", "exercises"):
        for path in (site / folder).rglob("[0-9]*.html"):
            found = (ROOT / path.relative_to(site)).with_suffix(".ipynb")
            shutil.copy(found, path.with_suffix(".ipynb"))
    playground(site / "playground.html")


def relative(path):
    return path.relative_to(ROOT).as_posix()


def sets(chosen):
    """The sets of exercises that go with notebooks: {path of what a learner gets: the notebook with the solutions}."""
    found = [ROOT / "solutions" / path.stem / path.name for path in chosen]
    return {f"exercises/{path.stem}/{path.name}": nbformat.read(path, as_version=4) for path in found if path.exists()}


def where(chosen):
    """The Links of a book that has these notebooks."""
    pages = {relative(path): relative(path) for path in chosen}
    pages |= {f"docs/{name}.md": f"docs/{name}.md" for name in DOCS}
    pages |= {"README.md": "index.md"}
    pages |= dict.fromkeys(("exercises", "solutions"), "exercises/index.md")
    for path in sets(chosen):
        pages |= {path: path, path.replace("exercises/", "solutions/"): path}
    pages |= {f"course_lib/{path.name}": "reference/library.md" for path in (ROOT / "course_lib").iterdir()}
    return Links(pages, address.repository(), {words.anchor(word): means for word, means in words.meanings().items()})


def front(links):
    """README.md, which is the first page; what it says of the way there follows the address that holds now."""
    text = readme.with_tables((ROOT / "README.md").read_text(encoding="utf-8"), readme.PAGES["README.md"])
    return links.rewritten(text, "README.md")


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
    made = {path: exercises.page(solution, path, links) for path, solution in sets(chosen).items()}
    sources |= {path: nbformat.writes(page) for path, page in made.items()}
    texts = {path.stem.partition("_")[0]: markdown(path) for path in chosen}
    listed = "\n".join(f"{number} · {title} <{relative(path)}>" for path, (number, title) in titles(chosen).items())
    parts = {
        "notebooks": listed,
        "sets": "\n".join(path.removeprefix("exercises/") for path in made),
        "exercises": "\n".join(exercises.listed(made)),
        "ledger": claims.table({path.stem.partition("_")[0]: f"notebooks/{path.stem}.html" for path in chosen}),
        "cells": cells.gallery(ROOT / "results" / "gates.sqlite"),
        "machine": cells.machine(),
        "library": reference.library(ROOT),
        "works": "\n".join(f"- {entry} ({cited(numbers, chosen)})" for entry, numbers in works.works(texts)),
        "first": front(links),
    }
    for path in sorted((ROOT / "book").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for name, part in parts.items():
            text = text.replace(f"{{{{{name}}}}}", part)
        name = path.relative_to(ROOT / "book").as_posix()
        sources[name] = links.rewritten(text, name)
    for path in ROOT.glob(PICTURES):
        sources[relative(path)] = path.read_text(encoding="utf-8")
    for name, text in sources.items():
        write(folder / name, text)
