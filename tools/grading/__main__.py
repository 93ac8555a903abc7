"""Grade what a class handed in: a row for every student, a page of feedback, and a report.

    make grade                                     every set in grading/submitted/STUDENT/SET/
    make grade ARGS="07_the_lstm --jobs 4"
    COURSE_SECRET=... make grade                   every student has an instance of their own (tools/grading/tokens.py)

1 collect   the answers are found in the notebook, whatever state it is in (submissions.py); nothing is run
2 judge     the answers run in a box (sandbox.py). The checks of solutions/ run outside it, in this process: they
            ask the box for the value of a function, and plain data comes back. So an answer cannot reach the checks,
            their references, other answers or the gradebook, whatever it does to the process that it runs in.
3 record    a clean notebook, with what the checks said, goes through nbgrader's autograder into its gradebook: points,
            manual grading in formgrader and feedback are nbgrader's

Everything is under grading/ (--folder): gradebook.db, judged/ (one file per submission), autograded/, feedback/,
grades.csv (a line per student, for a learning-management system), SET.csv (a line per student, points per problem) and
report.md. A file is written whole or not at all, and a submission that was judged is not judged again until it or the
course changes: a run that was killed goes on where it was. Points given by hand stay.
"""

import argparse
import json
import os
import sys
import time
import warnings
from pathlib import Path
from subprocess import SubprocessError

from joblib import Parallel, delayed
from nbgrader.converters import GenerateAssignment
from sqlalchemy.exc import SAWarning
from tqdm import tqdm

from course_lib import checks
from course_lib.files import write
from course_lib.machine import cores
from tools.grading.judge import ROOT, digest, one
from tools.grading.record import Class
from tools.grading.report import counts, report, row, table
from tools.grading.sandbox import BWRAP, Box, Broken, protection

NOTHING = {"status": "not gradable", "why": "nothing was handed in", "todo": "Ask for the file."}
TRY = "bwrap --unshare-all --ro-bind / / true"


def grade(course, sets, *, jobs, seconds, bwrap, show_hidden):
    """Judge what is new, record it, and write what the teacher reads. {set: rows}"""
    began = time.monotonic()
    secret, work, done = os.environ.get("COURSE_SECRET", ""), [], {}
    settings = {"bwrap": bwrap, "seconds": seconds}
    handed_in = course.submitted(sets)
    for student, name, folder in handed_in:
        token = checks.judge.token(student, secret) if secret else ""
        kept = course.judged(student, name)
        if kept and kept["digest"] == digest(folder, name, token, settings):
            done[student, name] = kept
        else:
            work.append((folder, student, name, token, settings))
    results = Parallel(n_jobs=jobs, return_as="generator_unordered")(delayed(one)(*job) for job in work)
    for found in tqdm(results, total=len(work), desc="judged", disable=None):
        write(course.folder / "judged" / found["set"] / f"{found['student']}.json", json.dumps(found, indent=1))
        done[found["student"], found["set"]] = found
    names, students, tables = sorted({name for _, name in done}), course.students(handed_in), {}
    for name in names:
        course.convert(GenerateAssignment, name)
    for found in tqdm([found for found in done.values() if "why" not in found], desc="recorded", disable=None):
        try:
            course.record(found, show_hidden=show_hidden)
        except Exception as error:  # one student's notebook does not stop the others
            found |= {"status": "not gradable", "why": f"nbgrader failed: {type(error).__name__}: {error}",
                      "todo": "Grade it by hand, and report the fault."}  # fmt: skip
    for name in names:
        scores = course.scores(name)
        tables[name] = [row(student, name, done.get((student, name), NOTHING), scores) for student in students]
        write(course.folder / f"{name}.csv", table(tables[name]))
    scores = {name: {one["student"]: one["score"] for one in rows} for name, rows in tables.items()}
    totals = [{"student": student} | {name: scores[name][student] for name in names} for student in students]
    write(course.folder / "grades.csv", table(totals))
    write(course.folder / "report.md", "\n".join(report(tables, bwrap, time.monotonic() - began)))
    return tables


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("sets", nargs="*", metavar="SET", help="all sets that were handed in, when omitted")
    add("--folder", type=Path, default=ROOT / "grading", help="where submitted/ is, and where all results go")
    add("--jobs", type=int, default=cores(), help="submissions judged at the same time")
    add("--seconds", type=float, default=10, help="for one cell or one call of a function")
    add("--plain", action="store_true", help="do without bubblewrap, also where it is there")
    add("--show-hidden-tests", action="store_true", help="in the feedback: once the deadline is over")
    asked = parser.parse_args(arguments)
    if os.name == "nt":
        sys.exit("Grading needs Linux or macOS. On Windows, run it in WSL.")
    known = sorted(path.name for path in (ROOT / "solutions").iterdir())
    unknown = [name for name in asked.sets if name not in known]
    if unknown:
        sys.exit(f"There is no set {unknown[0]}. Sets: {', '.join(known)}")
    course, bwrap = Class(asked.folder), None if asked.plain else BWRAP
    if not course.submitted(asked.sets):
        sys.exit(f"Nothing to grade: put submissions into {asked.folder}/submitted/STUDENT/SET/SET.ipynb.")
    # nbgrader runs alembic, which is beside Python.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own, in every run
    try:
        with Box(bwrap=bwrap) as box:
            box.run("")
    except (Broken, OSError, SubprocessError) as error:
        sys.exit(f"The box for learners' code does not start: {error}. See what this says:\n  {TRY}\n"
                 "`make grade ARGS=--plain` does without bubblewrap.")  # fmt: skip
    print(protection(bwrap))
    tables = grade(course, asked.sets, jobs=asked.jobs, seconds=asked.seconds, bwrap=bwrap,
                   show_hidden=asked.show_hidden_tests)  # fmt: skip
    for name, rows in tables.items():
        print(f"{name}: {counts(rows)}")
    print(f"See {course.folder / 'report.md'}")


if __name__ == "__main__":
    main()
