"""What a class's folder remembers from run to run, and whether its parts belong together.

books.json     the number of the last run, the fingerprint of COURSE_SECRET, what was given by hand, and the
               pages that are written
gradebook.db   beside nbgrader's tables: the number of its last run, and which judgement of every submission it holds

A gradebook that was put back from a backup, or deleted, is noticed by that, and filled again; what was given by hand is
what books.json says.
"""

import hashlib
import json
import sqlite3
from contextlib import closing

from course_lib.files import write

TABLES = """create table if not exists course_runs (number integer);
create table if not exists course_recorded (
    student text, assignment text, digest text, primary key (student, assignment));
create table if not exists course_sets (assignment text primary key, digest text);"""


class Changed(Exception):
    """Something is not what it was in the last run, and the teacher has to say what is meant."""


def fingerprint(secret):
    """What is kept of the secret: enough to know it again, too slow to try words on. "" for none."""
    return hashlib.scrypt(secret.encode(), salt=b"gating course", n=2**14, r=8, p=1).hex() if secret else ""


class Books:
    """The books in a class's folder.

    run       the number of this run, from 1
    stale     what to say of the gradebook where it is older than the last run, else None
    by_hand   {set: {student: {"points": {problem: points}, "comments": {problem: text}}}}
    pages     {"student/set": what its page was written from}
    """

    def __init__(self, folder):
        self.file, self.database = folder / "books.json", folder / "gradebook.db"
        try:
            held = json.loads(self.file.read_text(encoding="utf-8"))
            held = held if isinstance(held, dict) else {}
        except (OSError, ValueError):
            held = {}
        last, own = held.get("run", 0), self.last()
        self.run, self.secret = max(last, own) + 1, held.get("secret")
        self.by_hand, self.pages = held.get("by_hand", {}), held.get("pages", {})
        self.stale = None
        if own < last:
            what = f"is that of run {own}, and the last run was number {last}" if own else "is gone"
            self.stale = (f"The gradebook {what}: it was filled anew. Points and comments given by hand are those that "
                          f"run {last} found; look at what you gave after it.")  # fmt: skip

    def last(self):
        """The number of the last run that the gradebook holds, 0 for none."""
        if not self.database.exists():
            return 0
        try:
            with closing(sqlite3.connect(self.database)) as held:
                return held.execute("select max(number) from course_runs").fetchone()[0] or 0
        except sqlite3.DatabaseError as error:
            if "no such table" in str(error):
                return 0
            todo = "put a backup there, or take it away: it is filled anew, with the points by hand of the last run"
            raise Changed(f"{self.database} cannot be read ({error}). Close what has it open, {todo}.") from None

    def check_secret(self, secret, new):
        """Changed where the secret is not that of the runs before, unless new says that this is meant."""
        now = fingerprint(secret)
        if self.secret is not None and self.secret != now and not new:
            was = "without a COURSE_SECRET" if not self.secret else "with another COURSE_SECRET" if secret else (
                "with a COURSE_SECRET, and now there is none")  # fmt: skip
            raise Changed(f"This class was graded {was}. Another secret means other exercises, and other points for "
                          "everybody. Set the same one again, or say --new-secret.")  # fmt: skip
        self.secret = now

    def open(self):
        """A connection to the gradebook with this module's tables in it."""
        held = sqlite3.connect(self.database, timeout=60)
        held.executescript(TABLES)
        return held

    def recorded(self):
        """{(student, set): digest of the judgement that the gradebook holds}."""
        with closing(self.open()) as held:
            return {(student, name): digest for student, name, digest in held.execute("select * from course_recorded")}

    def record(self, student, name, digest):
        with closing(self.open()) as held, held:
            held.execute("insert or replace into course_recorded values (?, ?, ?)", (student, name, digest))

    def set_digest(self, name, digest=None):
        """The digest of a set as the gradebook holds it; with digest, keep that one, and forget its submissions."""
        with closing(self.open()) as held, held:
            if digest is None:
                found = held.execute("select digest from course_sets where assignment = ?", (name,)).fetchone()
                return found[0] if found else None
            held.execute("insert or replace into course_sets values (?, ?)", (name, digest))
            held.execute("delete from course_recorded where assignment = ?", (name,))

    def close(self, by_hand):
        """Keep what this run found."""
        with closing(self.open()) as held, held:
            held.execute("insert into course_runs values (?)", (self.run,))
        self.by_hand = by_hand
        kept = {"run": self.run, "secret": self.secret, "by_hand": by_hand, "pages": self.pages}
        write(self.file, json.dumps(kept, indent=1))
