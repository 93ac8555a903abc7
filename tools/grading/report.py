"""What the teacher reads: a table for every set, and a report."""

import csv
import io

from tools.grading import submissions
from tools.grading.judge import NOT_JUDGED, solution
from tools.grading.sandbox import protection

STATUSES = ("graded", "partly graded", "not gradable")


def table(rows):
    """rows, dicts with the same keys, as CSV. A cell that a spreadsheet would take for a formula gets an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([f"'{cell}" if str(cell)[:1] in ("=", "+", "@") else cell for cell in row.values()])
    return out.getvalue()


def row(student, name, found, scores):
    """The line of one student in SET.csv; a submission that is not gradable has no points."""
    cells = [cell for cell in solution(name).cells if submissions.graded(cell, "grade")]
    most = {submissions.graded(cell, "grade_id"): submissions.graded(cell, "points") for cell in cells}
    own = {} if "why" in found else scores[student]
    if "why" in found:
        why = [f"{found['why']}. {found['todo']}"]
    else:
        skipped = {key: one["said"] for key, one in found["problems"].items() if one["kind"] in NOT_JUDGED}
        why = [f"{key}: {said.splitlines()[0]}" for key, said in skipped.items()] + found["notes"]
    return {
        "student": student,
        "status": found["status"],
        "score": sum(points for points, _ in own.values()) if own else "",
        "max_score": sum(most.values()),
        "by_hand": sum(waits for _, waits in own.values()),
        **{key: own[key][0] if own else "" for key in most},
        "why": "; ".join(why),
    }


def counts(rows):
    """How many students are graded, partly graded, not gradable, in words."""
    return ", ".join(f"{sum(one['status'] == status for one in rows)} {status}" for status in STATUSES)


def report(tables, bwrap, seconds):
    """report.md, line by line."""
    yield "# Report\n"
    yield f"{protection(bwrap)} {seconds:.0f} seconds.\n"
    for name, rows in tables.items():
        yield f"## {name}\n"
        yield f"{counts(rows)}, of {len(rows)} students.\n"
        waiting = sum(one["by_hand"] for one in rows)
        if waiting:
            yield f"{waiting} answers wait to be graded by hand: `nbgrader formgrader`, see docs/teaching.md.\n"
        yield from (f"- **{one['student']}**: {one['status']}. {one['why']}" for one in rows if one["why"])
        yield ""
