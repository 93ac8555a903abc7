"""What the teacher reads: a table for every set, and a report."""

import csv
import io
import time

from course_lib.files import write
from tools.grading import analysis, lateness, roster, submissions
from tools.grading.harmless import cell, line, markdown
from tools.grading.judge import NOT_JUDGED
from tools.grading.walls import protection

STATUSES = ("graded", "partly graded", "not gradable")
NOTHING = {"status": "not gradable", "why": "nothing was handed in", "todo": "Ask for the file.", "time": None}


def table(rows, known=()):
    """rows, dicts, as CSV with all columns that occur. No cell is a formula; ids that are known stay as they are."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row.get(column, ""), column == "student" and row[column] in known) for column in columns])
    return out.getvalue()


def row(student, name, found, scores, listed=None, percent=0):
    """The line of one student in SET.csv; a submission that is not gradable has no points.

    scores    {problem: (points, most, waits)} of this student in the gradebook, None where it holds none
    listed    this student's row of the roster
    percent   that each day after the deadline costs
    """
    problems, own = submissions.most(name), scores or {}
    if "why" in found:
        own, why = {}, [f"{found['why']}. {found['todo']}"]
    else:
        skipped = {key: one["said"] for key, one in found["problems"].items() if one["kind"] in NOT_JUDGED}
        why = [f"{key}: {said.splitlines()[0]}" for key, said in skipped.items()] + found["notes"]
        if found.get("unrecorded"):
            why.append(f"nbgrader failed: {found['unrecorded']}. Grade it by hand, and report the fault")
    late = lateness.hours(found.get("time"), listed or {})
    score = lateness.left(sum(points for points, _, _ in own.values()), late, percent)
    status = found["status"] if own or "why" in found else "not gradable"
    return {
        "student": student,
        "status": status,
        "score": score if own else "",
        "max_score": sum(problems.values()),
        "by_hand": sum(waits for _, _, waits in own.values()),
        **{key: own[key][0] if key in own else "" for key in problems},
        "handed_in": found.get("time") or "",
        "hours_late": round(late, 1),
        "why": line("; ".join(why), 3000),
    }


def counts(rows):
    """How many students are graded, partly graded, not gradable, in words."""
    return ", ".join(f"{sum(one['status'] == status for one in rows)} {status}" for status in STATUSES)


def report(tables, notes, bwrap, seconds):
    """report.md, line by line."""
    yield "# Report\n"
    yield f"{protection(bwrap)} {seconds:.0f} seconds.\n"
    if notes:
        yield "## To be looked at\n"
        yield from (f"- {markdown(note)}" for note in notes)
        yield ""
    for name, rows in tables.items():
        yield f"## {name}\n"
        yield f"{counts(rows)}, of {len(rows)} students.\n"
        waiting = sum(one["by_hand"] for one in rows)
        if waiting:
            yield f"{waiting} answers wait to be graded by hand: `nbgrader formgrader`, see docs/teaching.md.\n"
        yield from (f"- **{markdown(one['student'])}**: {one['status']}. {markdown(one['why'])}"
                    for one in rows if one["why"])  # fmt: skip
        yield ""


def tables(run, done, held):
    """Write the tables and reports of a run; {set: rows} of the sets that it is about.

    done   {(student, set): what is said}; held, {set: {student key: scores}}
    """
    here = {place.student for place in run.places} | ({who for who, _ in done} if run.chosen else set())
    students, made = sorted({*run.roster.rows, *here}), {}
    for name in sorted({name for _, name in done}):
        made[name] = [row(student, name, done.get((student, name), NOTHING), held[name].get(roster.key(student)),
                          run.roster.rows.get(student), run.late)
                      for student in students]  # fmt: skip
    shown = {name: rows for name, rows in made.items() if name in run.wanted()}
    for name, rows in shown.items():
        write(run.folder / f"{name}.csv", table(rows, run.roster.rows))
    scores = {name: {one["student"]: one["score"] for one in rows} for name, rows in made.items()}
    totals = [{"student": student} | {name: scores[name][student] for name in made} for student in students]
    write(run.folder / "grades.csv", table(totals, run.roster.rows))
    said = report(shown, run.notes, run.settings["bwrap"], time.monotonic() - run.began)
    write(run.folder / "report.md", "\n".join(said))
    try:
        learnt = "\n".join(analysis.page(done, shown))
    except Exception as error:  # points do not wait for it
        why = markdown(f"{type(error).__name__}: {error}")
        learnt = f"# What the class learnt\n\nThis could not be counted: {why}\n"
    write(run.folder / "statistics.md", learnt)
    return shown
