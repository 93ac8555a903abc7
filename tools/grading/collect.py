"""Bring what a learning-management system gave you into the class's folder.

    make collect ARGS="submissions.zip --set 07_the_lstm"      Canvas, Moodle: the zip of one task
    make collect ARGS="inbound.zip"                            nbgrader's exchange: the folder `inbound`, or a zip of it

Each student's files go to grading/submitted/STUDENT/SET/, in nbgrader's case with the time in timestamp.txt: the zips
of Canvas and Moodle do not know it. STUDENT is the id in students.csv of the row whose `canvas`, `moodle` or `name`
says so, else the system's own number. Of several attempts the last one counts (--attempts first: the first one). What
was handed in before stays until the new files are all there. What was left out, and why, is printed and written to
grading/collected.md. What the system calls everybody is kept in grading/collected.json, for give_back.py.
"""

import argparse
import errno
import json
import os
import re
import shutil
import stat
import sys
import unicodedata
import zipfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from course_lib.files import write
from tools.grading import roster
from tools.grading.files import LARGEST, skipped
from tools.grading.harmless import line

try:
    import pwd
except ImportError:  # Windows
    pwd = None

ROOT = Path(__file__).resolve().parents[2]
# Canvas writes a number of its own before the name of every file; where students have no names, they have a code.
CANVAS = re.compile(
    r"((?P<name>.+?)_)??(?P<late>LATE_)?(?P<number>(?<=_)\d+|anon_[^\W_]+)_(?P<upload>\d+)_(?P<file>.+)"
)
TYPED = re.compile(r".+_\d+_(text|link)\.html")  # a text or an address in Canvas
MOODLE = re.compile(r"(?P<name>[^_/]+)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)")
EXCHANGE = re.compile(r"(?P<number>[^+/]+)\+(?P<set>[^+/]+)\+(?P<time>[^+/]+?)(?:\+[^/]*)?")
ATTEMPT = re.compile(r"(?P<stem>.+?)-(?P<attempt>\d+)(?P<suffix>\.[^.]+)")
UTF8 = 0x800  # a flag of a zip's entry: its name is UTF-8
MOST = 4 * LARGEST  # bytes of all files of one student


@dataclass
class Attempt:
    """Files of one student for one set, handed in at one time: {path: how to read it}."""

    system: str
    number: str
    name: str
    place: str
    set: str | None
    order: tuple
    time: str | None = None
    late: bool = False
    files: dict = field(default_factory=dict)
    size: int = 0


def name_of(entry):
    """The name of a zip's entry. Where the zip does not say that it is UTF-8, it may be all the same."""
    name = entry.filename
    if not entry.flag_bits & UTF8:
        try:
            data = name.encode("cp437")
            name = data.decode("utf-8")
        except UnicodeEncodeError:
            pass
        except UnicodeDecodeError:
            name = data.decode("cp1252", "replace")
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def another(folder):
    """Whose a folder of the exchange is, if neither the student's it names nor, copied from there, yours; else None."""
    named, owner = EXCHANGE.fullmatch(folder.name), folder.stat().st_uid
    if pwd is None or named is None or owner in (0, os.getuid()):
        return None
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    return None if name == named["number"] else name


def content(path, owner):
    """The bytes of a file of that owner; since it was listed it may have become a link to one of yours, or a pipe."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        if os.fstat(file.fileno()).st_uid != owner:
            raise OSError("a file in it is somebody else's")
        return file.read(LARGEST + 1)


def entries(source):
    """[(path, size, how to read it)] of a zip or a folder, and sentences about what cannot be taken."""
    found, ignored = [], []
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.is_symlink():
                ignored.append(f"{path.name}: a link, and links are not followed")
            elif path.is_file():
                name = unicodedata.normalize("NFC", roster.legible(str(path.relative_to(source))))
                folder = next((one for one in path.parents if EXCHANGE.fullmatch(one.name)), path)
                if whose := another(folder):
                    ignored.append(f"{name}: the folder is {whose}'s, so somebody else handed it in")
                else:
                    found.append((name, path.stat().st_size, partial(content, path, folder.stat().st_uid)))
        return found, ignored
    try:
        packed = zipfile.ZipFile(source)
    except Exception as error:  # whatever an odd file makes zipfile raise
        raise roster.Unreadable(f"{source} cannot be read as a zip: {error}.") from None
    for entry in packed.infolist():
        name = name_of(entry)
        if entry.is_dir() or not name.strip("/") or name.endswith("/") and not entry.file_size:
            continue
        if stat.S_ISLNK(entry.external_attr >> 16):
            ignored.append(f"{name}: a link, and links are not followed")
        elif entry.flag_bits & 1:
            ignored.append(f"{name}: it is encrypted")
        elif name.startswith("/") or ".." in PurePosixPath(name).parts:
            ignored.append(f"{name}: its path leads out of the zip")
        else:
            read = lambda entry=entry: packed.open(entry).read(LARGEST + 1)  # noqa: E731 - one for each entry
            found.append((name, entry.file_size, read))
    return found, ignored


def attempts(found, ignored, sets, asked):
    """[Attempt] in the entries of a zip or folder; asked is the set where the system does not say it."""
    made = {}
    for path, size, read in found:
        parts = PurePosixPath(path).parts
        if any(skipped(part) for part in parts) and parts[-1] != "timestamp.txt":
            ignored.append(f"{path}: made by a system or an editor, not by a student")
            continue
        if size > LARGEST:
            ignored.append(f"{path}: it has {size / 2**20:.0f} MB")
            continue
        one, inner = attempt(parts, asked)
        if one is None:
            typed = "_onlinetext" in path or TYPED.fullmatch(parts[-1])
            ignored.append(f"{path}: was typed into the system, and is no file" if typed else
                           f"{path}: neither Canvas, nor Moodle, nor nbgrader's exchange calls a file so")  # fmt: skip
        elif one.set not in sets:
            ignored.append(f"{path}: there is no set {one.set}" if one.set else f"{path}: say --set, no name tells it")
        else:
            kept = made.setdefault((one.system, one.number, one.set, one.order), one)
            kept.size += size
            if kept.size > MOST:
                ignored.append(f"{path}: the files of this student have more than {MOST / 2**20:.0f} MB")
                continue
            kept.files[inner], kept.time, kept.late = read, kept.time or one.time, kept.late or one.late
    return list(made.values())


def attempt(parts, asked):
    """(Attempt, path in it) of one file, by its name; (None, "") where the name says nothing."""
    for k, part in enumerate(parts):
        if found := MOODLE.fullmatch(part):
            inner = "/".join(parts[k + 1 :]) or found["rest"]
            one = Attempt("moodle", found["number"], found["name"], part, asked, (0,))
            return (one, inner) if inner and found["kind"] == "file" else (None, "")
        if k < len(parts) - 1 and (found := EXCHANGE.fullmatch(part)):
            one = Attempt("nbgrader", found["number"], "", part, found["set"], (found["time"],), found["time"])
            return one, "/".join(parts[k + 1 :])
    if found := CANVAS.fullmatch(parts[-1]):
        who = found["name"] or ""
        one = Attempt("canvas", found["number"], who, parts[-1], asked, (0,), late=bool(found["late"]))
        return one, (int(found["upload"]), found["file"])
    return None, ""


def versions(files, keep, ignored):
    """{path: how to read it} of one student's files in Canvas, {(upload, name): how to read it}.

    A file that was there before is called x-1.ipynb; where there is no x.ipynb, and more than one, each is a file.
    """
    groups = {}
    for upload, name in sorted(files):
        again = ATTEMPT.fullmatch(name)
        groups.setdefault(again["stem"] + again["suffix"] if again else name, []).append((upload, name))
    found = {}
    for plain, several in groups.items():
        if len(several) > 1 and plain not in [name for _, name in several]:
            found |= {name: files[upload, name] for upload, name in several}
            continue
        chosen = several[-1 if keep == "last" else 0]
        found[plain] = files[chosen]
        ignored += [f"{name}: the {keep} of {len(several)} attempts counts, {line(chosen[1])}"
                    for upload, name in several if (upload, name) != chosen]  # fmt: skip
    return found


def words(name):
    """The words of a name without what systems leave out of it."""
    return [kept for word in roster.identity(name).casefold().split() if (kept := re.sub(r"[\W_]+", "", word))]


def student(one, listed):
    """The id of whoever made an attempt: that of the roster, else the system's number.

    Canvas puts the last name first, and leaves blanks out.
    """
    rows, said = listed.rows.values(), "".join(words(one.name))
    same = [row for row in rows if one.number == row.get(one.system)]
    same = same or [row for row in rows if one.number == row["id"] and not row.get(one.system)]
    if not same and said:
        names = [(row, words(row["name"])) for row in rows if not row.get(one.system)]
        same = [row for row, own in names if said in {"".join(own[k:] + own[:k]) for k in range(max(1, len(own)))}]
    return same[0]["id"] if len(same) == 1 else roster.identity(one.number)


def unpack(folder, chosen, who):
    """Write the files of one attempt, in place of an earlier one, once they are all there."""
    target = folder / "submitted" / roster.key(who) / chosen.set
    if target.is_symlink() or target.parent.is_symlink():
        raise ValueError("there is a link in its place: take it away")
    (folder / "submitted").mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".part-", dir=folder / "submitted") as place:
        new = Path(place) / "files"
        new.mkdir()
        for path, read in chosen.files.items():
            if path != "timestamp.txt":
                write(new / PurePosixPath(path), read())
        if chosen.time:
            write(new / "timestamp.txt", chosen.time)
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(exist_ok=True)
        new.rename(target)


def collect(source, folder, asked, keep):
    """(how many were collected, sentences about what was left out). Unreadable where nothing can be read."""
    sets = [path.name for path in (ROOT / "solutions").iterdir()]
    listed = roster.roster(folder / "students.csv")
    asked = asked or next((name for name in sets if name in source.name), None)
    found, ignored = entries(source)
    groups, done = {}, 0
    for one in attempts(found, ignored, sets, asked):
        groups.setdefault((one.system, one.number, one.set), []).append(one)
    known = folder / "collected.json"
    try:
        called = dict(json.loads(known.read_text(encoding="utf-8"))) if known.exists() else {}
    except (OSError, ValueError, TypeError):
        raise roster.Unreadable(f"{known} cannot be read: take it away, and collect everything again.") from None
    for several in groups.values():
        several.sort(key=lambda one: one.order)
        chosen = several[-1 if keep == "last" else 0]
        ignored += [
            f"{one.place}: the {keep} of {len(several)} attempts counts" for one in several if one is not chosen
        ]
        if chosen.system == "canvas":
            chosen.files = versions(chosen.files, keep, ignored)
        who = student(chosen, listed)
        try:
            unpack(folder, chosen, who)
        except Exception as error:  # whatever a damaged entry makes zipfile raise
            if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
                raise roster.Unreadable(f"The disk is full: {folder}. Make room, and collect again.") from None
            ignored.append(f"{chosen.place}: it cannot be unpacked ({type(error).__name__}: {error})")
            continue
        done += 1
        if listed.rows and who not in listed.rows:
            ignored.append(f"{chosen.place}: was collected as {who}, who is not in students.csv")
        if chosen.late:
            ignored.append(f"{chosen.place}: was collected; Canvas says that it is late")
        called.setdefault(chosen.set, {})[who] = {"system": chosen.system, "number": chosen.number,
                                                  "name": line(chosen.name), "place": chosen.place}  # fmt: skip
    write(known, json.dumps(called, indent=1))
    return done, [line(one, 500) for one in ignored]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="ZIP", help="a zip of Canvas or Moodle, or of nbgrader's inbound")
    parser.add_argument("--set", help="the set that it is for, where its name does not say it")
    parser.add_argument("--folder", type=Path, default=ROOT / "grading", help="of the class")
    parser.add_argument("--attempts", choices=["last", "first"], default="last", help="which of several counts")
    asked = parser.parse_args(arguments)
    try:
        count, ignored = collect(asked.source, asked.folder, asked.set, asked.attempts)
    except roster.Unreadable as error:
        return str(error)
    lines = [f"{count} collected from {asked.source.name}.", *(f"- {one}" for one in ignored)]
    write(asked.folder / "collected.md", "\n".join(lines) + "\n")
    print("\n".join(lines))
    return None if count else "Nothing was collected."


if __name__ == "__main__":
    sys.exit(main())
