"""Every verdict is attacked: after it, under its heading or *Try to break it*, comes an attack on the same claim."""

import json
import re
from collections import Counter

import nbformat
import pytest

from course_lib.claims import CLAIMS
from tools.authoring.notebooks import ROOT, TEMPLATE, all_notebooks

UNTRIED = {  # the verdicts that no attack follows before the next heading, and why
    "00-09": "a product of numbers, which shows how a notebook works",
    "07-31": "of readings of a sentence, which the next round's attacks try",
    "10-14": "of M3, which the attacks after the next round try",
    "12-12": "of equations as they are written",
    "13b-21": "its section goes on to say why, and is attacked after that",
}


def untried(notebook):
    """The ids of cells with a verdict that no attack on its claim follows under its heading or *Try to break it*."""
    waiting, found = {}, []
    for cell in notebook.cells:
        headings = re.findall(r"^##+ +(.+)", cell.source, flags=re.M)
        if cell.cell_type == "markdown" and {*headings} - {"Try to break it"}:
            found, waiting = [*found, *waiting], {}
        for kind, claim in re.findall(r'\b(verdict|attack)\(\s*"([^"]+)"', cell.source):
            if kind == "verdict":
                waiting[cell.id] = claim
            else:
                waiting = {name: other for name, other in waiting.items() if other != claim}
    return [*found, *waiting]


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_every_verdict_is_attacked_before_the_next_section(path):
    notebook = nbformat.read(path, as_version=4)
    assert untried(notebook) == [cell.id for cell in notebook.cells if cell.id in UNTRIED]


def test_every_claim_is_attacked_twice():
    said = json.loads((ROOT / "results" / "said.json").read_text(encoding="utf-8"))
    attacks = Counter(claim for found in said.values() for kind, claim, _ in found if kind in ("withstood", "narrowed"))
    assert {claim.name: attacks[claim.name] for claim in CLAIMS if attacks[claim.name] < 2} == {}


def test_a_verdict_without_its_attack_is_found():
    template = nbformat.read(TEMPLATE, as_version=4)
    verdict = next(cell for cell in template.cells if "verdict(" in cell.source)
    assert untried(template) == [verdict.id]
    verdict.source += '\nattack("T1", True, "It is 3.")'
    assert untried(template) == []
