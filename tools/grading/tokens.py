"""Give every learner a token, and with it an instance of the exercises of their own.

    COURSE_SECRET=... python -m tools.grading.tokens < ids.txt > tokens.csv

Reads one id a line, in any encoding, and writes `id,token`; the id as the grader reads it from the name of a folder.
The secret stays with the teacher: with it, anybody can work out every token.
"""

import csv
import os
import sys

from course_lib.checks.judge import token
from tools.grading import files, roster


def main():
    """Write the tokens; return what is missing, if anything is."""
    secret = os.environ.get("COURSE_SECRET", "")
    if not secret:
        return "Set COURSE_SECRET to a secret of your own, and keep it: the same secret gives the same tokens again."
    words, _ = files.text(sys.stdin.buffer.read())
    table = csv.writer(sys.stdout, lineterminator="\n")
    for learner in filter(None, map(roster.identity, words.splitlines())):
        table.writerow([learner, token(learner, secret)])


if __name__ == "__main__":
    sys.exit(main())
