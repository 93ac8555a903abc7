"""The ledger: every claim of the question page, what was expected, the verdict, the evidence, and the attacks on it.

Evidence and attacks are not written here. `lesson.verdict` and `lesson.attack` print them in the notebooks, once their
assertions have held, and `make notebooks` copies what was printed into results/said.json, which comes with the course:
what a learner does to a notebook changes nothing here. A claim without a sentence is an error; a notebook whose numbers
do not support its sentence fails.
"""

import json
from pathlib import Path

from course_lib import doors
from course_lib.claims import Claim

SAID = Path(__file__).resolve().parents[1] / "results" / "said.json"
HEADS = {"verdict": "**Verdict ", "withstood": "**Attack withstood, ", "narrowed": "**Attack that narrows, "}


def printed(path):
    """[(kind, claim's name, sentence)] of the verdicts and attacks that a notebook shows, kind as in HEADS.

    ValueError for what is no notebook.
    """
    with doors.using("printed", "path as a notebook", doors.path("printed", "path", path)):
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
        texts = ["".join(data.get("text/markdown", "")) for data in outputs]
    return [(kind, *text.removeprefix(head).split(".** ", 1))
            for text in texts for kind, head in HEADS.items() if text.startswith(head)]  # fmt: skip


def said(file=SAID):
    """{notebook's number: [[kind, claim's name, sentence]]}: what the notebooks printed, as `make notebooks` kept it.

    ValueError where the file cannot be read.
    """
    with doors.using("the ledger", "file as `make notebooks` writes it", doors.path("the ledger", "file", file)):
        kept = json.loads(Path(file).read_text(encoding="utf-8"))
        return {number: [(kind, name, sentence) for kind, name, sentence in rows] for number, rows in kept.items()}


def evidence(claim, *, file=SAID):
    """[(notebook's number, sentence)]: the verdicts on a claim in its notebooks, read from file.

    ValueError where one of its notebooks prints no verdict on it.
    """
    doors.instance("evidence", "claim", claim, Claim, such_as="CLAIMS[0]")
    found = [(number, sentence) for number, rows in said(file).items() if number in claim.notebooks
             for kind, name, sentence in rows if (kind, name) == ("verdict", claim.name)]  # fmt: skip
    if missing := [number for number in claim.notebooks if number not in dict(found)]:
        raise ValueError(f"the ledger needs a verdict on {claim.name} in notebook {missing[0]}; it prints none")
    return found


def attacks(claim, *, file=SAID):
    """[(notebook's number, kind, sentence)]: what was tried against a claim, in any notebook, read from file."""
    doors.instance("attacks", "claim", claim, Claim, such_as="CLAIMS[0]")
    return [(number, kind, sentence) for number, rows in said(file).items() for kind, name, sentence in rows
            if kind != "verdict" and name == claim.name]  # fmt: skip


def page(claim, *, file=SAID):
    """A claim with its evidence and the attacks on it, as Markdown; ValueError as evidence."""
    found = "\n".join(f"- {number}: {sentence}" for number, sentence in evidence(claim, file=file))
    limits = f" (limited is {claim.limited})" if claim.limited else ""
    words = f"Expected: {claim.expected} Verdict: **{claim.verdict}**{limits}. {claim.limits}".rstrip()
    text = [f"**{claim.name}. {claim.says}**", words, found]
    if claim.overturn:
        text.append(f"What would overturn it: {claim.overturn}")
    if tried := attacks(claim, file=file):
        text += ["Tried against it:", "\n".join(f"- {number}, {kind}: {sentence}" for number, kind, sentence in tried)]
    return "\n\n".join(text)
