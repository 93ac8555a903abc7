"""README.md is true: its tables list what is there, its example prints what it says, its links lead somewhere."""

import re
from pathlib import Path

import pytest

from course_lib import ledger
from tools.authoring import compiled_path
from tools.authoring.readme import with_tables

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_the_tables_list_every_notebook_and_every_file_of_the_library():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_tables(text) == text, "run `make readme`"


def test_the_page_of_the_compiled_path_shows_the_text_of_every_stage_as_it_is_now():
    text = compiled_path.PAGE.read_text(encoding="utf-8")
    assert with_tables(text, compiled_path.TABLES) == text, "run `make readme`"


def test_the_runs_it_counts_are_those_of_the_ledger():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    counts = re.search(r"learnt four tasks at lag 80 in (\d+) of (\d+) runs", text).groups()
    said = [re.search(r"lag 80 is solved in (\d+) of (\d+) runs", sentence)
            for rows in ledger.said().values() for _, name, sentence in rows if name == "Q1"]  # fmt: skip
    assert [found.groups() for found in said if found] == [counts]


def test_the_example_prints_what_it_says(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    exec(example, {})
    assert capsys.readouterr().out.split() == re.findall(r"print\(.*\)  # (.*)\n", example)[0].split()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page):
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_make_that_is_named_exists(page):
    named = set(re.findall(r"(?:`|^    )make ([a-z]+)", page.read_text(encoding="utf-8"), flags=re.M))
    known = set(re.findall(r"^([a-z]+)(?: [a-z]+)*:", (ROOT / "Makefile").read_text(), flags=re.M))
    assert named - known == set()
