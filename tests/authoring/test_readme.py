"""The first pages are true: what is generated is as it is now, the example prints what it says, links lead on."""

import re
from pathlib import Path

import pytest

from course_lib import ledger
from tools.authoring import answer, badges, compiled_path, readme
from tools.authoring.readme import with_tables

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", readme.PAGES)
def test_what_is_generated_is_as_it_is_now(page, monkeypatch):
    monkeypatch.delenv("COURSE_REPOSITORY", raising=False)
    monkeypatch.delenv("COURSE_SITE", raising=False)
    text = (ROOT / page).read_text(encoding="utf-8")
    assert with_tables(text, readme.PAGES[page]) == text, "run `make readme`"


def test_the_page_of_the_compiled_path_shows_the_text_of_every_stage_as_it_is_now():
    text = compiled_path.PAGE.read_text(encoding="utf-8")
    assert with_tables(text, compiled_path.TABLES) == text, "run `make readme`"


def test_the_first_page_is_short_and_every_other_one_is_reached_from_it():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    reached = set(re.findall(r"\((docs/\w+\.md)", text))
    assert reached == {page.relative_to(ROOT).as_posix() for page in PAGES if page.parent.name == "docs"}


def test_the_answer_has_the_numbers_that_the_notebooks_printed_and_no_other():
    said = ledger.said()
    for sentence, numbers in answer.SENTENCES:
        assert sentence.count("{}") == len(numbers)
        links = set(re.findall(r"notebooks/(\d\d[b-z]?)_", sentence))
        assert links == {notebook for notebook, *_ in numbers}
    with pytest.raises(ValueError, match="must be written anew"):
        answer.number("00", "0", "a number that no notebook prints", said)


def test_the_badges_follow_the_one_address(monkeypatch):
    monkeypatch.setenv("COURSE_REPOSITORY", "https://github.com/Owner/gates/")
    monkeypatch.delenv("COURSE_SITE", raising=False)
    (line,) = readme.ways()
    assert "mybinder.org/v2/gh/Owner/gates/main" in line and "codespaces.new/Owner/gates" in line
    assert "colab.research.google.com/github/Owner/gates/blob/colab/notebooks/00" in line
    assert "https://owner.github.io/gates/" in line
    monkeypatch.setenv("COURSE_REPOSITORY", "")
    assert "://" not in "".join(readme.ways())


@pytest.mark.parametrize("name", badges.NAMES)
def test_a_badge_is_what_its_code_draws(name):
    assert (badges.FOLDER / f"{name.lower()}.svg").read_text(encoding="utf-8") == badges.badge(name)


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
