"""Find and read the notebook in what one student handed in, whatever the files are called and however they were saved.

Nothing is run, no link is followed, and nothing but a regular file of bearable size is opened.
"""

import codecs
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools.grading.harmless import legible, line

LARGEST = 50 * 2**20  # bytes of a notebook
PARTS = 3_000_000  # lists, pairs and members in its JSON
LONGEST = 10**6  # characters of all that is written in its cells, outputs not counted
MANY, DEEP = 10_000, 8  # files and levels that are looked at
AGAIN = "Ask for it again: save the notebook, close it, then hand in the .ipynb file."


class NotGradable(Exception):
    """Nothing in a submission can be graded. why: what is wrong; todo: what the teacher can do."""

    def __init__(self, why, todo):
        super().__init__(f"{why}. {todo}")
        self.why, self.todo = why, todo


@dataclass(frozen=True)
class Found:
    """A file that may be the notebook: path, its name for the teacher, and what stat says of it."""

    path: Path
    name: str
    size: int
    time: float


def skipped(name):
    """Whether a file or folder is none of a student's: made by a system, an editor or Jupyter."""
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db", "desktop.ini")


def is_notebook(name):
    return ".ipynb" in name.lower() or name.lower().endswith(".json")


def walk(folder):
    """(regular files, other names) below a folder; what a student did not make is left out."""
    files, others, folders = [], [], [(Path(folder), 0)]
    while folders:
        place, depth = folders.pop()
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError as error:
            others.append(f"{legible(place.name)}, a folder that cannot be read ({error.strerror})")
            continue
        for entry in entries[:MANY]:
            name = line(os.path.relpath(entry.path, folder), 200)
            try:
                about = entry.stat(follow_symlinks=False)
            except OSError as error:
                others.append(f"{name}, which cannot be looked at ({error.strerror})")
                continue
            if skipped(entry.name):
                others.append(name)
            elif stat.S_ISLNK(about.st_mode):
                others.append(f"{name}, a link, and links are not followed")
            elif stat.S_ISDIR(about.st_mode):
                if depth < DEEP:
                    folders.append((Path(entry.path), depth + 1))
            elif stat.S_ISREG(about.st_mode):
                files.append(Found(Path(entry.path), name, about.st_size, about.st_mtime))
            else:
                others.append(f"{name}, which is no file")
        if len(files) > MANY:
            break
    return files, others


def candidates(folder, name):
    """[Found] of all that may be the notebook of a set, those called as it should be first; NotGradable for none."""
    if os.path.islink(folder):
        raise NotGradable("the folder is a link, and links are not followed", "Put the files themselves there.")
    files, others = walk(folder)
    found = [one for one in files if is_notebook(one.path.name)]
    if not found:
        named = [one.name for one in files] + others
        there = f"; there is {', '.join(named[:5])}{' and more' * (len(named) > 5)}" if named else ""
        packed = any(one.path.suffix.lower() in (".zip", ".rar", ".7z", ".gz") for one in files)
        raise NotGradable(f"there is no notebook{there}", "Unpack it." if packed else "Ask for the file.")
    return sorted(found, key=lambda one: (one.name != f"{name}.ipynb", one.name))


def content(path):
    """The bytes of a file; NotGradable where it cannot be read or is too large. Links are not followed."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise NotGradable(f"the file cannot be read ({error.strerror})", "See to its permissions.") from None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise NotGradable("the file is none that can be read", "Ask for the .ipynb file itself.")
        if about.st_size > LARGEST:
            size = f"{about.st_size / 2**20:.0f} MB"
            raise NotGradable(f"the file has {size}", "Ask for it again, with all outputs cleared.")
        try:
            return file.read(LARGEST + 1)
        except OSError as error:
            raise NotGradable(f"the file cannot be read ({error.strerror})", "See to its disk.") from None


def text(data):
    """(the text of a file, a note or None): UTF-8 and UTF-16, with or without a mark, else Windows-1252."""
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    kind = next((kind for mark, kind in marks.items() if data.startswith(mark)), None)
    if kind is None and data[:2] in (b"{\0", b"\0{"):
        kind = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    try:
        return data.decode(kind or "utf-8"), f"the file was saved as {kind[:6].upper()}" if kind and kind.startswith(
            "utf-16"
        ) else None
    except ValueError:
        return data.decode("cp1252", "replace"), "the file was no UTF-8, and was read as Windows-1252"


def version(held):
    """The version of Python that a notebook says it ran in, "" where it says none."""
    for key in ("metadata", "language_info", "version"):
        held = held.get(key) if isinstance(held, dict) else None
    return held if isinstance(held, str) and len(held) < 20 else ""


def read(path):
    """(cells, notes, the version of its Python, or "") of the notebook in a file; NotGradable where it is none."""
    data = content(path)
    if not data:
        raise NotGradable("the file is empty", AGAIN)
    if sum(map(data.count, (b",", b"[", b"{"))) > PARTS:
        raise NotGradable("the file has far too many parts", "Ask for it again, with all outputs cleared.")
    words, note = text(data)
    try:
        held = json.loads(words)
    except (ValueError, RecursionError):
        cut = words.lstrip()[:1] == "{"
        why = "the file was cut off: it begins as a notebook and does not end" if cut else "the file is not a notebook"
        raise NotGradable(why, AGAIN) from None
    if not isinstance(held, dict) or not (held.get("cells") or held.get("worksheets")):
        raise NotGradable("the file has no cells", AGAIN)
    try:
        if isinstance(held.get("cells"), list):  # it is of format 4, whatever a program says that wrote it
            held["nbformat"], held["nbformat_minor"] = 4, 0
        notebook = nbformat.convert(nbformat.from_dict(held), 4)
        return [dict(cell) for cell in notebook.cells], [note] * bool(note), version(held)
    except Exception as error:  # whatever an odd file makes nbformat raise
        raise NotGradable(f"the notebook cannot be read ({type(error).__name__})", AGAIN) from None
