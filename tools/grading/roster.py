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
    """What a student handed in for a set: folder, or why there is none that can be looked at, and what to do."""

    student: str
    name: str
    folder: Path
    why: str = ""
    todo: str = "Put the files themselves there."

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
    try:
        table = csv.reader(io.StringIO(words, newline=""), delimiter=separator)
        rows = [row for row in table if any(map(str.strip, row))]
    except csv.Error as error:
        raise Unreadable(f"{file} is no table: {error} (line {table.line_num}).") from None
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
    Whose folder cannot be told or looked at has a Place that says so, for every set that was handed in.
    """
    found, notes, lost = {}, [], []
    known = {name.casefold(): name for name in sets}

    def add(student, name, folder, *why):
        if name in (chosen or sets):
            if (student, name) in found:
                other = line(os.path.relpath(folder, submitted))
                notes.append(f"{student} has two folders of {name}; {other} was left out")
            else:
                found[student, name] = Place(student, name, Path(folder), *why)

    def named(name):
        return known.get(identity(name).casefold())

    try:
        entries = sorted(os.scandir(submitted), key=lambda entry: entry.name) if submitted.exists() else ()
    except OSError as error:
        raise Unreadable(f"{submitted} cannot be read: {error.strerror}.") from None
    for entry in entries:
        student = identity(entry.name)
        if files.skipped(entry.name):
            continue
        if entry.is_symlink():
            lost.append((student, entry.path, "the folder is a link, and links are not followed"))
        elif not entry.is_dir():
            notes.append(f"{line(entry.name)} is a file, and no student's folder: it was left out")
        elif name := named(entry.name):
            own = inner(entry.path)
            for one in own:
                add(identity(one.name), name, one.path)
            beside = sorted(set(listed(entry.path)) - {one.name for one in own})
            notes += [f"{line(entry.name)}/{line(one)} is a file, and no student's folder: it was left out"
                      for one in beside if not files.skipped(one)]  # fmt: skip
        else:
            own = [(named(one.name), one.path) for one in inner(entry.path)]
            for name, path in own:
                if name:
                    add(student, name, path)
            if not any(name for name, _ in own) and (what := deeper(student, Path(entry.path), sets, add)):
                lost.append((student, entry.path, what, "See what it is."))
    for student, path, *why in lost:
        own = [name for name in chosen or sorted({name for _, name in found}) if (student, name) not in found]
        for name in own:
            add(student, name, path, *why)
        notes += [f"{student}: {why[0]}"] * (not own)
    return list(found.values()), notes


def inner(folder):
    """The folders in a folder, and links; none where it cannot be read."""
    try:
        return sorted((one for one in os.scandir(folder) if one.is_dir(follow_symlinks=False) or one.is_symlink()),
                      key=lambda one: one.name)  # fmt: skip
    except OSError:
        return []


def listed(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def deeper(student, folder, sets, add):
    """Find sets at a wrong level of a student's folder, by the names of folders and files; say where there is none."""
    seen, others = files.walk(folder)
    there = [one.name for one in seen]
    named = {name for name in sets for path in there if files.is_notebook(path) and name in path}
    for name in sorted(named):
        inside = next(path for path in there if name in path)
        parts = Path(inside).parts
        level = next((k for k, part in enumerate(parts[:-1]) if part == name), None)
        add(student, name, folder if level is None else folder.joinpath(*parts[: level + 1]))
    there += others
    what = f"{', '.join(there[:3])}{' and more' * (len(there) > 3)}" if there else "nothing"
    return "" if named else f"no set can be told from what is there ({line(what, 300)})"
