"""Read what a class answered from a table: a line per student and test, and be clear about what is wrong with it."""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass

from tools.concepts.bank import FORMS, LETTERS, items
from tools.grading import files
from tools.grading.harmless import line

WHEN = ("before", "after")
SHOWN = 12  # faults that are told at once
LONGEST = 100_000  # lines, and characters of one cell
COLUMN = re.compile(r"(?:q|question|response|item)?\s*0*(\d+)", re.I)
NONE = {"", "-", "–", "—"}


class Unreadable(ValueError):
    """The table is not what it should be; the message says where, line by line."""


@dataclass(frozen=True)
class Sheet:
    """What one student answered in one test: for each question the place of the choice, or None for no answer."""

    student: str
    when: str
    form: str
    chosen: tuple


def words(text):
    """A text as it is compared: one form of each letter, of blanks and of capitals."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()


def choice(cell, form):
    """The place of the choice that a cell names, by its letter or by its words; None for a blank; ValueError."""
    said = words(cell)
    if said in NONE:
        return None
    if len(said.rstrip(").")) == 1 and said[0] in LETTERS:
        return LETTERS.index(said[0])
    if said in (named := [words(one) for one in form.choices]):
        return named.index(said)
    raise ValueError


def rows(path):
    """(the lines of a table as lists, with their numbers; what was odd). Unreadable where it is no table."""
    try:
        data = files.content(path)
        text, note = files.text(data)
    except files.NotGradable as error:
        raise Unreadable(f"{path} cannot be used: {error.why}.") from None
    if data.startswith(b"PK"):
        raise Unreadable(f"{path} is a workbook or an archive; save the sheet as CSV, and give that.")
    first = next((one for one in text.splitlines() if one.strip()), "")
    separator = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        found = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise Unreadable(f"{path} is no table of values with commas between them: {error}.") from None
    if len(found) > LONGEST:
        raise Unreadable(f"{path} has {len(found):,} lines; a class has fewer than {LONGEST:,}.")
    return found, [note] * bool(note)


def columns(head, path):
    """{"student": place, "when": ..., "form": ..., 1: place, ...} of the columns; Unreadable for a wrong first line."""
    found, faults = {}, []
    for place, cell in enumerate(head):
        name = words(cell)
        if name in ("student", "id", "code"):
            name = "student"
        elif number := COLUMN.fullmatch(name):
            name = int(number[1])
        elif name not in ("when", "form"):
            continue
        if isinstance(name, int) and not 1 <= name <= len(items()):
            faults.append(f"there is no question {name}, for the test has {len(items())}")
        if name in found:
            faults.append(f"the column {line(cell, 40)!r} is there twice")
        found[name] = place
    needed = ["student", "form", *range(1, len(items()) + 1)]
    if lacking := [f"q{name}" if isinstance(name, int) else name for name in needed if name not in found]:
        faults.append(f"these columns are not there: {', '.join(lacking)}")
    if faults:
        raise Unreadable(f"{path}, first line: {'; '.join(faults)}. `make concepts` writes an empty table.")
    return found


def sheets(path):
    """([Sheet], what was odd) of the table in a file; Unreadable, with all that is wrong, or the first of it."""
    found, notes = rows(path)
    if not found:
        raise Unreadable(f"{path} is empty. `make concepts` writes a table to fill in.")
    places = columns(found[0][1], path)
    made, faults, seen = [], [], {}
    for number, row in found[1:]:
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        form, student = cells["form"].upper(), " ".join(cells["student"].split())
        when = words(cells.get("when", "")) or WHEN[FORMS.find(form)]
        start = f"line {number}"
        if not student:
            faults.append(f"{start}: it says no student")
        if form not in FORMS or not form:
            faults.append(f"{start}: form is {line(cells['form'], 40)!r}; it should be A or B")
            continue
        if when not in WHEN:
            faults.append(f"{start}: when is {line(cells['when'], 40)!r}; it should be before or after")
        if (again := seen.setdefault((words(student), when), number)) != number:
            faults.append(f"{start}: {line(student, 40)} was in line {again} already, {when} the course")
        chosen = []
        for place, item in enumerate(items(), 1):
            try:
                chosen.append(choice(cells[place], item.forms[form]))
            except ValueError:
                faults.append(f"{start}: q{place} is {line(cells[place], 40)!r}; it should be a, b, c or empty")
        made.append(Sheet(words(student), when, form, tuple(chosen)))
    if faults:
        more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        listed = "".join(f"\n  {fault}" for fault in faults[:SHOWN])
        raise Unreadable(f"{path} cannot be used as it is; nothing was counted:{listed}{more}")
    if not made:
        raise Unreadable(f"{path} has a first line, and no student below it.")
    return made, notes
