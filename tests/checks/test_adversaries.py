"""An adversary perturbs every solution; what is then wrong at the stated horizon must not pass."""

import sys
from collections import Counter
from contextlib import redirect_stdout
from functools import cache
from io import StringIO

import pytest
import torch

from course_lib.checks import PROBLEMS
from course_lib.checks.compare import Unreadable, numbers, plain, same
from course_lib.checks.draw import HORIZON, drawn_for
from course_lib.checks.judge import NotRight
from course_lib.checks.mutate import mutants
from solutions import answer, function, solutions

SCALES = (0, 0.3, 0.5, 0.7, 1.3)
ENOUGH = 40_000  # lines that a perturbed answer may run on one call: more is an endless loop
SEARCHED = 14  # perturbed answers of each problem; the search over all of them is run by hand, with ALL
ALL = False


class Endless(Exception):
    """A perturbed loop does not end."""


def bounded(call):
    """The function call, which raises Endless after ENOUGH lines of the perturbed answer."""

    def limited(*args):
        lines = 0

        def count(frame, event, arg):
            nonlocal lines
            lines += 1
            if lines > ENOUGH:
                raise Endless
            return count

        before = sys.gettrace()
        sys.settrace(lambda frame, event, arg: count if frame.f_code.co_filename == "<string>" else None)
        try:
            return call(*args)
        finally:
            sys.settrace(before)

    return limited


@cache
def judged(name):
    """[(case, what is expected)] of the check of a problem, shown and hidden."""
    found = []
    for which in ("shown", "hidden"):
        cases, _, expected = PROBLEMS[name].drawn("", which)
        found += zip(cases, expected)
    return found


def passes(name, call):
    """Does an answer pass the check, shown and hidden?"""
    try:
        return all(same(plain(PROBLEMS[name].act(call, case)), right) for case, right in judged(name))
    except Exception:
        return False


def wandering(cases, generator):
    """Long sequences that the check does not draw: each symbol is followed by one that a chain of its own prefers."""
    short = [case["x"] for case in cases if case["x"].shape[1] <= 6]
    symbols = torch.cat([x.reshape(-1, *x.shape[2:]) for x in short]).unique(dim=0)
    openings = torch.cat([x[:, 0] for x in short]).unique(dim=0)
    rows = []
    for sharpness in (0.0, 1.0, 2.0, 4.0, 8.0) * 4:
        prefer = torch.softmax(sharpness * torch.randn(len(symbols), len(symbols), generator=generator), dim=1)
        at = int(torch.randint(len(symbols), (), generator=generator))
        row = [openings[int(torch.randint(len(openings), (), generator=generator))]]
        for _ in range(HORIZON - 1):
            at = int(torch.multinomial(prefer[at], 1, generator=generator))
            row.append(symbols[at])
        rows.append(torch.stack(row))
    return {"x": torch.stack(rows)}


@cache
def others(name):
    """[(case, what is expected)] of other seeds, and of long sequences that no check has drawn."""
    one, given = PROBLEMS[name], PROBLEMS[name].given("")
    cases = [case for k in range(3) for case in one.cases(drawn_for(name, f"adversary {k}"), **given)]
    if one.axes[:1] == ("sequence",):
        cases.append(wandering(cases, drawn_for(name, "chain")))
    inputs = [{key: numbers(value) for key, value in case.items()} for case in cases]
    expected = one.run(one.reference, inputs, given)
    return list(zip(cases, expected))


def holds(name, call):
    """Is an answer right on what the check does not draw?"""
    return all(same(plain(PROBLEMS[name].act(call, case)), right) for case, right in others(name))


def perturbed(name):
    """[(what was changed, source)], evenly chosen among all small changes of a solution."""
    lines = [line for line in solutions()[name].splitlines() if "### " not in line]
    found = list({source: words for words, source in mutants("\n".join(lines), scale=SCALES, cut=True)}.items())
    step = 1 if ALL else max(1, len(found) // SEARCHED)
    return [(words, source) for source, words in found[::step]]


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_perturbed_solution_passes_only_if_it_is_right_at_the_horizon(name):
    seen, told = Counter(), []
    for words, source in perturbed(name):
        try:
            call = bounded(function(name, source))
        except Exception:
            continue
        accepted = passes(name, call)
        seen[accepted] += 1
        if accepted and not holds(name, call):
            told.append(words)
    assert told == [] and seen[False]


@pytest.mark.parametrize("name", [name for name, one in PROBLEMS.items() if one.axes[:1] == ("sequence",)])
def test_the_solution_holds_on_long_sequences_that_no_check_has_drawn(name):
    assert holds(name, answer(name))


@pytest.mark.parametrize("name", [name for name in PROBLEMS if answer(name).__code__.co_argcount])
def test_an_answer_that_remembers_the_shown_cases_is_wrong(name):
    right, known = answer(name), {}

    def key(args):
        return repr([one.tolist() if isinstance(one, torch.Tensor) else one for one in args])

    def learn(*args):
        known[key(args)] = right(*args)
        return known[key(args)]

    with redirect_stdout(StringIO()):
        PROBLEMS[name](learn)
    with pytest.raises((NotRight, Unreadable, KeyError)):
        PROBLEMS[name](lambda *args: known[key(args)], hidden=True)
