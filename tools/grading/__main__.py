"""Grade what a class handed in: a row for every student, a page of feedback, and a report.

    make grade                                     every set in grading/submitted/STUDENT/SET/
    make grade ARGS="07_the_lstm --jobs 4"
    COURSE_SECRET=... make grade                   every student has an instance of their own (tools/grading/tokens.py)

1 find      the roster and the folder are read (roster.py), the notebook is found (files.py) and the answers in it,
            whatever state it is in (submissions.py); nothing is run
2 judge     the answers run in a box (sandbox.py) of their own (walls.py). The checks of solutions/ run outside it, in a
            process of the grader: they ask the box for the value of a function, and plain data comes back. So an answer
            cannot reach the checks, their references, other answers or the gradebook, whatever it does to the process
            that it runs in.
3 record    a clean notebook, with what the checks said and nothing of a student's that a page would run (harmless.py),
            goes through nbgrader's autograder into its gradebook: points, manual grading in formgrader and feedback
            are nbgrader's

Everything is under grading/ (--folder): gradebook.db, judged/ (one file per submission), autograded/, feedback/,
grades.csv (a line per student, for a learning-management system), SET.csv (a line per student, points per problem) and
report.md. A file is written whole or not at all, and a submission that was judged is not judged again until it or the
course changes: a run that was killed goes on where it was. Points given by hand stay (books.py). Whoever could not be
graded is a row that says why, and the command ends with the status 1.
"""

import argparse
import os
import sys
from pathlib import Path
from subprocess import SubprocessError

from course_lib.machine import cores
from tools.grading.books import Changed
from tools.grading.judge import ROOT, Unsound
from tools.grading.report import counts
from tools.grading.roster import Unreadable
from tools.grading.run import Run, disk_full
from tools.grading.sandbox import Box, Broken
from tools.grading.walls import BWRAP, INSTEAD, protection

TRY = "bwrap --unshare-all --ro-bind / / true"


def main(arguments=None):
    """Grade as the command line says; how many submissions could not be graded, in a sentence, or None."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("sets", nargs="*", metavar="SET", help="all sets that were handed in, when omitted")
    add("--folder", type=Path, default=ROOT / "grading", help="where submitted/ is, and where all results go")
    add("--jobs", type=int, default=cores(), help="submissions judged at the same time")
    add("--seconds", type=float, default=10, help="of processor time for one cell or one call of a function")
    add("--plain", action="store_true", help="do without bubblewrap, where there is none or although there is")
    add("--show-hidden-tests", action="store_true", help="in the feedback: once the deadline is over")
    add("--late", type=float, default=0, metavar="PERCENT", help="of the points for each day after the deadline begun")
    add("--new-secret", action="store_true", help="COURSE_SECRET is another one than before, and that is meant")
    asked = parser.parse_args(arguments)
    if os.name == "nt":
        sys.exit("Grading needs Linux or macOS. On Windows, run it in WSL.")
    known = sorted(path.name for path in (ROOT / "solutions").iterdir())
    unknown = [name for name in asked.sets if name not in known]
    if unknown:
        sys.exit(f"There is no set {unknown[0]}. Sets: {', '.join(known)}")
    bwrap = None if asked.plain else BWRAP
    if bwrap is None and not asked.plain:
        sys.exit(f"There is no bubblewrap here, so learners' code would run with your rights. {INSTEAD}\n"
                 "`make grade ARGS=--plain` does without it.")  # fmt: skip
    try:
        run = Run(asked.folder, asked.sets, jobs=asked.jobs, seconds=asked.seconds, bwrap=bwrap,
                  show_hidden=asked.show_hidden_tests, new_secret=asked.new_secret, late=asked.late)  # fmt: skip
    except (Unreadable, Unsound, Changed) as error:
        sys.exit(str(error))
    if not run.places:
        sys.exit(f"Nothing to grade: put submissions into {asked.folder}/submitted/STUDENT/SET/SET.ipynb.")
    try:
        with Box(bwrap=bwrap) as box:
            box.run("")
    except (Broken, OSError, SubprocessError) as error:
        sys.exit(f"The box for learners' code does not start: {error}. See what this says:\n  {TRY}\n"
                 "`make grade ARGS=--plain` does without bubblewrap.")  # fmt: skip
    print(protection(bwrap))
    try:
        tables = run()
    except Unreadable as error:
        sys.exit(str(error))
    except Exception as error:
        if not disk_full(error):
            raise
        sys.exit(f"The disk is full: {asked.folder}. Make room, and run it again: it goes on where it was.")
    for name, rows in tables.items():
        print(f"{name}: {counts(rows)}")
    print(f"See {run.folder / 'report.md'}")
    missing = sum(row["status"] == "not gradable" for rows in tables.values() for row in rows)
    return f"{missing} could not be graded; the report says why." if missing else None


if __name__ == "__main__":
    sys.exit(main())
