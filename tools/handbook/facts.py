"""What the course itself says about each lesson, read from where it stands."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat

from course_lib import checks

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = Path(__file__).parent / "lessons.json"
SECONDS = ROOT / "results" / "seconds.json"
HEADING = re.compile(r"^##+ (.+)$")
EXERCISE = re.compile(r"## \d+ · (.+)\n\n\*(\d+) points? · (warm-up|core|stretch) · (\d+) minutes\*\n")
SET = re.compile(r"\]\(\.\./(exercises/\w+/\w+\.ipynb)")
PREDICT = re.compile(r'^predict\("([\w-]+)"\)', re.M)
NOT_READ = ("Exercises", "Sources")  # sections that nobody reads in a lesson
WIDGET = "Break it yourself"


@dataclass(frozen=True)
class Exercise:
    """One exercise: its heading, level and minutes, and the mistakes that its check knows by name."""

    title: str
    points: int
    level: str
    minutes: int
    mistakes: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """A notebook as a teacher sees it.

    number, path, title   as 06b; the file, from the course's root; the question that is its title
    goals                 what it says that one can say afterwards
    words                 {section: words of text}; a heading that comes again has its place after it, as "Predict 2"
    predictions           the names of its questions in the bank
    seconds               to run, measured, from a fresh kernel to the last cell
    set, exercises        the path of the exercises that go with it, or ""; those of its own set

    and as they were written: skip [(section, when)], ask [(question, good answer)], board {draws, shows}
    """

    number: str
    path: str
    title: str
    goals: tuple[str, ...]
    words: dict
    predictions: tuple[str, ...]
    seconds: float
    set: str
    exercises: tuple[Exercise, ...]
    skip: tuple
    ask: tuple
    board: dict


def written():
    """What a person wrote: lessons, profiles, day, semester."""
    return json.loads(WRITTEN.read_text(encoding="utf-8"))


def measured():
    """{"environment": ..., "seconds": {number: seconds}} of the last `make measure ARGS=--store`."""
    return json.loads(SECONDS.read_text(encoding="utf-8"))


def sections(cells):
    """{section: its text} of a notebook; what comes before the first heading of two signs is ""."""
    found, name, counts = {"": []}, "", {}
    for cell in cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            if heading := HEADING.match(line):
                counts[heading[1]] = counts.get(heading[1], 0) + 1
                name = heading[1] if counts[heading[1]] == 1 else f"{heading[1]} {counts[heading[1]]}"
                found[name] = []
            else:
                found[name].append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def goals(text):
    """The items of the first list of a text."""
    listed = re.search(r"^- .*?(?=\n\n(?!- )|\Z)", text.strip(), flags=re.M | re.S)
    return tuple(" ".join(one.split()) for one in re.split(r"^- ", listed[0], flags=re.M)[1:])


def exercises(path):
    """The exercises of the set of that notebook."""
    there = ROOT / "solutions" / path.stem / path.name
    if not there.exists():
        return ()
    found, heading = [], None
    for cell in nbformat.read(there, as_version=4).cells:
        if cell.cell_type == "markdown" and (begun := EXERCISE.match(cell.source)):
            heading = begun
            found.append((heading, ()))
        graded = cell.metadata.get("nbgrader", {})
        if heading and graded.get("solution") and graded["grade_id"] in checks.PROBLEMS:
            found[-1] = (heading, tuple(checks.PROBLEMS[graded["grade_id"]].mistakes))
    return tuple(Exercise(one[1], int(one[2]), one[3], int(one[4]), mistakes) for one, mistakes in found)


@cache
def lessons():
    """{number: Lesson} in the order of the course."""
    found, ours, times = {}, written()["lessons"], measured()["seconds"]
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        cells, number = nbformat.read(path, as_version=4).cells, path.stem.partition("_")[0]
        parts, own = sections(cells), ours[number]
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        found[number] = Lesson(
            number=number,
            path=path.relative_to(ROOT).as_posix(),
            title=cells[0].source.splitlines()[0].removeprefix("# "),
            goals=goals(parts["What you can now say"]),
            words={name: len(text.split()) for name, text in parts.items()},
            predictions=tuple(PREDICT.findall(code)),
            seconds=times[number],
            set=next(iter(SET.findall(parts.get("Exercises", ""))), ""),
            exercises=exercises(path),
            skip=tuple(map(tuple, own["skip"])),
            ask=tuple(map(tuple, own["ask"])),
            board=own["board"],
        )
    return found
