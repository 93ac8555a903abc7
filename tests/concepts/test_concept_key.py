"""The key of the concept test holds: the right answers are right and the wrong ones wrong, computed from the numbers.

TRUE has for every question a function of its numbers that says of every choice, by the belief behind it ("" for the
right one), whether it is true.
"""

import math
import re
from collections import Counter

import numpy as np
import pytest
import torch

from course_lib import ledger
from course_lib.claims import CLAIMS
from tools.concepts.bank import FORMS, LETTERS, beliefs, items


def sigmoid(b):
    return 1 / (1 + math.exp(-b))


def almost_one(f, steps, empty):
    left = f**steps
    assert math.isclose(1 - empty * (1 - f), 0, abs_tol=1e-9)  # what a loss of the same amount would come to
    return {"": 0 < left < 0.01, "almost-is-one": abs(left - f) < 0.1, "linear-loss": left == 0}


def default_start(steps):
    left = sigmoid(0) ** steps
    said = {20: 1e-6, 10: 1e-3}[steps]
    return {"": abs(left / said - 1) < 0.1, "half-stays": left > 0.4, "default-remembers": left > 0.9}


def bias_for_lag(steps, small, middle, large):
    enough = {b: sigmoid(b) ** steps >= 0.5 for b in (small, middle, large)}
    first = min(b for b, keeps in enough.items() if keeps)
    return {"": first == large, "almost-is-one": first == middle, "bias-one": first == small}


def polarity(f, i):
    """By the derivatives of c' = f c + i g: which of the old and the new it has."""
    has = {"c": f, "g": i}
    only = {name for name, factor in has.items() if factor}
    return {
        "": only == ({"c"} if f else {"g"}),
        "gates-swapped": only == ({"g"} if f else {"c"}),
        "name-misleads": only == (set() if f else {"c", "g"}),
    }


def keep_is_not_store(g, steps):
    c = 0.0
    for t in range(steps):
        c = 1 * c + 0 * (g if t == 0 else 0.0)
    return {"": c == 0, "keep-is-store": c == g, "all-fades": 0 < c < g}


def sum_not_mean(steps, f, i, g):
    c = 0.0
    for _ in range(steps):
        c = f * c + i * g
    said = {10: 5, 20: 4}[steps]
    return {"": math.isclose(c, said), "memory-squeezed": 0.5 < c < 1, "always-mixes": math.isclose(c, g)}


def whole_gradient(factor, square, short, long):
    assert math.isclose(factor**2, square)
    ratio = sum(factor**k for k in range(long)) / sum(factor**k for k in range(short))
    return {"": abs(ratio - 1) < 0.01, "whole-vanishes": ratio < 0.1, "steps-count-alike": ratio > 5}


def norm(keep, mix):
    U = np.array([[keep, mix], [0, keep]])  # noqa: N806
    first = np.array([0.0, 1.0])
    assert np.linalg.norm(U @ first) > 1 and np.linalg.norm(U, 2) > 1
    size = np.linalg.norm(np.linalg.matrix_power(U, 100) @ first)
    return {"": size < 1e-10, "norm-explodes": size > 1e3, "balances": 0.1 < size < 10}


def latch(loose, firm):
    rest = {}
    for w in (loose, firm):
        rest[w] = 1.0
        for _ in range(1000):
            rest[w] = math.tanh(w * rest[w])
    # The smallest kick that throws it over, to a thousandth.
    kick = {w: next(k for k in range(3000) if math.tanh(w * (rest[w] - k / 1000)) <= 0) for w in rest}
    assert kick[firm] > kick[loose]
    through = {w: (w * (1 - rest[w] ** 2)) ** 20 for w in rest}
    return {
        "": through[loose] > 2 * through[firm],
        "keeping-passes": through[firm] > through[loose],
        "bit-decides": abs(through[firm] / through[loose] - 1) < 0.1,
    }


def gradient_not_memory(steps, spread):
    start, noise = 1 / 3, steps * spread**2  # variances: uniform between -1 and 1, and a sum of independent inputs
    known = start / (start + noise)  # R² of the best guess
    return {"": known < 0.05, "noise-cancels": 0.5 < known < 1, "gradient-is-memory": known == 1}


def plain_erases(w, v, held, kick):
    h = held
    for _ in range(50):
        h = math.tanh(w * h)
    assert abs(h - held) < 0.01  # it does rest there
    h = math.tanh(w * h + v * kick)
    for _ in range(10):
        h = math.tanh(w * h)
    return {"": abs(h + held) < 0.02, "no-erase": abs(h - held) < 0.1, "always-accumulates": abs(h) < 0.1}


def blind_gate(after):
    """The best that any constants do: what the number weighs, over the most that a later one weighs."""
    best = {}
    for f in np.linspace(0, 1, 41):
        for i in np.linspace(0.025, 1, 40):
            best[f, i] = i * f**after / max(i * f**k for k in range(after))
    near = max(ratio for (f, i), ratio in best.items() if f > 0.9 and i < 0.2)
    half = max(ratio for (f, i), ratio in best.items() if abs(f - 0.5) < 0.1 and abs(i - 0.5) < 0.1)
    return {"": max(best.values()) <= 1, "constants-enough": near > 2, "fading-separates": half > 2}


def no_product(range, push):
    def relu(a):
        return np.maximum(a, 0)

    c = np.linspace(-range, range, 401)
    y = {k: relu(c - push * (1 - k)) - relu(-c - push * (1 - k)) for k in (0, 1)}
    exact = all(np.array_equal(y[k], k * c) for k in y)
    alike = np.allclose(y[0], y[1])
    return {"": exact, "only-product": alike, "sums-approximate": not exact and not alike}


def one_percent(steps, bias, off):
    first = (1 + off) ** steps
    second = (sigmoid(bias * (1 + off)) / sigmoid(bias)) ** steps
    said = {100: 2.7, 200: 1 / 8}[steps]
    there = [abs(math.log(held / said)) < 0.1 for held in (first, second)]
    return {
        "": there == [True, False] and abs(second - 1) < 0.01,
        "error-piles-everywhere": there == [True, True],
        "error-stays": all(abs(held - 1) < 0.02 for held in (first, second)),
    }


def detours(forget):
    """The ways from c to c', each asked for alone by autograd, in a unit with weights that are not 0."""
    weights = {"f": 0.7, "i": -0.4, "g": 0.9} if forget else {"i": -0.4, "g": 0.9}
    c = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    h = 0.6 * torch.tanh(c)
    ways = set()
    for way in weights:
        seen = {name: (torch.tanh if name == "g" else torch.sigmoid)(w * (h if name == way else h.detach()))
                for name, w in weights.items()}  # fmt: skip
        new = seen.get("f", torch.ones(())) * c.detach() + seen["i"] * seen["g"]
        if abs(torch.autograd.grad(new, c, retain_graph=True)[0]) > 1e-6:
            ways.add(way)
    return {"": ways == set(weights), "candidate-alone": ways == {"g"}, "product-is-all": not ways}


def slopes(steps, f):
    """The gradient by the direct way is f^steps: with no slope, of at most 1/4, in it."""
    gate = torch.tensor(f, dtype=torch.float64)
    start = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    c = start
    for _ in range(steps):
        c = gate * c + 0.5 * 0.1
    whole = torch.autograd.grad(c, start)[0].item()
    times = [k for k in (0, 1, steps) if math.isclose(whole, f**steps * 0.25**k, rel_tol=1e-9, abs_tol=0)]
    return {"": times == [0], "slope-at-read": times == [1], "slope-in-path": times == [steps]}


def erase_by_writing(held):
    written = {i * g for i in np.linspace(0, 1, 21) for g in np.linspace(-1, 1, 21)}
    shut = held + 0 * 1.0
    can = any(abs(held + one) < 1e-9 for one in written)
    return {"": can, "only-forget-erases": not can, "shut-erases": shut == 0}


def toggle(low, high):
    """a and b with which low becomes high and high low: two equations."""
    a, b = np.linalg.solve([[low, 1], [high, 1]], [high, low])
    assert math.isclose(a * low + b, high) and math.isclose(a * high + b, low)
    return {"": math.isclose(a, -1), "erase-first": math.isclose(a, 0), "write-corrects": math.isclose(a, 1)}


def reading(other, whole):
    return {"": abs(other - whole) <= 4, "output-gate-needed": other < whole / 2, "gates-hinder": other > 2 * whole}


def intervention(usual, put):
    """By what 13 measured: held at the value that is usual outside brackets, the unit costs far more than at 0."""
    N = r"(\d+\.\d+)"  # noqa: N806
    told = rf"at its mean of {N} the bracket unit costs {N}.*held at 0 {N}"
    (found,) = filter(None, (re.search(told, sentence) for _, _, sentence in ledger.said()["13"]))
    mean, costs, least = map(float, found.groups())
    used = costs > 5 * least and abs(mean - 1.2) < 0.1 and usual != put
    assert abs(costs / least - 10) < 2  # "ten times as much"
    return {"": used, "zero-is-neutral": not used, "others-stand-in": not used}


TRUE = {"almost-one": almost_one, "default-start": default_start, "bias-for-lag": bias_for_lag, "polarity": polarity,
        "keep-is-not-store": keep_is_not_store, "sum-not-mean": sum_not_mean, "whole-gradient": whole_gradient,
        "norm": norm, "latch": latch, "gradient-not-memory": gradient_not_memory, "plain-erases": plain_erases,
        "blind-gate": blind_gate, "no-product": no_product, "one-percent": one_percent, "detours": detours,
        "slopes": slopes, "erase-by-writing": erase_by_writing, "toggle": toggle, "reading": reading,
        "intervention": intervention}  # fmt: skip
ASKED = [(item, form) for item in items() for form in FORMS]


@pytest.mark.parametrize("item, form", ASKED, ids=lambda one: getattr(one, "name", one))
def test_the_right_answer_is_true_and_no_other_is(item, form):
    asked = item.forms[form]
    true = TRUE[item.name](**asked.numbers)
    assert set(true) == set(asked.behind)
    assert {belief for belief, holds in true.items() if holds} == {""}


@pytest.mark.parametrize("item", items(), ids=lambda item: item.name)
def test_the_two_forms_ask_for_one_concept_with_other_words_or_numbers(item):
    a, b = item.forms.values()
    assert sorted(a.behind) == sorted(b.behind) and a.asks != b.asks
    assert len(a.choices) == len(set(a.choices)) == len(LETTERS) == len(set(b.choices))


@pytest.mark.parametrize("item", items(), ids=lambda item: item.name)
def test_a_question_names_where_its_answer_is_measured_or_derived(item):
    known = {claim.name for claim in CLAIMS} | {"0", "13"}
    assert set(item.claims) <= known and {name for _, name, _ in ledger.said()[item.notebook]} & set(item.claims)


@pytest.mark.parametrize("name", FORMS)
def test_the_right_answer_is_known_neither_by_its_place_nor_by_its_length(name):
    forms = [item.forms[name] for item in items()]
    places = Counter(form.right for form in forms)
    assert all(4 <= places[letter] <= 9 for letter in LETTERS), places
    lengths = [(len(form.choices[LETTERS.index(form.right)]), sorted(map(len, form.choices))) for form in forms]
    for odd in (0, -1):  # alone the shortest, alone the longest: a third would be so by chance
        assert sum(own == all_[odd] and all_.count(own) == 1 for own, all_ in lengths) <= 9
    in_a_row = re.search(r"(.)\1{3}", "".join(form.right for form in forms))
    assert in_a_row is None


def test_every_belief_stands_behind_a_wrong_answer_and_most_are_asked_for_nowhere_else():
    used = Counter(belief for item in items() for belief in item.forms["A"].behind if belief)
    assert set(used) == set(beliefs()) and max(used.values()) <= 2
    assert all(one.says.endswith(".") and "{" not in one.says for one in beliefs().values())


@pytest.mark.parametrize("item, form", ASKED, ids=lambda one: getattr(one, "name", one))
def test_the_gates_that_a_question_names_are_those_of_its_biases(item, form):
    asked = item.forms[form]
    text = " ".join([asked.asks, *asked.choices])
    for bias, gate in re.findall(r"b = (\d+), (?:a gate of|about) (0\.\d+)", text):
        assert f"{sigmoid(int(bias)):.{len(gate) - 2}f}" == gate
