"""The third step of a run: what was judged goes into the gradebook, what was given by hand stays, pages are written."""

import hashlib
import json

from tools.grading import gradebook, roster
from tools.grading.record import Failed


def record(run, foreman, done):
    """Bring what was judged into the gradebook and write pages; {set: {student key: scores}}.

    run    the Run; its notes get what the teacher has to look at
    done   {(student, set): what is said}
    """
    names, books, held = sorted({name for _, name in done}), run.books, {}
    given = books.by_hand if books.stale or not books.last() else by_hand(run, names)
    for name in names:
        try:
            run.notes += filter(None, [run.course.assign(name, books)])
        except Failed as error:
            run.notes.append(f"{name} could not be brought into the gradebook: {error}")
    recorded = books.recorded()
    good = {where: found for where, found in done.items() if "why" not in found}
    fresh = {where for where, found in good.items() if recorded.get((found["key"], where[1])) != found["digest"]}
    write(run, foreman, [good[where] for where in good if where in fresh], True, "recorded")
    for name in names:
        restore(run, name, given.get(name, {}))
        with run.course.book() as book:
            held[name] = gradebook.scores(book, name)
    now = by_hand(run, names)
    stamps = {where: stamp(run, found, held, now) for where, found in good.items() if found["key"] in held[where[1]]}
    old = {where for where in stamps if books.pages.get(f"{good[where]['key']}/{where[1]}") != stamps[where]}
    # The page of what was recorded just now is written already, unless something was given to it by hand.
    late = [good[where] for where in old if where not in fresh or good[where]["key"] in now.get(where[1], {})]
    write(run, foreman, late, False, "pages")
    books.pages = {f"{good[where]['key']}/{where[1]}": one for where, one in stamps.items()
                   if not good[where].get("unrecorded")}  # fmt: skip
    books.close(now)
    run.notes += filter(None, [books.stale])
    return held


def by_hand(run, names):
    with run.course.book() as book:
        return {name: gradebook.by_hand(book, name) for name in names}


def restore(run, name, given):
    """Give again what the gradebook has lost, to whoever has another id now too; lower what is above a new maximum."""
    with run.course.book() as book:
        for student, points in given.items():
            gradebook.give(book, name, student, points)
        for student, row in run.roster.rows.items():
            if row["was"] and (moved := given.get(roster.key(row["was"]))):
                gradebook.give(book, name, roster.key(student), moved)
        for student, problem, points, most in gradebook.lower(book, name):
            run.notes.append(f"{name}, {student}: {points:g} points given by hand for {problem} are now {most:g}, "
                             "the new maximum")  # fmt: skip


def stamp(run, found, held, now):
    """What a page of feedback is written from, as a digest."""
    name, student = found["set"], found["key"]
    parts = [found["digest"], run.show_hidden, held[name].get(student), now.get(name, {}).get(student)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def write(run, foreman, work, autograde, said):
    """Record submissions, or write their pages alone; one that fails is told in "unrecorded"."""
    jobs = [{"do": "record", "folder": str(run.folder), "judged": str(run.file(found["student"], found["set"])),
             "autograde": autograde, "show_hidden": run.show_hidden} for found in work]  # fmt: skip
    own = {job["judged"]: found for job, found in zip(jobs, work)}
    for job, ended in run.progress(foreman.work(jobs), len(jobs), said):
        found = own[job["judged"]]
        kept = run.kept(found["student"], found["set"]) or {}
        found.pop("unrecorded", None)
        if ended or kept.get("unrecorded"):
            found["unrecorded"] = ended or kept["unrecorded"]
