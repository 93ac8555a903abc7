"""What a class answered, in words and tables: a page of Markdown."""

from collections import Counter

import numpy as np

from course_lib.stats import wilson
from tools.concepts import analysis
from tools.concepts.analysis import FEW
from tools.concepts.answers import WHEN
from tools.concepts.bank import FORMS, LETTERS, beliefs, items
from tools.grading.harmless import line

TOO_FEW = "too few to say"
MOST = 5  # beliefs that are listed first


def report(sheets, notes):
    """The page, line by line."""
    yield "# What the class thinks about gates and memory\n"
    students = len({one.student for one in sheets})
    counts = Counter(sorted(((one.when, one.form) for one in sheets), key=lambda one: (WHEN.index(one[0]), one[1])))
    told = ", ".join(f"{count} {when} (form {form})" for (when, form), count in counts.items())
    yield f"{students} students, {len(sheets)} tests: {told}.\n"
    yield from (f"Note: {line(note)}.\n" for note in notes)
    if students < FEW:
        yield (f"With fewer than {FEW} students no coefficient is told: it would be chance. Read the answers one by "
               "one, and ask.\n")  # fmt: skip
    yield "The test has not been validated with learners; see docs/concept_test.md before you compare classes.\n"
    yield from gains(sheets)
    for when, form in counts:
        yield from group(when, form, [one for one in sheets if (one.when, one.form) == (when, form)])


def interval(found, digits=2):
    """A number with its interval, or that there are too few."""
    return f"{found[0]:.{digits}f} ({found[1]:.{digits}f} to {found[2]:.{digits}f})" if found else TOO_FEW


def share(wins, tries):
    low, high = wilson(wins, tries)
    return f"{wins} of {tries} ({100 * low:.0f} to {100 * high:.0f} %)"


def gains(sheets):
    """What those gained who took both tests."""
    before, after = analysis.pairs(sheets)
    if not before:
        return
    first, last = analysis.points(before), analysis.points(after)
    yield f"## What was gained: {len(before)} students who took both tests\n"
    yield (f"Right before: {100 * first.mean():.0f} %, after: {100 * last.mean():.0f} %. Normalised gain, what was "
           f"gained of what could be: {interval(analysis.resampled(analysis.gain, first, last))}.\n")  # fmt: skip
    orders = {(one.form, two.form) for one, two in zip(before, after)}
    if same := sum(one.form == two.form for one, two in zip(before, after)):
        yield f"{same} students had the same form twice; a part of their gain may be the memory of the questions.\n"
    if len({form for form, _ in orders}) == 1:
        yield (f"All of them began with form {before[0].form}. If the other form is easier or harder, that is in the "
               "gain too; next time give each form to one half first.\n")  # fmt: skip
    else:
        means = {form: np.mean([row.mean() for one, row in zip(before, first) if one.form == form]) for form in FORMS}
        yield f"Before the course form A was {100 * means['A']:.0f} % right, form B {100 * means['B']:.0f} %.\n"
    yield "| question | concept | before | after | learnt it | lost it | notebook |"
    yield "|---|---|---|---|---|---|---|"
    for place, item in enumerate(items()):
        one, two = first[:, place], last[:, place]
        learnt, lost = int(((one == 0) & (two == 1)).sum()), int(((one == 1) & (two == 0)).sum())
        yield (f"| {place + 1} | {item.concept} | {int(one.sum())} | {int(two.sum())} | {learnt} | {lost} | "
               f"{item.notebook} |")  # fmt: skip
    yield ""


def group(when, form, sheets):
    """Question by question, for those who took one form at one time."""
    found, solved = analysis.findings(sheets), analysis.points(sheets)
    sums = solved.sum(axis=1)
    spread = f"standard deviation {sums.std(ddof=1):.1f}" if len(sums) > 1 else "one student"
    yield f"## {when.capitalize()}, form {form}: {len(sheets)} students\n"
    yield f"Points: {sums.mean():.1f} of {len(items())} on average, {spread}; {sum(one.blank for one in found)} blanks."
    yield f"Reliability (KR-20): {interval(analysis.resampled(analysis.kr20, solved))}.\n"
    yield from suspects(form, found)
    yield from believed(form, found)
    yield "The commonest wrong answer is in bold where it is clearly commoner than the other one.\n"
    yield "| question | right | blank | goes with the rest | commonest wrong answer |"
    yield "|---|---|---|---|---|"
    for number, (item, one) in enumerate(zip(items(), found), 1):
        yield (f"| {number}. {item.concept} | {share(one.right, one.of)} | {one.blank} | {interval(one.agrees)} | "
               f"{commonest(item.forms[form], one)} |")  # fmt: skip
    yield ""


def commonest(form, one):
    if one.wrong is None:
        return "none"
    letter, count, clear = one.wrong
    says = beliefs()[form.behind[LETTERS.index(letter)]].says
    return f"**{letter}, {count} times: {says}**" if clear else f"{letter}, {count} times: {says}"


def suspects(form, found):
    """Questions whose key or words are to be looked at."""
    for number, (item, one) in enumerate(zip(items(), found), 1):
        if one.suspect:
            right = item.forms[form].right
            yield (f"**Look at question {number}** ({item.concept}): those who do well elsewhere choose {one.suspect}, "
                   f"and the key says {right}. Was it entered, or worded, as it should be?\n")  # fmt: skip
    weak = [number for number, one in enumerate(found, 1) if one.agrees and one.agrees[2] < 0 and not one.suspect]
    if weak:
        yield f"Questions {', '.join(map(str, weak))} go against the rest: whoever does well elsewhere misses them.\n"


def believed(form, found):
    """The beliefs that most of the students share, with where to take them up."""
    held = sorted(((one.wrong[1], k) for k, one in enumerate(found) if one.wrong and one.wrong[2]), reverse=True)
    if not held:
        yield f"Which belief stands behind the wrong answers: {TOO_FEW}.\n"
        return
    yield "What is believed instead, clearly more often than the other wrong answer:\n"
    for count, k in held[:MOST]:
        item, one = items()[k], found[k]
        says = beliefs()[item.forms[form].behind[LETTERS.index(one.wrong[0])]].says
        yield f"- {count} of {one.of}, question {k + 1}: *{says}* Taken up in notebook {item.notebook}."
    yield ""
