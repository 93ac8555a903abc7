"""Keep everything: a latch by hand, how firmly it holds, and what noise does to a memory."""

from numpy import sign, stack, tanh, where

from course_lib.cells import RNNCell
from course_lib.checks.by_hand import level, set_by_hand
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
    hints=(
        "Write h_T as a sum over the noises. By what is the noise of k steps ago multiplied?",
        "Variances of independent terms add up; a factor a multiplies a variance by a².",
        "The variance is noise² times the sum of keep^(2k) for k from 0 to T - 1.",
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
def memory_noise(keep, noise, steps):
    """Var h_T of h' = keep · h + e from h_0 = 0, each e of mean 0 and standard deviation noise."""
    return noise**2 * sum(keep ** (2 * k) for k in range(steps))


saturation_experiment = Essay(
    "Which single line of the cell would you change so that it cannot saturate?",
    "What tells saturation from noise that buries the bit? Think of a number read from h, and of a run without noise.",
    "Write the result that makes you give the sentence up before the plan, and ask whether the plan can produce it.",
)
