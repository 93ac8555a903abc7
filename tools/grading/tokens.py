"""Give every learner a token, and with it an instance of the exercises of their own.

    COURSE_SECRET=... python -m tools.grading.tokens < ids.txt > tokens.csv

Reads one id a line, writes `id,token`. The secret stays with the teacher: with it, anybody can work out every token.
"""

import os
import sys

from course_lib.checks.judge import token


def main():
    """Write the tokens; return what is missing, if anything is."""
    secret = os.environ.get("COURSE_SECRET", "")
    if not secret:
        return "Set COURSE_SECRET to a secret of your own, and keep it: the same secret gives the same tokens again."
    for learner in filter(None, map(str.strip, sys.stdin)):
        print(f"{learner},{token(learner, secret)}")


if __name__ == "__main__":
    sys.exit(main())
