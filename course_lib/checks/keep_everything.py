"""Keep everything: a latch by hand, how firmly it holds, and what noise does to a memory."""

from numpy import sign, stack, tanh, where

from course_lib.bare import bare
from course_lib.cells import RNNCell
from course_lib.checks.by_hand import level, set_by_hand
from course_lib.checks.compare import Unreadable
from course_lib.checks.draw import every_and_long, one_of, several, uniform, whole
from course_lib.checks.judge import Essay, problem


def pulses(generator):
    """An instance: the size of a strong pulse, and of a weak one, a quarter of it."""
    pulse = one_of(generator, (0.5, 1.0, 2.0, 4.0, 8.0, 16.0))
    return {"pulse": pulse, "weak": pulse / 4}


def pulse_sequences(generator, pulse, weak):
    """All sequences of up to 4 pulses and some as long as the horizon, all of which begin with a strong one."""
    return every_and_long(generator, [pulse, -pulse, weak, -weak], 4, first=[pulse, -pulse])


@problem(
    cases=pulse_sequences,
    axes=("sequence", "step"),
    variant=pulses,
    act=set_by_hand(RNNCell, 1, read=level),
    solve=lambda pulse, weak: lambda: {"W": 4.5 / pulse, "U": 3},
    hints=(
        "Without input the unit must hold both +1 and -1: that needs U well above 1.",
        "With U = 3 the state rests at ±0.995, where U h is about 3. What must W times a strong pulse exceed?",
        "W · pulse between 4 and 5 flips the state. Keep W · weak below 1.3, or weak inputs in a row will flip it too.",
    ),
    planted=[
        ("every input is stored, the weak ones too", '"W": 2.25', '"W": 9.0'),
        (None, '"W": 2.25', '"W": 0.1'),
        ("the stored sign is the wrong one", '"W": 2.25', '"W": -2.25'),
        ("every input is stored, the weak ones too", '"U": 3.0', '"U": 0.0'),
        ("the state changes its sign at every weak input", '"U": 3.0', '"U": -3.0'),
        ("every input is stored, the weak ones too", '"U": 3.0', '"U": 0.5'),
        ("nothing is ever stored", '"W": 2.25', '"W": 0.0'),
        ("the state is always +1", '"b": 0.0', '"b": 10.0'),
        ("the state is always -1", '"b": 0.0', '"b": -10.0'),
        ("the first pulse is kept for ever", '"U": 3.0', '"U": 100.0'),
        (None, '"W": 2.25', '"W": 1.3'),
        (None, '"W": 2.25', '"W": -9.0'),
        ("the state is always +1", '"U": 3.0, "b": 0.0', '"U": 0.0, "b": 10.0'),
        (None, '"W": 2.25, "U": 3.0, "b": 0.0', '"W": 3.0, "U": 5.0, "b": -2.0'),
        (None, '"W": 2.25, "U": 3.0, "b": 0.0', '"W": 3.0, "U": 5.0, "b": 2.0'),
    ],
    mistakes={
        "every input is stored, the weak ones too": ("> weak", "> 0"),
        "a weak input clears the state": (", bit)", ", 0)"),
        "the first pulse is kept for ever": ("abs(x[:, t]) > weak", "(bit == 0)"),
        "the stored sign is the wrong one": ("sign(x[:, t])", "-sign(x[:, t])"),
        "the state changes its sign at every weak input": (", bit)", ", -bit)"),
        "nothing is ever stored": ("sign(x[:, t])", "0"),
        "only positive pulses are stored": ("abs(x[:, t])", "x[:, t]"),
        "only negative pulses are stored": ("abs(x[:, t])", "-x[:, t]"),
        "the state is always +1": ("sign(x[:, t])", "1"),
        "the state is always -1": ("sign(x[:, t])", "-1"),
        "a pulse against the stored sign only clears it": ("sign(x[:, t])", "sign(sign(x[:, t]) + bit)"),
    },
)
def rnn_latch(x, pulse, weak):
    """The sign of the last strong pulse, at every step, (sequence, step)."""
    bit, bits = 0 * x[:, 0], []
    for t in range(x.shape[1]):
        bit = where(abs(x[:, t]) > weak, sign(x[:, t]), bit)
        bits.append(bit)
    return stack(bits, 1)


@problem(
    cases=several(lambda generator: {"u": 1 + 10 ** uniform(generator, -1.3, 0.5)}),
    hints=(
        "A fixed point is a state that the step leaves as it is: h = tanh(u h). Start at 1 and step.",
        "How much does tanh(u h) move if h moves a little?",
        "The slope of tanh at its output h is 1 - h², and inside stands u h.",
    ),
    planted=[
        ("the fixed point is 0", "torch.tensor(1.0)", "torch.tensor(0.0)"),
        ("only one step is made, from 1", "range(1000)", "range(1)"),
        (None, "torch.tanh(u * h)", "torch.tanh(h)"),
        ("the negative fixed point is given", "torch.tensor(1.0)", "torch.tensor(-1.0)"),
        ("Only h is returned, without its name.", '{"h": h, "slope": u * (1 - h**2)}', "h"),
        ("u is left out of the step", "torch.tanh(u * h)", "torch.tanh(h)", "range(1000)", "range(2000)"),
    ],
    mistakes={
        "the fixed point is 0": ("h = 1.0", "h = 0.0"),
        "only one step is made, from 1": ("range(2000)", "range(1)"),
        "the slope lacks the factor u": ("u * (1 - h**2)", "1 - h**2"),
        "the slope is 1 - h instead of 1 - h²": ("h**2", "h"),
        "the slope is that of σ": ("(1 - h**2)", "h * (1 - h)"),
        "the slope is taken at 0": ("u * (1 - h**2)", "u"),
        "the slope has the factor u twice": ("u * (1 - h**2)", "u**2 * (1 - h**2)"),
        "tanh is applied to h once more in the slope": ("h**2", "tanh(h) ** 2"),
        "u is left out of the step": ("tanh(u * h)", "tanh(h)"),
        "the negative fixed point is given": ("h = 1.0", "h = -1.0"),
        "the slope is above 1: 1 + h² stands in it": ("1 - h**2", "1 + h**2"),
    },
)
def latch_slope(u):
    """The positive fixed point h = tanh(u h), u > 1, and the slope d h' / d h there."""
    h = 1.0
    for _ in range(2000):
        h = tanh(u * h)
    return {"h": h, "slope": u * (1 - h**2)}


def noisy(generator):
    """A case with a memory that keeps everything or less, noise, and a number of steps."""
    keep = one_of(generator, (1.0, uniform(generator, 0.5, 0.99), uniform(generator, 0.5, 0.99)))
    return {"keep": keep, "noise": uniform(generator, 0.2, 2), "steps": whole(generator, 3, 300)}


@problem(
    cases=several(noisy),
    variant=lambda generator: {"start": one_of(generator, (0.5, 1.5, 2.0, 2.5, 3.0, 4.0))},
    default={"start": 0.0},
    solve=lambda start: (
        lambda keep, noise, steps: (
            keep ** (2 * steps) * start**2 + noise**2 * sum(keep ** (2 * k) for k in range(steps))
        )
    ),
    hints=(
        "Write h_T as a sum over the noises. By what is the noise of k steps ago multiplied?",
        "Variances of independent terms add up; a factor a multiplies a variance by a².",
        "It is noise² times the sum of keep^(2k) for k from 0 to T - 1, plus keep^(2T) start².",
    ),
    planted=[
        ("keep is not squared", "(2 * age)", "age"),
        ("nothing is lost: keep does not enter", "keep ** (2 * age)", "1"),
        ("the newest noise is already multiplied by keep", "range(steps)", "range(1, steps + 1)"),
        (
            "the noises are added before squaring",
            "sum(keep ** (2 * age) for age in range(steps))",
            "sum(keep**age for age in range(steps)) ** 2",
        ),
        (None, "noise**2 *", "noise**2 / steps *"),
    ],
    mistakes={
        "the standard deviation is given": ("noise**2", "noise", "range(steps))", "range(steps)) ** 0.5"),
        "the noise is not squared": ("noise**2", "noise"),
        "keep is not squared": ("keep ** (2 * k)", "keep**k"),
        "nothing is lost: keep does not enter": ("keep ** (2 * k)", "1"),
        "there is one noise too few": ("range(steps)", "range(steps - 1)"),
        "there is one noise too many": ("range(steps)", "range(steps + 1)"),
        "the newest noise is already multiplied by keep": ("2 * k", "2 * (k + 1)"),
        "only the newest noise counts": ("range(steps)", "range(1)"),
        "only the oldest noise counts": ("range(steps)", "[steps - 1]"),
        "the noises are added before squaring": (
            "sum(keep ** (2 * k) for k in range(steps))",
            "sum(keep**k for k in range(steps)) ** 2",
        ),
    },
)
def memory_noise(keep, noise, steps, start):
    """Var h_T of h' = keep · h + e each e of mean 0 and standard deviation noise, h_0 of start."""
    return keep ** (2 * steps) * start**2 + noise**2 * sum(keep ** (2 * k) for k in range(steps))


saturation_experiment = Essay(
    "Which single line of the cell would you change so that it cannot saturate?",
    "What tells saturation from noise that buries the bit? Think of a number read from h, and of a run without noise.",
    "Write the result that makes you give the sentence up before the plan, and ask whether the plan can produce it.",
)


QUALITIES = ("one_choice", "named_choice", "equal_weights", "equal_tuning", "equal_updates", "enough_seeds",
             "fresh_seeds", "baseline", "refutable")  # fmt: skip
SETTINGS = ("cell", "task", "lag", "init", "weights", "rates", "updates")


def design(answer, case):
    """What is good about a plan {"a": settings, "b": settings, "seeds", "tuning_seeds", ...}: {quality: 1 or 0}."""
    plan = dict(bare(answer()))
    missing = [name for name in ("a", "b", "seeds", "tuning_seeds", "measure", "refuted_if") if name not in plan]
    lacking = [name for name in SETTINGS for side in "ab" if side in plan and name not in dict(plan[side])]
    if missing or lacking:
        raise Unreadable(f"needs {', '.join(dict.fromkeys(missing + lacking))} in the plan")
    a, b = dict(plan["a"]), dict(plan["b"])
    differ = [name for name in SETTINGS if str(a[name]) != str(b[name])]
    weights = [float(one["weights"]) for one in (a, b)]
    seeds, tuning = set(map(int, plan["seeds"])), set(map(int, plan["tuning_seeds"]))
    words = str(plan["measure"]).lower()
    return {
        "one_choice": len([name for name in differ if name in ("cell", "task", "lag", "init")]) == 1,
        "named_choice": case["asked"] in differ,
        "equal_weights": min(weights) > 0 and max(weights) <= 1.05 * min(weights),
        "equal_tuning": sorted(map(float, a["rates"])) == sorted(map(float, b["rates"]))
        and len(set(map(float, a["rates"]))) >= 3
        and min(map(float, a["rates"])) > 0,
        "equal_updates": int(a["updates"]) == int(b["updates"]) > 0,
        "enough_seeds": len(seeds) >= 5,
        "fresh_seeds": bool(tuning) and not seeds & tuning,
        "baseline": "baseline" in words,
        "refutable": any(digit in str(plan["refuted_if"]) for digit in "0123456789"),
    }


def good_plan(choice):
    """A plan in which the two sides differ in one choice."""
    other = {"cell": "NoOutputGateCell", "init": "forget_bias", "lag": 80}[choice]
    a = {"cell": "LSTMCell", "task": "Counting", "lag": 40, "init": "default", "weights": 1200,
         "rates": [3e-3, 1e-2, 3e-2], "updates": 1500}  # fmt: skip
    return {"a": a, "b": a | {choice: other}, "seeds": range(10), "tuning_seeds": [1000, 1001, 1002],
            "measure": "seeds below half of the baseline", "refuted_if": "b is within 2 seeds of a"}  # fmt: skip


@problem(
    cases=lambda generator, choice: [{"asked": choice}],
    variant=lambda generator: {"choice": one_of(generator, ("cell", "init", "lag"))},
    default={"choice": "cell"},
    act=design,
    form="a dict: a and b are dicts of settings (weights and updates are numbers, rates a list of them), "
    "seeds and tuning_seeds are lists, measure and refuted_if are words",
    solve=lambda choice: lambda: good_plan(choice),
    hints=(
        "Write down side a, copy it, and change one line.",
        "Rates are chosen on seeds of their own, at least three rates, the same for both; then they are frozen.",
        "The measure needs a baseline to be read against, and refuted_if a number that the experiment could give.",
    ),
    planted=[
        ("the plan fails in one_choice", '"NoOutputGateCell"}', '"NoOutputGateCell", "lag": 80}'),
        ("the plan fails in named_choice", '"cell": "NoOutputGateCell"}', '"lag": 80}'),
        ("the plan fails in equal_weights", '"NoOutputGateCell"}', '"NoOutputGateCell", "weights": 900}'),
        ("the plan fails in equal_tuning", '"NoOutputGateCell"}', '"NoOutputGateCell", "rates": [1e-2]}'),
        ("the plan fails in equal_updates", '"NoOutputGateCell"}', '"NoOutputGateCell", "updates": 3000}'),
        ("the plan fails in enough_seeds", "[0, 1, 2, 3, 4, 5, 6, 7]", "[0, 1, 2, 2, 2]"),
        ("the plan fails in fresh_seeds", "[1000, 1001, 1002]", "[7, 1001]"),
        ("the plan fails in baseline", " of the baseline of 0.1", ""),
        ("the plan fails in refutable", "side b solves at least 7 of 8 seeds", "side b is not worse"),
    ],
    mistakes={f"the plan fails in {one}": (f'"{one}": 1', f'"{one}": 0') for one in QUALITIES},
)
def fair_plan(asked, choice):
    """Every quality of a plan, all of which it should have."""
    return {
        "one_choice": 1, "named_choice": 1, "equal_weights": 1, "equal_tuning": 1, "equal_updates": 1,
        "enough_seeds": 1, "fresh_seeds": 1, "baseline": 1, "refutable": 1,
    }  # fmt: skip
