"""Predictions: questions to answer before an experiment. What happens, and why, is told with the verdict, not before.

>>> predict("05-page-gates")
Predict: Which setting still has its 1 after 20 steps? A. ω₁ = 1, ω₂ = 0  B. ω₁ = 0, ω₂ = 1  C. both

The questions stand in a file for each notebook in this folder, so that no answer stands in a notebook above its
question: {name: {question, choices, answer (the index of the right choice), because, believed}}. `believed` says of a
wrong choice, by its index, who is known to believe it: {"1": "..."}.
"""

import json
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import anywidget
import traitlets as traits

from course_lib import doors
from course_lib.answers import answers, keep_answer

HERE = Path(__file__).parent
THANKS = "Noted. Now run on: what happens, and why, comes with the verdict."


@dataclass(frozen=True)
class Question:
    """One question of the bank.

    question, choices   what is asked and what can be answered; answer: the index of the right choice
    because             why, in a sentence or two; believed: {index of a wrong choice: who is known to believe it}
    """

    question: str
    choices: tuple[str, ...]
    answer: int
    because: str
    believed: dict[str, str]

    def __post_init__(self):
        choices = doors.texts("Question", "choices", self.choices, least=2)
        if doors.is_a(str, self.choices) or len(set(choices)) < len(choices):
            doors.refuse("Question", "choices as a list of texts, each of them once", self.choices)
        doors.whole("Question", "answer, the index of the right choice,", self.answer, least=0, most=len(choices) - 1)
        doors.text("Question", "question", self.question, empty=False)
        doors.text("Question", "because", self.because, empty=False)
        wrong = [str(k) for k in range(len(choices)) if k != self.answer]
        if not doors.is_a(dict, self.believed) or not set(self.believed) <= set(wrong):
            doors.refuse("Question", f"believed as {{one of {wrong}, a wrong choice: who believes it}}", self.believed)

    @property
    def right(self):
        """The right choice."""
        return self.choices[self.answer]

    @property
    def lettered(self):
        """The choices, each with its letter."""
        return [f"{chr(ord('A') + k)}. {choice}" for k, choice in enumerate(self.choices)]


@cache
def bank(folder=HERE):
    """{name: Question} of all files of a folder; ValueError where one of them is none."""
    found = {}
    for path in sorted(Path(doors.path("bank", "folder", folder)).glob("*.json")):
        try:
            asked = json.loads(path.read_text(encoding="utf-8"))
            for name, fields in asked.items():
                found[name] = Question(**{"believed": {}} | fields | {"choices": tuple(fields["choices"])})
        except (OSError, TypeError, AttributeError, KeyError, ValueError) as error:
            raise ValueError(f"the bank of predictions needs {path.name} as {{name: question}}; {error}") from None
    return found


def question(name):
    """The Question of a name; ValueError for a name that the bank has not."""
    return bank()[doors.choice("predict", "name", name, list(bank()))]


class Prediction(anywidget.AnyWidget):
    """A question with its choices as radio buttons. The choice is kept in answers.json, and comes back on the next run.

    name     its name in the bank; choice: the index of what was chosen, -1 before
    """

    _esm = HERE / "prediction.js"
    asked = traits.Unicode().tag(sync=True)
    choices = traits.List(traits.Unicode()).tag(sync=True)
    choice = traits.Int(-1).tag(sync=True)
    said = traits.Unicode().tag(sync=True)

    def __init__(self, name: str) -> None:
        self.name, self.question = name, question(name)
        super().__init__(asked=self.question.question, choices=list(self.question.choices))
        if (kept := answers().get(name)) in self.choices:
            self.choice, self.said = self.choices.index(kept), THANKS
        self.observe(self.chosen, names=["choice"])

    def chosen(self, change):
        """The learner chose."""
        self.said = THANKS
        try:
            keep_answer(self.name, self.choices[self.choice])
        except OSError as error:
            self.said += f" (It will not be there next time: {error.strerror or error}.)"

    def __repr__(self):
        return f"Predict: {self.asked} " + "  ".join(self.question.lettered)

    def _repr_mimebundle_(self, **options):
        shown = super()._repr_mimebundle_(**options)
        data, about = shown if isinstance(shown, tuple) else (shown, {})
        choices = "<br>\n".join(escape(choice) for choice in self.question.lettered)
        html = f"<p><b>Predict.</b> {escape(self.asked)}</p>\n<p>{choices}</p>"
        return data | {"text/html": html, "text/plain": repr(self)}, about


def predict(name: str) -> Prediction:
    """Ask the question of that name. ValueError for a name that the bank has not."""
    return Prediction(name)


def told(name):
    """What happens and why, in a sentence for who predicted it, who predicted something else, and who did not."""
    asked, chosen = question(name), answers().get(name)
    if chosen not in asked.choices:
        return f"**The prediction:** {asked.right}. {asked.because}"
    if chosen == asked.right:
        return f"**You predicted it:** {asked.right}. {asked.because}"
    return f"**You predicted:** {chosen}. **What happens:** {asked.right}. {asked.because}"
