"""Minutes: of a lesson and its parts, of a lab, a day and a semester, added up from what stands in the course."""

from itertools import accumulate
from math import ceil

from tools.handbook.facts import NOT_READ, WIDGET, lessons, written

WORDS = 150  # read in a minute, with the equations and figures among them
BOARD, VOTE, ASK, MOVE = 3, 4, 2, 5  # minutes for the board picture, a prediction, a question asked aloud, the widget
LAB, CLASS, TEST = 90, 90, 25  # minutes of a lab, of a week in class, of the concept test
HOME = 180  # minutes at home a week, at most
SPARE = 15  # minutes of a lab that are planned for nothing: it begins late, and somebody asks
BREAK, LUNCH, BEGIN, END = 15, 60, 9 * 60, 17 * 60


def reading(lesson, *, short=False):
    """Minutes to read a lesson; short: without what may be skipped."""
    left_out = {*NOT_READ, *(name for name, _ in lesson.skip if short)}
    return ceil(sum(count for name, count in lesson.words.items() if name not in left_out) / WORDS)


def parts(lesson, *, short=False):
    """{what: minutes} of a lesson in class, without exercises."""
    return {
        "board": BOARD,
        "predict": VOTE * len(lesson.predictions),
        "read": reading(lesson, short=short),
        "run": ceil(lesson.seconds / 60),
        "ask": ASK * len(lesson.ask),
        "move": MOVE * (WIDGET in lesson.words),
    }


def in_class(lesson, *, short=False):
    """Minutes of a lesson in class, without exercises."""
    return sum(parts(lesson, short=short).values())


def two(lesson):
    """The two exercises for a lab: the first that everybody can reach."""
    return [one for one in lesson.exercises if one.level != "stretch"][:2]


def lab(lesson):
    """(minutes of a lab on that lesson with two exercises, whether something has to be skipped for it)."""
    ours = sum(one.minutes for one in two(lesson))
    whole = in_class(lesson) + ours
    return (whole, False) if whole <= LAB else (in_class(lesson, short=True) + ours, True)


def rounds(lesson):
    """Minutes to read what comes before the first prediction, then each round from its prediction to the next."""
    groups = [0]
    for name, count in lesson.words.items():
        if name.startswith("Predict"):
            groups.append(0)
        elif name == WIDGET or name in NOT_READ:
            break
        groups[-1] += count
    return [ceil(count / WORDS) for count in groups]


def timetable(lesson):
    """[(minute, what, minutes)] of a lab on that lesson, with as many exercises as leave SPARE minutes."""
    first, *later = rounds(lesson)
    rows = [("the board picture, and the first question aloud", BOARD + ASK), ("the opening, read alone", first)]
    for number, minutes in enumerate(later, 1):
        asked = 1 if number < len(later) else len(lesson.predictions) - number + 1
        named = f"prediction {number}" if asked == 1 else f"predictions {number} to {number + asked - 1}"
        rows.append((f"{named}: a vote, a talk with a neighbour, a vote", asked * VOTE))
        rows.append((f"run, read the verdict and the attack of round {number}", minutes))
        if number < len(lesson.ask):
            rows.append((f"question {number + 1} aloud", ASK))
    if WIDGET in lesson.words:
        rows.append(("the widget", MOVE))
    left = LAB - SPARE - sum(minutes for _, minutes in rows)
    for one in lesson.exercises:
        if one.level != "stretch" and one.minutes <= left:
            rows.append((f"exercise *{one.title}*, in pairs", one.minutes))
            left -= one.minutes
    rows.append(("what can be said now, and questions", left + SPARE))
    starts = accumulate((minutes for _, minutes in rows), initial=0)
    return [(start, what, minutes) for start, (what, minutes) in zip(starts, rows)]


def day():
    """[(minutes since midnight, what, minutes)] of a day: lessons, each with its first exercise, and breaks."""
    rows, now, numbers = [], BEGIN, written()["day"]
    for place, number in enumerate(numbers):
        lesson = lessons()[number]
        rows.append((now, lesson, in_class(lesson, short=True)))
        now += rows[-1][2]
        if ours := two(lesson)[:1]:
            rows.append((now, ours[0], ours[0].minutes))
            now += ours[0].minutes
        if place < len(numbers) - 1:
            rows.append((now, None, LUNCH if place == len(numbers) // 2 - 1 else BREAK))
            now += rows[-1][2]
    return [*rows, (now, None, 0)]


def semester():
    """[(lessons, minutes in class, minutes at home for the exercises, for those that stretch, for what is skipped)]."""
    weeks = written()["semester"]
    for place, numbers in enumerate(weeks):
        ours = [lessons()[number] for number in numbers]
        test = TEST if place in (0, len(weeks) - 1) else 0
        own = [one for lesson in ours for one in lesson.exercises]
        yield (
            ours,
            test + sum(in_class(lesson, short=True) for lesson in ours),
            sum(one.minutes for one in own if one.level != "stretch"),
            sum(one.minutes for one in own if one.level == "stretch"),
            sum(reading(lesson) - reading(lesson, short=True) for lesson in ours),
        )


def path(numbers):
    """Minutes to read and run these notebooks alone, with their predictions."""
    ours = [lessons()[number] for number in numbers]
    return sum(reading(one) + ceil(one.seconds / 60) + len(one.predictions) for one in ours)
