"""Every claim of the page has evidence, and every verdict of a notebook is in the ledger."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from course_lib import ledger
from course_lib.claims import CLAIMS, VERDICTS, Claim
from tools.authoring.notebooks import CellExecutionError, execute, number

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
COURSE = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
LAST = next(path for path in COURSE if path.stem.endswith("what_is_true"))  # shows the ledger
NAMES = ["A1", "A2", "A3", "A4", "A5", "A6", "Q1", "Q2", "C1", "C2", "C3", "C4", "C5",
         "N1", "N2", "N3", "N4", "N5", "M1", "M2", "M3"]  # fmt: skip
by_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)


def test_the_ledger_has_every_claim_of_the_page_once():
    assert [claim.name for claim in CLAIMS] == NAMES


@by_claim
def test_a_claim_is_complete(claim):
    assert claim.verdict in VERDICTS
    assert all(text.endswith((".", "?")) for text in (claim.says, claim.expected, claim.limits, claim.overturn))
    assert bool(claim.limited) or claim.verdict != "true with limits"  # it says what is limited
    assert not re.match(r"As (the|it|they)\b.* say", claim.expected)  # which is no expectation


@by_claim
def test_a_claim_has_evidence_with_a_number_in_each_of_its_notebooks(claim):
    found = ledger.evidence(claim)
    assert {number for number, _ in found} == set(claim.notebooks)
    assert all(re.search(r"\d", sentence) for _, sentence in found)


def numbers(text):
    """The numbers of a text, as they are written; A2 is a name."""
    return {found.rstrip(",.") for found in re.findall(r"(?<![A-Za-z])\d[\d,.]*", text)}


@by_claim
def test_a_number_in_the_limits_of_a_claim_was_printed(claim):
    """By a verdict or an attack on the claim, or by any in a notebook that the limits name, as in (11, 11b)."""
    named = re.compile(r"\((?:\d\db?(?:, |\)))+|\bin \d\db?\b")
    places = set(re.findall(r"\d\db?", " ".join(named.findall(claim.limits))))
    said = " ".join(sentence for number, rows in ledger.said().items() for _, name, sentence in rows
                    if name == claim.name or number in places)  # fmt: skip
    missing = numbers(named.sub("", claim.limits)) - numbers(said)
    assert not missing, f"no sentence on {claim.name} prints {missing}; if one of another claim does, name its notebook"


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_what_a_notebook_printed_is_what_the_ledger_reads(path):
    kept = json.loads(ledger.SAID.read_text(encoding="utf-8"))
    assert kept.get(number(path)) == [list(row) for row in ledger.printed(path)], "run `make notebooks`"


@pytest.mark.parametrize("path", [path for path in COURSE if path != LAST], ids=lambda path: path.stem)
def test_no_verdict_of_a_notebook_is_missing_from_the_ledger(path):
    own = {number(path).lstrip("0") or "0"}  # a verdict that bears the notebook's number is its own
    shown = {name for kind, name, _ in ledger.printed(path) if kind == "verdict"} - own
    listed = {claim.name for claim in CLAIMS if number(path) in claim.notebooks}
    assert shown == listed, f"its verdicts are on {shown}; the claims whose notebooks name {number(path)} are {listed}"


def test_an_attack_is_on_a_claim_of_the_ledger_and_comes_after_a_verdict_on_it():
    for path in COURSE:
        seen = set()
        for kind, name, _ in ledger.printed(path):
            assert kind == "verdict" or name in seen, (path.name, name)
            seen.add(name)


def test_a_claim_whose_verdict_is_gone_is_an_error(tmp_path):
    kept = json.loads(ledger.SAID.read_text(encoding="utf-8")) | {"01": [["verdict", "A2", "1 of 5."]]}
    (tmp_path / "said.json").write_text(json.dumps(kept), encoding="utf-8")
    with pytest.raises(ValueError, match="needs a verdict on A1 in notebook 01"):
        ledger.evidence(CLAIMS[0], file=tmp_path / "said.json")


def test_an_attack_is_told_with_its_outcome_and_is_no_evidence(tmp_path):
    kept = {"01": [["verdict", "A1", "It is 1."], ["withstood", "A1", "More of it, 2."], ["narrowed", "A1", "3."]]}
    (tmp_path / "said.json").write_text(json.dumps(kept), encoding="utf-8")
    assert ledger.evidence(CLAIMS[0], file=tmp_path / "said.json") == [("01", "It is 1.")]
    claim = Claim("A1", "One is 1.", "Yes.", "true", "Only here.", ("01",))
    told = ("**A1. One is 1.**", "Expected: Yes. Verdict: **true**. Only here.", "- 01: It is 1.")
    tried = ("Tried against it:", "- 01, withstood: More of it, 2.\n- 01, narrowed: 3.")
    assert ledger.page(claim, file=tmp_path / "said.json") == "\n\n".join([*told, *tried])
    claim = replace(claim, limits="", limited="the claim", overturn="Two.")
    told = (
        told[0],
        "Expected: Yes. Verdict: **true** (limited is the claim).",
        told[2],
        "What would overturn it: Two.",
    )
    assert ledger.page(claim, file=tmp_path / "said.json") == "\n\n".join([*told, *tried])
    (tmp_path / "said.json").write_text(json.dumps({"01": kept["01"][:1]}), encoding="utf-8")
    assert ledger.page(claim, file=tmp_path / "said.json") == "\n\n".join(told)


def test_verdicts_and_attacks_are_read_from_whatever_a_notebook_shows(tmp_path):
    shown = [
        ["**Verdict A1.** Of ω ≥ 1 ", "it is so.** 3"], "**Attack withstood, A1.** No.",
        "**Attack that narrows, A2.** Yes.", "A1.** no verdict", "XX", "",
    ]  # fmt: skip
    outputs = [{"text": "**Verdict A1.** printed"}, {"data": {"text/plain": "**Verdict A1.** plain"}}]
    outputs += [{"data": {"text/markdown": text}} for text in shown]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"cells": [{"source": ""}, {"outputs": outputs}]}, ensure_ascii=False), encoding="utf-8")
    assert ledger.printed(path) == [
        ("verdict", "A1", "Of ω ≥ 1 it is so.** 3"),
        ("withstood", "A1", "No."),
        ("narrowed", "A2", "Yes."),
    ]


def test_the_last_notebook_shows_the_ledger_as_it_is_now():
    cells = json.loads(LAST.read_text(encoding="utf-8"))["cells"]
    shown = "\n".join("".join(output.get("data", {}).get("text/markdown", ""))
                      for cell in cells for output in cell.get("outputs", []))  # fmt: skip
    for claim in CLAIMS:
        assert ledger.page(claim) in shown, f"{claim.name} is not up to date: run `make notebooks`"


def test_evidence_that_no_longer_supports_its_verdict_stops_its_notebook(tmp_path):
    """The assertion is in the notebook: with the two gates of 05 exchanged, its verdict on A4 is not printed."""
    path = Path(shutil.copy(next(NOTEBOOKS.glob("05_*.ipynb")), tmp_path))
    text = path.read_text(encoding="utf-8")
    changed = text.replace(r"{\"forget\": f, \"input\": i}", r"{\"forget\": i, \"input\": f}")
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(CellExecutionError, match="A4: this run does not support the verdict"):
        execute(path)
