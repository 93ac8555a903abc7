"""The questions of the concept test, and the beliefs behind their wrong choices."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from course_lib import ledger
from course_lib.predictions import question

FORMS = "AB"
LETTERS = "abc"
FILE = Path(__file__).parent / "items.json"


@dataclass(frozen=True)
class Belief:
    """What somebody thinks who chooses a wrong answer. believed: who is known to think so, or nothing."""

    name: str
    says: str
    believed: str


@dataclass(frozen=True)
class Form:
    """A question as one form of the test has it.

    asks      the question; choices: the answers, in the order of the page
    behind    for each choice the name of the belief behind it, "" for the right one
    why       why the right one is right; numbers: {name: number} of this form, from which the key is computed
    """

    asks: str
    choices: tuple[str, ...]
    behind: tuple[str, ...]
    why: str
    numbers: dict

    @property
    def right(self):
        """The letter of the right choice."""
        return LETTERS[self.behind.index("")]


@dataclass(frozen=True)
class Item:
    """A concept, and how each form asks for it.

    notebook, claims   where the answer is derived or measured: the number of the notebook, and names of the ledger
    """

    name: str
    concept: str
    notebook: str
    claims: tuple[str, ...]
    forms: dict[str, Form]


def form(fields, why, notebook):
    """The Form of its entry in the file; `measured` is looked for among the sentences that the notebook printed."""
    numbers = dict(fields["numbers"])
    if pattern := numbers.pop("measured", ""):
        said = (re.search(pattern, sentence) for _, _, sentence in ledger.said()[notebook])
        numbers |= {name: int(value) for name, value in next(filter(None, said)).groupdict().items()}
    text = {name: shown(value) for name, value in numbers.items()}
    behind, choices = zip(*fields["choices"])
    choices = tuple(choice.format(**text) for choice in choices)
    return Form(fields["asks"].format(**text), choices, behind, why.format(**text), numbers)


def shown(value):
    """A number as a reader sees it: with commas, and a minus sign that is as wide as a plus sign."""
    return f"{value:,}".replace("-", "−")


@cache
def items():
    """All questions, in the order of the test."""
    read = json.loads(FILE.read_text(encoding="utf-8"))["items"]
    return tuple(
        Item(
            one["id"],
            one["concept"],
            one["notebook"],
            tuple(one["claims"]),
            {name: form(one[name], one["why"], one["notebook"]) for name in FORMS},
        )
        for one in read
    )


@cache
def beliefs():
    """{name: Belief}. Where a prediction of the course asks for the same, who believes it is read from there."""
    read = json.loads(FILE.read_text(encoding="utf-8"))["beliefs"]
    found = {}
    for name, fields in read.items():
        who = fields["believed"]
        if isinstance(who, list):
            asked, choice = who
            who = question(asked).believed[choice]
        found[name] = Belief(name, fields["says"], who)
    return found
