"""The parts of docs/handbook.md that are written by `make readme`."""

from math import ceil

from course_lib.predictions import question
from tools.concepts.bank import items
from tools.handbook import plan
from tools.handbook.board import picture
from tools.handbook.facts import ROOT, Exercise, lessons, measured, written

BOARDS = ROOT / "docs" / "board"
NAMED = 3  # mistakes of an exercise that are named


def boards():
    """{path: text} of the pictures for the board."""
    return {BOARDS / f"{number}.svg": picture(lesson.board) for number, lesson in lessons().items()}


def link(lesson, text=None):
    return f"[{text or lesson.number}](../{lesson.path})"


def clock(minutes):
    return f"{minutes // 60}:{minutes % 60:02}"


def profiles():
    """Who the learners may be."""
    for one in written()["profiles"]:
        ours = [lessons()[number] for number in one["path"]]
        hours = plan.path(one["path"]) / 60
        yield f"**{one['name']}.** {one['who']}"
        yield ""
        yield f"- *Path*: {', '.join(map(link, ours))}; about {hours:.1f} hours alone, without exercises."
        yield f"- *Can skip*: {one['skip']}"
        yield f"- *Stumbles*: {one['stumbles']}"
        yield ""


def minutes():
    """The table of all lessons as a lab."""
    yield "| lesson | board | predict | read | run | ask | widget | two exercises | a lab takes |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for lesson in lessons().values():
        whole, short = plan.lab(lesson)
        own = plan.parts(lesson, short=short)
        two = " + ".join(str(one.minutes) for one in plan.two(lesson)) or "–"
        yield (f"| {link(lesson)} {lesson.title} | {own['board']} | {own['predict']} | {own['read']} | {own['run']} | "
               f"{own['ask']} | {own['move'] or '–'} | {two} | {whole}{', with skips' * short} |")  # fmt: skip
    about = measured()["environment"]
    yield ""
    yield (f"*Reading is counted at {plan.WORDS} words a minute, a prediction as {plan.VOTE} minutes (a vote, a talk "
           f"with a neighbour, a vote), a question asked aloud as {plan.ASK}, the widget as {plan.MOVE}. Running was "
           f"measured, from a fresh kernel to the last cell, as the seconds for which one core was busy: "
           f"{about['processor']}. The seconds stand with each lesson, and minutes are rounded up.*")  # fmt: skip


def lab():
    """The minutes of one lab."""
    lesson = lessons()[written()["lab"]]
    yield f"| minute | {link(lesson)} {lesson.title} | minutes |"
    yield "|---|---|---|"
    yield from (f"| {start} | {what} | {taken} |" for start, what, taken in plan.timetable(lesson))


def day():
    """The clock of a day."""
    yield "| from | what | minutes |"
    yield "|---|---|---|"
    for start, what, taken in plan.day():
        if isinstance(what, Exercise):
            said = f"its exercise *{what.title}*"
        elif what is None:
            said = {plan.LUNCH: "lunch", plan.BREAK: "a break", 0: "the end"}[taken]
        else:
            said = f"{link(what)} {what.title}"
        yield f"| {clock(start)} | {said} | {taken or '–'} |"


def semester():
    """The weeks of a semester."""
    yield "| week | in class | minutes | left | exercises | exercises that stretch | reading that class skipped |"
    yield "|---|---|---|---|---|---|---|"
    weeks = list(plan.semester())
    for number, (ours, taken, home, stretch, skipped) in enumerate(weeks, 1):
        test = {1: "the test before, ", len(weeks): ", the test after"}.get(number, "")
        named = ", ".join(map(link, ours))
        said = test + named if number == 1 else named + test
        yield (f"| {number} | {said} | {taken} | {plan.CLASS - taken} | {home or '–'} | {stretch or '–'} | "
               f"{skipped or '–'} |")  # fmt: skip


def every():
    """All lessons, one after the other."""
    for lesson in lessons().values():
        yield from entry(lesson)


def entry(lesson):
    """The notes on one lesson."""
    own = plan.parts(lesson)
    yield f"### {lesson.number} · {lesson.title}"
    yield ""
    where = f" Exercises: [set {lesson.set.split('/')[1].partition('_')[0]}](../{lesson.set})." if lesson.set else ""
    yield (f"{link(lesson, 'The notebook')}; {own['read']} minutes to read, {ceil(lesson.seconds)} seconds to run, "
           f"{plan.in_class(lesson)} minutes in class.{where}{tested(lesson)}")  # fmt: skip
    yield ""
    yield "**Afterwards one can say**"
    yield ""
    yield from (f"- {goal.replace('](../docs/', '](')}" for goal in lesson.goals)
    yield ""
    yield "**On the board**"
    yield ""
    yield f"![{lesson.board['shows']}](board/{lesson.number}.svg)"
    yield ""
    yield "**Predictions**"
    yield ""
    yield from map(prediction, lesson.predictions)
    yield ""
    yield "**Ask aloud**"
    yield ""
    yield from (f"- {asked} *Good answers contain:* {good}" for asked, good in lesson.ask)
    yield ""
    yield "**May be skipped**"
    yield ""
    for name, when in lesson.skip:
        saved = max(1, round(lesson.words[name] / plan.WORDS))
        yield f"- *{name}* ({saved} minute{'s' * (saved > 1)}): {when}."
    yield ""
    if lesson.exercises:
        yield "**Exercises, and mistakes that their checks know by name**"
        yield ""
        yield from map(exercise, lesson.exercises)
        yield ""


def tested(lesson):
    """Which questions of the concept test a lesson answers."""
    numbers = [str(place) for place, item in enumerate(items(), 1) if item.notebook == lesson.number]
    if not numbers:
        return ""
    several = f"questions {', '.join(numbers[:-1])} and {numbers[-1]}" if numbers[1:] else f"question {numbers[0]}"
    return f" It answers {several} of [the test](concept_test.md)."


def prediction(name):
    """A question of the bank with its answer, and what is believed instead, where somebody is known to believe it."""
    asked = question(name)
    said = f"- *{asked.question}* Right: {asked.right}."
    for choice, who in sorted(asked.believed.items()):
        said += f" Some will say: {asked.choices[int(choice)]}. *Behind it:* {who.rstrip('.')}."
    return said


def exercise(one):
    named = "; ".join(one.mistakes[:NAMED])
    points = f"{one.points} point{'s' * (one.points > 1)}"
    return f"- *{one.title}* ({one.level}, {points}, {one.minutes} minutes)" + (
        f": {named}." if named else ", in words."
    )


TABLES = {"profiles": profiles, "lab": lab, "minutes": minutes, "day": day, "semester": semester, "lessons": every}
