"""For whom a wrong answer is right: the instances of an exercise that belong to other learners."""

from functools import cache

from course_lib.checks.compare import numbers, plain, same
from course_lib.checks.draw import drawn_for


@cache
def others(one):
    """The instances of a few dozen tokens, each once; none where the constants are not what the learner is told."""
    if not one.given("").keys() <= one.shown("").keys():
        return []
    drawn = [one.given(f"another learner {k}" if k else "") for k in range(48)]
    return [other for k, other in enumerate(drawn) if other not in drawn[:k]]


def right_for(one, instances, got, inputs, given, first):
    """The line that says which of these instances, besides given, would have what was got; none if none would."""
    for other in instances:
        versions = [one.reference, *one.readings.values()] if other != given else []
        if any(one.same_as(version, got, inputs, other, first) for version in versions):
            return [told(other, given)]
    return []


def right_elsewhere(one, answer, given):
    """The line that says for which other instance an answer is right on the cases that instance has of its own."""
    return [told(other, given) for other in others(one) if other != given and right_in(one, answer, other)][:1]


def right_in(one, answer, given):
    """Is an answer to a problem right on the cases of an instance?"""
    try:
        for case in one.cases(drawn_for(one.name, "", "shown"), **given):
            inputs = {name: numbers(value) for name, value in case.items()}
            if not same(plain(one.act(answer, case)), one.run(one.reference, [inputs], given)[0]):
                return False
        return True
    except Exception:  # the instance is none for it
        return False


def told(other, given):
    """What is said of an answer that is right for another instance than the learner's."""
    return f"This is right for another instance, {other}; yours is {given}."
