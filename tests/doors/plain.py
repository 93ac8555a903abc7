"""Right data for the figures of the notebooks, and everything that can be wrong within it, at every depth."""

from copy import deepcopy
from math import inf, nan

import numpy as np
from values import Kind

from course_lib.claims import CLAIMS
from course_lib.data import load_weather

ODD = (None, "a", nan, inf, True, 1j, b"a", object(), [], {}, (), print, [[]], range(10**9))
THREE = [0.5, 0.25, 0.75]
LONG = np.linspace(0.9, 0.1, 120)
MEMORIES = ("identity RNN", "ReLU RNN", "additive", "mark added", "LSTM 1997")
PARTS = {"c": "in comments", "h": "in strings"}
UNIT = {"c": 1, "h": 2}
PLACES = [("adding", 10), ("adding", 20)]
ENDS = {"σ, tanh": THREE, "tanh, σ": THREE}

GIVEN = {  # function of course_lib/figures: right arguments
    "at_work.at_work": {"letters": ["a", "\n", "?"], "gates": {"forget": THREE, "output": THREE},
                        "memory": {"bit 1": THREE, "bit -1": THREE}, "moments": {"Asked": 2}, "x": "letter"},
    "constant_error_flow.roads": {"states": {"": {"bias 5": [{"direct": 0.5, "rest": 0.25, "shares": THREE}] * 2}},
                                  "back": 49},
    "constant_error_flow.detours": {"shares": {"bias 5": THREE, "chrono": THREE}},
    "constant_error_flow.cuts": {"updates": {"kept": [300, 200], "cut": [150, 100]}},
    "gates_that_decide.learning": {"losses": dict.fromkeys(("constant gate", "gate that sees"), [LONG, LONG[:30]]),
                                   "guessing": 0.3, "solved_at": 0.01},
    "gates_that_decide.weights": {"new": dict.fromkeys(("plain", "gated"), THREE),
                                  "slope": dict.fromkeys(("plain", "gated"), THREE), "marked": np.arange(3) == 1},
    "how_few_gates.waiting": {"curves": {"LSTM": (THREE, THREE)}, "won": {"LSTM": "5 of 15"}, "budget": 1500},
    "how_few_gates.undone": {"slopes": {"at a mark": THREE, "elsewhere": THREE}},
    "how_long_a_gate_keeps.lives": {"left": {"chrono": [THREE] * 10}},
    "how_long_a_gate_keeps.stretched": {"loss": {"none": {"constant gate": THREE}}, "guessing": 1.6},
    "what_is_true.claims_with_verdicts": {"claims": [CLAIMS[0]], "attacks": {CLAIMS[0].name: (2, 1)}},
    "what_is_true.sequences": {"now": {100: THREE}, "then": {100: 74_000}},
    "what_is_true.million": {"fine": THREE, "formula": THREE, "kept": {14.0: 0.4}},
    "gru_and_after.toggling": {"losses": {"GRU": [LONG, LONG[:30]]}, "guessing": 0.7, "solved_at": 0.1},
    "how_much_and_what.soon": {"updates": {"split": THREE, "one sigmoid, half": THREE}, "budget": 700},
    "how_much_and_what.divided": {"error": {"nothing": THREE, "i mark alone": THREE},
                                  "shares": {("i", "mark"): THREE, ("g", "number"): THREE}, "baseline": 0.3},
    "keep_everything.fading": {"tanh": LONG, "relu": LONG, "theory": LONG},
    "keep_everything.noisy": {"knows": dict.fromkeys(MEMORIES, LONG), "slope": dict.fromkeys(MEMORIES, LONG),
                              "theory": LONG},
    "keep_everything.saturating": {"slopes": {"silence": THREE, "noise": THREE, "a step": THREE}},
    "keep_everything.price": {"weights": THREE, "withstood": THREE, "passed": THREE,
                              "others": {"LSTM 1997": ("gated memory", 0.0, 0.9)}},
    "keep_everything.found": {"size": [THREE] * 3, "lags": [40, 100, 1000], "known": [THREE] * 3,
                              "groups": {name: np.arange(3) == k for k, name in enumerate("abc")}},
    "mixing_old_and_new.memories": {"x": np.eye(20)[2], "held": dict.fromkeys(("latch", "leak", "count", "tied"),
                                                                              LONG[:20])},
    "mixing_old_and_new.decay": {"gates": [0.5, 0.9], "left": [LONG, LONG], "halves": [1.0, 6.6]},
    "mixing_old_and_new.counting": {"counts": [1, 20, 40], **{
        name: dict.fromkeys(("LSTM", "tied"), rows)
        for name, rows in {"solved": THREE, "answers": [THREE] * 2, "largest": [THREE] * 2}.items()}},
    "one_network.switching": {"value": THREE, "mark": [1, 0, 1], "held": THREE},
    "one_network.fragile": {"shares": [1e-3, 1e-2], "rights": {"one gate": ("minGRU", [[1.0, 0.5]] * 2)}},
    "reading_memory.learning": {"updates": {0.01: {"network": THREE}, 0.03: {"network": THREE}}, "budget": 400},
    "reading_memory.showing": {"in_h": {"network": THREE}, "in_gates": {"network": THREE}},
    "real_memory.pictures": {"images": np.zeros((12, 8, 8)), "digits": np.arange(12)},
    "real_memory.behind_noise": {"right": {(kind, 50): [90.0, 95.0] for kind in (
        "LSTM, chrono", "LSTM, default", "RNN, orthogonal", "RNN, default")}},
    "real_memory.carried": {"fits": dict.fromkeys(UNIT, THREE), "unit": UNIT},
    "real_memory.coloured": {"text": "a # b", "memory": LONG[:5], "unit": 3},
    "real_memory.missed": {"own": dict.fromkeys(UNIT, 0.5), "others": dict.fromkeys(UNIT, THREE), "where": PARTS,
                           "unit": UNIT},
    "real_memory.held": {"cost": dict.fromkeys(("0", "its mean"), dict.fromkeys(UNIT, 0.5)), "where": PARTS,
                         "unit": UNIT},
    "recurrence.week": {"weather": load_weather()},
    "recurrence.compared": {"channels": dict.fromkeys(("RNN", "memoryless"), [[0.9, 0.8]] * 2), "names": ["T", "p"]},
    "recurrence.reach": {"hours": [1, 2, 4], "settled": [THREE] * 2, "cut": [THREE] * 2,
                         "linear": {1: 0.9, 2: 0.8, 4: 0.8}},
    "start_here.four_memories": {"memory": {0.9: THREE, 1.0: THREE}},
    "the_lstm.gaps": {"measured": {name: {"output": 0.0, "dW": 0.1} for name in "abc"}},
    "the_lstm.readings": {"measured": dict.fromkeys(ENDS, 0.5)},
    "the_lstm.curves": {"memory": [-2.0, 0.0, 2.0], "standard": {1.0: THREE}, "page": {1.0: THREE}},
    "the_lstm.slopes": {"memory": THREE, "by_hand": dict.fromkeys(("LSTM", "page"), THREE), "at_start": ENDS},
    "the_lstm.learning": {"updates": ENDS},
    "what_training_finds.reached": {"reach": {"relu": [5, 0], "tanh": [10, 80]}, "tasks": ["adding", "counting"],
                                    "blocks": [["relu"], ["tanh"]]},
    "where_memory_goes.solved_by_lag": {"solved": {("Adding", 5): 5, ("Adding", 10): 2}, "runs": 5},
    "where_memory_goes.contributions": {"share": [LONG] * 2},
    "where_memory_goes.powers": {"steps": [1, 2, 3], "true": [THREE] * 2, "norm": [1.1, 1.2], "radius": [0.5, 0.6]},
    "where_memory_goes.slowed": {"found": dict.fromkeys(
        ("size", "compiled", "torch.nn.LSTM", "torch.nn.LSTM, flushing"), THREE)},
    "where_memory_goes.awakening": {"watched": dict.fromkeys(
        ("the task", "coin tosses"), [[[0, 0.5, 0.1], [1, 1.5, 0.2]]])},
    "which_gate_matters.learnt": {"updates": {"default": {"RNN": THREE[:2]}, "chrono": {"RNN": THREE[:2]}},
                                  "places": PLACES, "budget": 1500},
    "which_gate_matters.missed": {"cost": {"chrono": {"input gate": THREE[:2]}}, "places": PLACES, "budget": 1500},
    "where_the_gates_are.copied": {"right": {"GRU": THREE}, "guessing": 0.1},
    "where_the_gates_are.recalled": {"pairs": [2, 4, 8], **{
        name: dict.fromkeys(("fixed", "cache"), [3, 2, 1]) for name in ("right", "numbers")}},
    "where_the_gates_are.through_layers": {"gradient": {"plain": [THREE] * 2}},
}  # fmt: skip


def within(value):
    """[(what stands there, function that puts another thing there in a copy)] for value and places within, the last."""
    found = [(value, lambda new: new)]
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, one in list(inside)[-2:]:
        for old, put in within(one):

            def place(new, key=key, put=put):
                copy = list(value) if isinstance(value, tuple) else deepcopy(value)
                copy[key] = put(new)
                return tuple(copy) if isinstance(value, tuple) else copy

            found.append((old, place))
    return found


def spoiled(value):
    """Copies of value with something in one place that cannot be right there, whatever it means."""
    return [put(new) for old, put in within(value) for new in ODD if not isinstance(old, str) or new != "a"]


def unfit(value):
    """Copies of value in which something is longer, shorter, missing or has another name: right or refused."""
    found = [deepcopy(value)]
    if isinstance(value, dict):
        keys, last = list(value), list(value)[-1]
        found += [{key: value[key] for key in keys[:-1]}, {**value, "another": value[last]}, {"another": value[last]}]
    elif isinstance(value, (list, np.ndarray)):
        found += [value[:-1], [*value, value[-1]], [value]]
    elif isinstance(value, (str, int, float)):
        found += [value * 100, value * 0, "$\\frac{$"]
    if isinstance(value, (dict, list, tuple)):
        last = list(value)[-1] if isinstance(value, dict) else len(value) - 1
        put = {**value} if isinstance(value, dict) else list(value)
        for new in unfit(value[last])[1:]:
            found.append({**put, last: new} if isinstance(value, dict) else [*put[:-1], new])
    return found


def kinds():
    """{"file.function.parameter": its Kind} of the figures."""
    return {f"{function}.{name}": Kind(lambda value=value: value, tuple(spoiled(value)),
                                       tuple(lambda _, new=new: new for new in unfit(value)[1:]))
            for function, given in GIVEN.items() for name, value in given.items()}  # fmt: skip
