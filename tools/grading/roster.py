"""Who is in the class, and where is what they handed in.

students.csv, the roster, is a table with a column `id`. Further columns are `name`; `deadline` and `extension`, from
when on work is late; `canvas` and `moodle`, the numbers that these systems give; and `was`, an earlier id: points given
by hand under it move along.
"""

import csv
import hashlib
import io
import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from tools.grading import files, lateness
from tools.grading.harmless import legible, line

KEY = re.compile(r"\w(?:[\w.@+ -]{0,78}[\w@+-])?")  # an id that can be the name of a folder, everywhere
COLUMNS = ("id", "name", "deadline", "extension", "was", "canvas", "moodle")
SEPARATORS = ",;\t"


class Unreadable(Exception):
    """The roster or the folder is not what it should be; the message says what, and what to do."""


@dataclass
class Place:
    """What a student handed in for a set: folder, or why there is none that can be looked at."""

    student: str
    name: str
    folder: Path
    why: str = ""

    @property
    def key(self):
        return key(self.student)


@dataclass
class Roster:
    """rows, {id: {column: text}}; notes, what was odd in the file."""

    rows: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)


def identity(name):
    """The id that a folder's name or a cell of a table says: one form of each letter, no blanks around it."""
    return " ".join(unicodedata.normalize("NFC", line(legible(name), 10_000)).split())


def key(student):
    """The name of a student's files and in the gradebook: the id itself, where every system takes it as a name."""
    if KEY.fullmatch(student):
        return student
    digest = hashlib.sha256(student.encode("utf-8", "replace")).hexdigest()[:10]
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', student)[:30].strip('-') or 'student'}-{digest}"


def roster(file):
    """The Roster in a file, empty where there is no file; Unreadable, with what to do."""
    if not file.exists():
        return Roster()
    try:
        words, note = files.text(files.content(file))
    except files.NotGradable as error:
        raise Unreadable(f"{file} cannot be used: {error.why}.") from None
    made = Roster(notes=[f"{file.name}: {note}"] * bool(note))
    first = next((row for row in words.splitlines() if row.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    rows = [row for row in csv.reader(io.StringIO(words, newline=""), delimiter=separator) if any(map(str.strip, row))]
    heads = [head.strip().lower() for head in rows[0]] if rows else []
    if "id" not in heads:
        raise Unreadable(f"{file} needs a first line with a column called id; it says {line(first, 80)!r}.")
    for number, row in enumerate(rows[1:], start=2):
        held = dict(zip(heads, row + [""] * (len(heads) - len(row))))
        student = identity(held["id"])
        if not student:
            made.notes.append(f"{file.name}: row {number} has no id, and was left out")
        elif student in made.rows:
            made.notes.append(f"{file.name}: row {number} has the id of an earlier one, {student}, and was left out")
        else:
            made.rows[student] = {name: line(held.get(name, "")).strip() for name in COLUMNS} | {"id": student}
            try:
                lateness.hours("", made.rows[student])
            except ValueError as error:
                raise Unreadable(f"{file}, row {number}: {error}.") from None
    return made


def places(submitted, sets, chosen):
    """([Place], notes): what is in the folder `submitted`, for the chosen sets or for all, and what was left out.

    It is looked for in STUDENT/SET, in SET/STUDENT, and, where a student's folder holds no set, by the names of files.
    """
    found, notes, linked = {}, [], []

    def add(student, name, folder, why=""):
        if name in (chosen or sets):
            if (student, name) in found:
                other = line(os.path.relpath(folder, submitted))
                notes.append(f"{student} has two folders of {name}; {other} was left out")
            else:
                found[student, name] = Place(student, name, Path(folder), why)

    for entry in sorted(os.scandir(submitted), key=lambda entry: entry.name) if submitted.is_dir() else ():
        student = identity(entry.name)
        if files.skipped(entry.name):
            continue
        if entry.is_symlink():
            linked.append((student, entry.path))
        elif not entry.is_dir():
            notes.append(f"{line(entry.name)} is a file, and no student's folder: it was left out")
        elif student in sets:
            for own in inner(entry.path):
                add(identity(own.name), student, own.path)
        else:
            own = inner(entry.path)
            for one in own:
                if identity(one.name) in sets:
                    add(student, identity(one.name), one.path)
            if not any(identity(one.name) in sets for one in own):
                deeper(student, Path(entry.path), sets, add, notes)
    for student, path in linked:
        for name in chosen or sorted({name for _, name in found}):
            add(student, name, path, "the folder is a link, and links are not followed")
    return list(found.values()), notes


def inner(folder):
    try:
        return sorted((one for one in os.scandir(folder) if one.is_dir(follow_symlinks=False) or one.is_symlink()),
                      key=lambda one: one.name)  # fmt: skip
    except OSError:
        return []


def deeper(student, folder, sets, add, notes):
    """Find sets at a wrong level of a student's folder, by the names of folders and files."""
    there = [one.name for one in files.walk(folder)[0]]
    named = {name for name in sets for path in there if files.is_notebook(path) and name in path}
    for name in sorted(named):
        inside = next(path for path in there if name in path)
        parts = Path(inside).parts
        level = next((k for k, part in enumerate(parts[:-1]) if part == name), None)
        add(student, name, folder if level is None else folder.joinpath(*parts[: level + 1]))
    if not named:
        what = f"{', '.join(there[:3])}{' and more' * (len(there) > 3)}" if there else "nothing"
        notes.append(f"{student}: no set can be told from what is there ({line(what, 300)})")
