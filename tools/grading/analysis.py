"""What the class learnt: statistics.md, of the last judgement of every submission."""

import ast
import math
from collections import Counter, defaultdict
from itertools import combinations

import numpy as np

from course_lib.checks import PROBLEMS
from tools.grading import lateness, submissions
from tools.grading.harmless import markdown
from tools.grading.judge import NOT_JUDGED

FEW = 10  # students from which a coefficient says anything
WEAK = 0.1  # a problem whose points agree less with the rest of the points
CLAUSE = "This is what comes out when "
LONG = 25  # parts of an answer from which its form says anything
BITS = 10  # of surprise from which two students' answers are shown: one pair in a thousand by chance


def problems(name):
    """{grade_id of the check: name of the problem} of a set, for the problems in code."""
    cells = filter(submissions.is_check, submissions.solution(name).cells)
    return {submissions.graded(cell, "grade_id"): submissions.graded(cell, "grade_id").removeprefix("check_")
            for cell in cells}  # fmt: skip


def mistakes(judged, key):
    """[(clause, how many)] of the named mistakes of a problem, the commonest first."""
    said = [found["problems"].get(key, {}).get("said", "") for found in judged]
    named = [line.strip() for words in said for line in words.splitlines() if line.strip().startswith(CLAUSE)]
    return Counter(one.removeprefix(CLAUSE).removesuffix(".") for one in named).most_common()


def discrimination(points):
    """How each problem's points go with the sum of the others', a correlation; nan where nothing varies.

    points   (students, problems)
    """
    points = np.asarray(points, dtype=float)
    found = []
    for k in range(points.shape[1]):
        own, rest = points[:, k], np.delete(points, k, axis=1).sum(axis=1)
        varies = len(own) > 1 and own.std() > 0 and rest.std() > 0
        found.append(float(np.corrcoef(own, rest)[0, 1]) if varies else math.nan)
    return found


class Renamed(ast.NodeTransformer):
    """Gives every name that an answer makes itself a number, and takes out what is written for readers."""

    def __init__(self, tree):
        self.names = {}
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.arg)):
                self.number(node.name if isinstance(node, ast.FunctionDef) else node.arg)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self.number(node.id)

    def number(self, name):
        return self.names.setdefault(name, f"n{len(self.names)}")

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.name, node.decorator_list, node.returns = self.number(node.name), [], None
        node.body = [
            one for one in node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        ]
        node.body = node.body or [ast.Pass()]
        return node

    def visit_arg(self, node):
        return ast.arg(self.number(node.arg))

    def visit_Name(self, node):
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def form(source):
    """An answer after renaming, without comments and spacing; None for a short one, or one that is no Python."""
    body = submissions.tree(source)
    if not body:
        return None
    tree = ast.Module(body, [])
    try:
        tree = Renamed(tree).visit(tree)
        return ast.dump(tree) if sum(1 for _ in ast.walk(tree)) >= LONG else None
    except RecursionError:  # a sum of a thousand parts
        return None


def alike(judged, own):
    """[(bits, student, student, problems)]: answers of the same form, and how surprising that is in this class.

    A form that a part p of the class has is worth -log2(p) bits; the form of solutions/ says nothing.
    own   {grade_id: the answer of solutions/}
    """
    forms = {found["student"]: {key: form(source) for key, source in found["answers"].items()} for found in judged}
    given = {key: form(source) for key, source in own.items()}
    shared, counts = defaultdict(lambda: defaultdict(list)), defaultdict(Counter)
    for answers in forms.values():
        for key, one in answers.items():
            counts[key][one] += 1
    for key in counts:
        groups = defaultdict(list)
        for student, answers in forms.items():
            if answers.get(key) is not None and answers[key] != given.get(key):
                groups[answers[key]].append(student)
        for one, students in groups.items():
            bits = -math.log2(counts[key][one] / len(forms))
            if 1 < len(students) <= math.sqrt(len(forms)) + 1:
                for pair in combinations(sorted(students), 2):
                    shared[pair][key].append(bits)
    found = [(sum(sum(bits) for bits in keys.values()), *pair, sorted(keys)) for pair, keys in shared.items()]
    return sorted((one for one in found if one[0] >= BITS), reverse=True)


def page(done, tables):
    """statistics.md, line by line. done is {(student, set): what is said}, tables {set: lines of SET.csv}."""
    yield "# What the class learnt\n"
    for name, rows in tables.items():
        judged = [found for (_, own), found in sorted(done.items()) if own == name and "why" not in found]
        yield from about(name, judged, rows)


def about(name, judged, rows):
    """The lines on one set.

    judged   what is said about every submission that could be judged; rows, the lines of SET.csv
    """
    graded = [row for row in rows if row["score"] != ""]
    yield f"## {name}\n"
    yield f"{len(graded)} of {len(rows)} students have points.\n"
    if not graded:
        return
    most = submissions.most(name)
    keys = list(most)
    points = [[float(row[key] or 0) for key in keys] for row in graded]
    agreement = discrimination(points)
    yield "| problem | solved | not attempted | not judged | mean | agrees with the rest |"
    yield "|---|---|---|---|---|---|"
    for k, key in enumerate(keys):
        kinds = Counter(found["problems"].get(key, {}).get("kind") for found in judged)
        solved = sum(row[k] >= most[key] for row in points)
        skipped = sum(kinds[kind] for kind in NOT_JUDGED)
        mean = sum(row[k] for row in points) / len(points)
        says = f"{agreement[k]:.2f}" if len(points) >= FEW and not math.isnan(agreement[k]) else ""
        yield (f"| {key.removeprefix('check_')} | {solved} ({100 * solved / len(points):.0f} %) | "
               f"{kinds['not attempted']} | {skipped} | {mean:.1f} of {most[key]:g} | {says} |")  # fmt: skip
    yield ""
    weak = [key.removeprefix("check_") for key, one in zip(keys, agreement) if one < WEAK]
    if weak and len(points) >= FEW:
        yield f"Look at {', '.join(weak)}: whoever does well elsewhere does not do better there.\n"
    for key, problem in problems(name).items():
        common = mistakes(judged, key)[:3]
        if common:
            yield f"**{problem}.** The commonest mistakes that have a name:\n"
            yield from (f"- {count} times, {clause}." for clause, count in common)
            yield f"\nTo teach from: {PROBLEMS[problem].hints[min(1, len(PROBLEMS[problem].hints) - 1)]}\n"
    hours = Counter(f"{lateness.moment(found['time']):%H}" for found in judged if found.get("time"))
    if hours:
        yield "Handed in at (UTC): " + ", ".join(f"{hour} h {count}" for hour, count in sorted(hours.items())) + ".\n"
    own = {submissions.graded(cell, "grade_id"): cell.source for cell in submissions.solution(name).cells}
    pairs = alike(judged, own)
    if pairs:
        yield "Answers of the same form after renaming, rarer than chance would have them."
        yield "This is a reason to ask, and no proof: whoever learns together writes alike.\n"
        yield from (f"- {markdown(one)} and {markdown(other)}: {', '.join(found)} ({bits:.0f} bits)"
                    for bits, one, other, found in pairs[:30])  # fmt: skip
        yield ""
