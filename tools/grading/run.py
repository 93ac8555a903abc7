"""One run over a class: find, judge, record, and write what the teacher reads. What fails is one student's row."""

import errno
import json
import os
import time

from tqdm import tqdm

from course_lib import checks
from course_lib.files import write
from tools.grading import judge, report, roster, walls
from tools.grading.books import Books
from tools.grading.foreman import Foreman
from tools.grading.record import Class, handed_in_at
from tools.grading.recorder import record

FULL = (errno.ENOSPC, errno.EDQUOT)
WHOLE = {*judge.nothing(""), "student", "key", "digest", "time"}  # what a file of a judgement holds


def disk_full(error):
    """Whether an exception says that the disk is full, in the system's words or the database's."""
    return getattr(error, "errno", None) in FULL or "disk is full" in str(error)


class Run:
    """A run over the class in a folder; late is the percent that each day after the deadline costs.

    notes   what the teacher has to look at, beside the rows
    """

    def __init__(self, folder, chosen, *, jobs, seconds, bwrap, show_hidden, new_secret=False, late=0):
        self.began, self.chosen, self.jobs, self.show_hidden = time.monotonic(), chosen, jobs, show_hidden
        self.late = late
        self.settings, self.secret = {"bwrap": bwrap, "seconds": seconds}, os.environ.get("COURSE_SECRET", "")
        self.course = Class(folder)
        self.folder = self.course.folder
        self.sets = sorted(path.name for path in (judge.ROOT / "solutions").iterdir() if path.is_dir())
        self.roster = roster.roster(self.folder / "students.csv")
        self.places, notes = roster.places(self.folder / "submitted", self.sets, chosen)
        self.notes = self.roster.notes + notes
        strangers = sorted({place.student for place in self.places} - set(self.roster.rows))
        if self.roster.rows and strangers:
            self.notes.append(f"not in students.csv: {', '.join(strangers)}")
        for name in {place.name for place in self.places}:
            judge.check(name)
        self.books = Books(self.folder)
        self.books.check_secret(self.secret, new_secret)

    def file(self, student, name):
        return self.folder / "judged" / name / f"{roster.key(student)}.json"

    def kept(self, student, name):
        """What was kept about a submission, None where nothing was, or where its file is damaged."""
        try:
            found = json.loads(self.file(student, name).read_text(encoding="utf-8"))
            return found if found["student"] == student and WHOLE <= set(found) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def judge(self, foreman):
        """Judge what is new; {(student, set): what is said}, of all sets that were ever handed in."""
        done, work = {}, []
        for place in self.places:
            if place.why:
                done[place.student, place.name] = judge.nothing(place.name) | {
                    "student": place.student, "key": place.key, "digest": "", "time": None, "status": "not gradable",
                    "why": place.why, "todo": place.todo}  # fmt: skip
                continue
            token = checks.judge.token(place.student, self.secret) if self.secret else ""
            kept, (when, why) = self.kept(place.student, place.name), handed_in_at(place.folder)
            self.notes += [f"{place.student}, {place.name}: {why}"] * bool(why)
            try:
                same = kept and kept["digest"] == judge.digest(place.folder, place.name, token, self.settings)
            except OSError:  # the job will say what it is
                same = False
            if same and kept["time"] == when:
                done[place.student, place.name] = kept
            else:
                work.append({"do": "judge", "folder": str(place.folder), "student": place.student, "key": place.key,
                             "name": place.name, "token": token, "settings": self.settings, "time": when,
                             "result": str(self.file(place.student, place.name))})  # fmt: skip
        self.judged(foreman, work, done, self.jobs, "judged")
        slow = [job for job in work if done[job["student"], job["name"]].get("slow")]
        self.judged(foreman, slow, done, 1, "judged again, alone")
        for name in self.sets:  # of the sets that this run is not about
            for file in sorted((self.folder / "judged" / name).glob("*.json")) if name not in self.wanted() else ():
                try:
                    found = json.loads(file.read_text(encoding="utf-8"))
                    if WHOLE <= set(found):
                        done[found["student"], name] = found
                except (OSError, ValueError, KeyError, TypeError):
                    continue
        return done

    def wanted(self):
        return self.chosen or self.sets

    def judged(self, foreman, work, done, jobs, said):
        for job, ended in self.progress(foreman.work(work, jobs), len(work), said):
            student, name = job["student"], job["name"]
            found = None if ended else self.kept(student, name)
            if found is None:
                found = judge.fault(name, ended or "it left no result") | {
                    "student": student, "key": job["key"], "digest": "", "time": job["time"]}  # fmt: skip
                write(job["result"], json.dumps(found))
            done[student, name] = found

    def progress(self, results, total, said):
        """results, with a bar on a terminal, and a line now and then where there is none."""
        shown = tqdm(results, total=total, desc=said, disable=None)
        for k, result in enumerate(shown, start=1):
            if shown.disable and (k == total or k % 25 == 0):
                print(f"{said}: {k} of {total}", flush=True)
            self.full(result[1])
            yield result

    def full(self, ended):
        if ended and f"with {errno.ENOSPC}" in ended:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))

    def __call__(self):
        import fcntl  # not on Windows

        folder = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise roster.Unreadable(f"Another run is at work in {self.folder}: wait for its end.") from None
        except OSError:  # a file system without locks
            pass
        try:
            return self.run()
        finally:
            os.close(folder)

    def run(self):
        walls.sweep()
        with Foreman(self.jobs) as foreman:
            done = self.judge(foreman)
            held = record(self, foreman, done)
        return report.tables(self, done, held)
