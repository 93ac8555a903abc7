"""Files that go back into the learning-management system: points, and pages of feedback.

    make return                         for every set that `make collect` collected

grading/back/SET-canvas.csv      to import under Grades
grading/back/SET-moodle.csv      to upload as grading worksheet
grading/back/SET-feedback.zip    the pages: for Moodle, upload as feedback files
"""

import argparse
import csv
import io
import json
import sys
import zipfile
from datetime import datetime
from pathlib import Path

from course_lib.files import write
from tools.grading import roster
from tools.grading.harmless import cell

ROOT = Path(__file__).resolve().parents[2]


def rows(folder, name):
    """{student: row} of SET.csv."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def canvas(name, held, called):
    """The lines of Canvas's table of grades; it joins them on the column ID."""
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]
    yield ["    Points Possible", "", "", "", "", next(iter(held.values()))["max_score"]]
    for student, one in called.items():
        yield [cell(one["name"]), one["number"], "", "", "", held[student]["score"]]


def moodle(name, held, called):
    """The lines of Moodle's grading worksheet; it joins them on the column Identifier.

    It takes none without a time, and asks where a grade was changed after that.
    """
    yield ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments"]
    for student, one in called.items():
        row = held[student]
        why = row["why"] if row["status"] != "graded" else ""
        number, now = f"Participant {one['number']}", f"{datetime.now():%Y-%m-%d %H:%M}"
        yield [number, cell(one["name"]), row["score"], row["max_score"], now, cell(why)]


SYSTEMS = {"canvas": canvas, "moodle": moodle}


def table(lines):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


def feedback(folder, name, called):
    """A zip of the pages, each in the folder that the system called its student's."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for student, one in called.items():
            place = folder / "feedback" / roster.key(student) / name
            for path in sorted(place.glob("*")):
                if path.suffix in (".html", ".png", ".jpg", ".gif"):
                    inner = one["place"].partition("_assignsubmission_")[0] if one["system"] == "moodle" else student
                    label = f"{inner}_assignsubmission_file_" if one["system"] == "moodle" else roster.key(student)
                    packed.write(path, f"{label}/{path.name}")
    return out.getvalue()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=ROOT / "grading", help="of the class")
    folder = parser.parse_args(arguments).folder
    try:
        collected = dict(json.loads((folder / "collected.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return f"Nothing was collected in {folder}: `make collect` first."
    for name, called in collected.items():
        if not (folder / f"{name}.csv").exists():
            print(f"{name}: not graded yet")
            continue
        held, back = rows(folder, name), folder / "back"
        for system, lines in SYSTEMS.items():
            own = {student: one for student, one in called.items() if one["system"] == system and student in held}
            if own:
                write(back / f"{name}-{system}.csv", table(lines(name, held, own)))
        write(back / f"{name}-feedback.zip", feedback(folder, name, called))
        print(f"{name}: {sum(student in held for student in called)} students, in {back}")


if __name__ == "__main__":
    sys.exit(main())
