"""Every claim of the page has evidence, and every verdict of a notebook is in the ledger."""

import json
import re
import shutil
from pathlib import Path

import pytest

from course_lib import ledger
from tools.authoring.notebooks import CellExecutionError, execute

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
NAMES = ["A1", "A2", "A3", "A4", "A5", "A6", "Q1", "Q2", "C1", "C2", "C3", "C4", "C5",
         "N1", "N2", "N3", "N4", "N5", "M1", "M2", "M3"]  # fmt: skip
by_claim = pytest.mark.parametrize("claim", ledger.CLAIMS, ids=lambda claim: claim.name)


def test_the_ledger_has_every_claim_of_the_page_once():
    assert [claim.name for claim in ledger.CLAIMS] == NAMES


@by_claim
def test_a_claim_is_complete(claim):
    assert claim.verdict in ledger.VERDICTS
    assert all(text.endswith((".", "?")) for text in (claim.says, claim.expected, claim.limits))


@by_claim
def test_a_claim_has_evidence_with_a_number_in_each_of_its_notebooks(claim):
    found = ledger.evidence(claim, folder=NOTEBOOKS)
    assert {number for number, _ in found} == set(claim.notebooks)
    assert all(re.search(r"\d", sentence) for _, sentence in found)


def test_no_verdict_of_a_notebook_is_missing_from_the_ledger():
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))[:-1]:  # the last one shows the ledger
        number = path.name[:2]
        shown = {name for name, _ in ledger.printed(path)} - {str(int(number))}  # a notebook's own verdicts
        assert shown == {claim.name for claim in ledger.CLAIMS if number in claim.notebooks}, path.name


def test_a_claim_whose_verdict_is_gone_is_an_error(tmp_path):
    claim = ledger.CLAIMS[0]
    path = next(NOTEBOOKS.glob("01_*.ipynb"))
    text = path.read_text(encoding="utf-8").replace("**Verdict A1", "**Verdict A2")
    (tmp_path / path.name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="needs a verdict on A1"):
        ledger.evidence(claim, folder=tmp_path)


def test_a_claim_whose_notebook_is_gone_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="needs notebook 01 for A1"):
        ledger.evidence(ledger.CLAIMS[0], folder=tmp_path)


def test_the_last_notebook_shows_the_evidence_as_the_others_show_it_now():
    cells = json.loads(next(NOTEBOOKS.glob("14_*.ipynb")).read_text(encoding="utf-8"))["cells"]
    shown = "\n".join("".join(output.get("data", {}).get("text/markdown", ""))
                      for cell in cells for output in cell.get("outputs", []))  # fmt: skip
    for claim in ledger.CLAIMS:
        assert ledger.page(claim, folder=NOTEBOOKS) in shown, f"{claim.name} is not up to date: run `make notebooks`"


def test_evidence_that_no_longer_supports_its_verdict_stops_its_notebook(tmp_path):
    """The assertion is in the notebook: with the two gates of 05 exchanged, its verdict on A4 is not printed."""
    path = Path(shutil.copy(next(NOTEBOOKS.glob("05_*.ipynb")), tmp_path))
    text = path.read_text(encoding="utf-8")
    changed = text.replace(r"{\"forget\": f, \"input\": i}", r"{\"forget\": i, \"input\": f}")
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(CellExecutionError, match="A4: this run does not support the verdict"):
        execute(path)
