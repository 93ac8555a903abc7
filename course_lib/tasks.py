"""Memory tasks: sequences in which something early decides what is asked later.

>>> task = Adding(lag=100)
>>> batch = task.batch(32, generator=torch.Generator().manual_seed(0))
>>> batch.x.shape, round(task.baseline, 3)
(torch.Size([32, 100, 2]), 0.167)

`lag` is the number of time steps between a thing and its use. Where one number cannot say it, because a task has
several things to keep or draws the distance anew for each sequence, the docstring says between which bounds it lies.
Step 0 is the first.

A new task: write the class here, add its name to `TASKS` at the end. Nothing else is needed.
"""

from dataclasses import dataclass
from functools import cache
from math import log

import torch
from torch.nn import functional

from course_lib import doors
from course_lib.data import TRAIN_SHARE, load_digits8, load_weather


@dataclass(frozen=True)
class Batch:
    """Sequences, and what is asked about them.

    x    (batch, time, input), float32
    y    what the output should be: (batch, output) numbers or (batch,) classes; with at "every", (batch, time, output)
         numbers or (batch, time) classes
    at   the step whose output is judged: "last", "every", or a tensor (batch,) with one step per sequence
    """

    x: torch.Tensor
    y: torch.Tensor
    at: object = "last"

    def __post_init__(self):
        doors.tensor("Batch", "x", self.x, {"batch": None, "time": None, "input": None}, finite=False)
        check_at("Batch", self.at, self.x)
        every = doors.is_a(str, self.at) and self.at == "every"
        shape = tuple(self.x.shape[: 1 + every])
        y = self.y if doors.is_dense(self.y) else torch.empty(0, 0)
        numbers, classes = y.is_floating_point(), y.dtype == torch.int64
        if y.shape[: len(shape)] != shape or not (
            numbers and y.dim() == len(shape) + 1 or classes and y.shape == shape
        ):
            doors.refuse("Batch", f"y as {(*shape, 'output')} numbers or {shape} classes of int64", self.y)


def check_at(who, at, x):
    """at, or a ValueError unless it names steps of x (batch, time, ...): "last", "every", or one step per sequence."""
    batch, steps = x.shape[:2]
    if doors.is_dense(at):
        doors.tensor(who, "at", at, {"batch": batch}, dtype=torch.int64)
        least, most = (int(step) for step in torch.aminmax(at))
        if least < 0 or most >= steps:
            doors.refuse(who, f"at with steps from 0 to {steps - 1}", f"{least} to {most}")
        return at
    if not doors.is_a(str, at) or at not in ("last", "every"):
        doors.refuse(who, "at as 'last', 'every' or a tensor (batch,) of int64, one step per sequence", at)
    return at


@dataclass(frozen=True)
class Task:
    """What every task says of itself. As it stands, y is a number; `Choice` is for classes.

    lag                     time steps to bridge, at least `least`; ValueError otherwise
    input_size, output_size
    baseline                the loss of the best predictor that remembers nothing
    solved_at               the loss below which training may stop
    close                   an answer is right when its error is less than this
    classes                 whether y are the numbers of classes, not numbers
    """

    lag: int

    least = 1
    close = 0.08
    solved_at = 0.0025
    classes = False

    def __post_init__(self):
        lag = doors.whole(type(self).__name__, "lag in steps", self.lag, least=self.least)
        object.__setattr__(self, "lag", lag)

    def batch(self, batch_size: int, *, generator: torch.Generator | None = None) -> Batch:
        """A Batch of new sequences, drawn from generator, or from torch's global generator when omitted.

        Raises ValueError for a batch size that is not a positive whole number, and for another kind of generator.
        """
        who = type(self).__name__
        if generator is not None:
            doors.instance(who, "generator", generator, torch.Generator, such_as="torch.Generator().manual_seed(0)")
        return self.draw(doors.whole(who, "batch_size", batch_size), generator)

    def draw(self, batch_size, generator):
        """A Batch of batch_size new sequences, without any check."""
        raise ValueError(f"{type(self).__name__} needs a draw(self, batch_size, generator); got none")

    def solve(self, x):
        """The exact answers, shaped like y, worked out from x (batch, time, input) step by step."""
        raise ValueError(f"{type(self).__name__} needs a solve(self, x); got none")

    def check(self, output, batch):
        """ValueError unless output has a number for each of batch.y, or for each class where y are classes."""
        who, classes = type(self).__name__, self.classes
        y = doors.instance(who, "batch", batch, Batch, such_as="task.batch(32)").y
        if y.is_floating_point() == classes or (
            not 0 <= y.min() <= y.max() < self.output_size if classes else y.shape[-1] != self.output_size
        ):
            asked = f"classes from 0 to {self.output_size - 1}" if classes else f"(..., {self.output_size}) numbers"
            doors.refuse(who, f"a batch of its own, with y as {asked}", y)
        shape = y.shape if y.is_floating_point() else (*y.shape, self.output_size)
        if not doors.is_dense(output) or output.shape != shape or not output.is_floating_point():
            doors.refuse(who, f"output as a tensor {tuple(shape)} of floats", output)

    def loss(self, output, batch):
        """Mean squared error of output, shaped like batch.y; a scalar. ValueError for an output of another shape."""
        self.check(output, batch)
        return functional.mse_loss(output, batch.y)

    def score(self, output, batch):
        """The fraction of sequences whose answer is right, in [0, 1]. ValueError for an output of another shape."""
        self.check(output, batch)
        return ((output - batch.y).abs() < self.close).all(dim=-1).float().mean().item()


class Choice(Task):
    """A task whose answers are classes; y holds their numbers, output one score per class (a logit).

    Solved when the right class gets a probability of 0.95 (its geometric mean): a loss of 0.05 per class asked for.
    """

    solved_at = 0.05
    classes = True

    def loss(self, output, batch):
        """Mean cross-entropy in nats, over the sequences and, where every step is judged, the steps; a scalar."""
        self.check(output, batch)
        return functional.cross_entropy(output.flatten(0, -2), batch.y.flatten())

    def score(self, output, batch):
        """The fraction of sequences of which every class is right, in [0, 1]."""
        self.check(output, batch)
        return (output.argmax(dim=-1) == batch.y).reshape(len(batch.y), -1).all(dim=1).float().mean().item()


# ---- Numbers to keep ----


class Adding(Task):
    """Add the two marked numbers: the adding problem in today's form (Arjovsky et al. 2016).

    x = (value, mark) for `lag` steps; values are uniform in [0, 1]. One step of the first half and one of the second
    are marked 1, all others 0. The sum is asked for at the last step, lag - 1.

    Lag: the length of the sequence. The first number is kept for lag/2 to lag - 1 steps; the second may come last.
    Baseline: the best constant guess is the mean of the sum a + b, and its loss the variance: 1/12 + 1/12 = 1/6.
    (Seeing the last step helps only where it is marked, in one of lag/2 sequences: there b is known, and 1/12 saved.)
    Solved: 0.0025, a typical error of 0.05. Right: an error below 0.08, which is 0.04 in the scale of Adding1997.
    """

    least = 2
    input_size, output_size = 2, 1
    baseline = 1 / 6

    def draw(self, batch_size, generator):
        values = torch.rand(batch_size, self.lag, generator=generator)
        half = self.lag // 2
        first = torch.randint(0, half, (batch_size, 1), generator=generator)
        second = torch.randint(half, self.lag, (batch_size, 1), generator=generator)
        marked = torch.cat([first, second], dim=1)
        marks = torch.zeros_like(values).scatter_(1, marked, 1.0)
        return Batch(torch.stack([values, marks], dim=-1), values.gather(1, marked).sum(dim=1, keepdim=True))

    def solve(self, x):
        return torch.tensor([[sum(value for value, mark in sequence if mark == 1)] for sequence in x.tolist()])


class Adding1997(Task):
    """Add the two marked numbers: the adding problem of the LSTM paper (Hochreiter & Schmidhuber 1997, experiment 4).

    x = (value, mark); values are uniform in [-1, 1]. The first and the last step are marked -1. One of the first 10
    steps is marked 1, then one of the first lag/2 - 1 steps that is not marked yet; all others are marked 0. If that
    picks the first step, its mark stays -1 and its number counts as 0. The length of each sequence is uniform in
    {lag, ..., 1.1 lag}; what follows its end is zeros and is not judged.
    At the last step of each sequence the answer is 0.5 + (X1 + X2)/4, where X1 and X2 are the marked numbers.

    Lag: the least length. Both numbers are kept for more than lag/2 and less than 1.1 lag steps.
    Baseline: the variance of the answer. Var X = 1/3, so it is (1/3 + 1/3)/16 = 1/24, less what a number that counts as
    0 takes away: with probability p = 1/10 + 9/10 · 1/(lag/2 - 2) the first step is picked, and one of the two numbers
    is 0. Together (1 - p/2)/24.
    Solved: 0.0001, a typical error of 0.01, the paper's limit for the mean error. Right: an error below 0.04. The
    paper's own rule is that and 2,000 sequences right in a row, which is `streak(2000)` in training.
    """

    least = 22
    input_size, output_size = 2, 1
    close = 0.04
    solved_at = 0.0001

    @property
    def baseline(self):
        p = 1 / 10 + 9 / 10 / (self.lag // 2 - 2)
        return (1 - p / 2) / 24

    def draw(self, batch_size, generator):
        steps = self.lag + self.lag // 10
        values = 2 * torch.rand(batch_size, steps, generator=generator) - 1
        last = torch.randint(self.lag - 1, steps, (batch_size, 1), generator=generator)
        first = torch.randint(0, 10, (batch_size, 1), generator=generator)
        second = torch.randint(0, self.lag // 2 - 2, (batch_size, 1), generator=generator)
        second += second >= first  # skips the one that is marked already
        marks = torch.zeros_like(values).scatter_(1, torch.cat([first, second], dim=1), 1.0)
        marks[:, 0] = -1.0
        marks.scatter_(1, last, -1.0)
        x = torch.stack([values, marks], dim=-1)
        x[torch.arange(steps) > last] = 0.0
        answer = 0.5 + (values * (marks == 1)).sum(dim=1, keepdim=True) / 4
        return Batch(x, answer, last[:, 0])

    def solve(self, x):
        return torch.tensor([[0.5 + sum(value for value, mark in seq if mark == 1) / 4] for seq in x.tolist()])


class KeepOrReplace(Task):
    """Keep a number until another one is marked: memory that must be protected and must be given up.

    x = (value, mark) for 2 lag steps; values are uniform in [-1, 1]. A marked value (mark 1) replaces the one that is
    stored, an unmarked one (mark 0) is to be ignored. At the last step, 2 lag - 1, the stored number is asked for.
    The last mark is 1/2 lag to lag steps before the end, every such distance being equally likely; each step before it
    is marked with probability 2/lag, so that 2 to 3 numbers on average are stored and given up again.

    Lag: the longest time for which the number asked for is kept; the shortest is half of it.
    Baseline: the last step is never marked, so nothing there tells the number: its variance, 1/3.
    Solved: 0.0025, a typical error of 0.05. Right: an error below 0.08, as in Adding.
    """

    least = 2
    input_size, output_size = 2, 1
    baseline = 1 / 3

    def draw(self, batch_size, generator):
        steps = torch.arange(2 * self.lag)
        values = 2 * torch.rand(batch_size, len(steps), generator=generator) - 1
        kept = torch.randint((self.lag + 1) // 2, self.lag + 1, (batch_size, 1), generator=generator)
        last = len(steps) - 1 - kept
        earlier = (torch.rand(batch_size, len(steps), generator=generator) < 2 / self.lag) & (steps < last)
        x = torch.stack([values, (earlier | (steps == last)).float()], dim=-1)
        return Batch(x, values.gather(1, last))

    def solve(self, x):
        answers = []
        for sequence in x.tolist():
            for value, mark in sequence:
                if mark == 1:
                    stored = value
            answers.append([stored])
        return torch.tensor(answers)


class Counting(Task):
    """Count the events: a memory that adds and never replaces (after Gers & Schmidhuber 2000, Weiss et al. 2018).

    x = 1 at an event, else 0, for lag + 1 steps. The number of events n is uniform in {0, ..., 10}; they lie anywhere
    in the first `lag` steps. At the last step, which is never an event, the answer is n / 10.

    Lag: the time from the first possible event to the question. A single event is 1 to lag steps old.
    Baseline: the last step is the same in every sequence, so the best guess is the mean; the variance of n is
    (11² - 1)/12 = 10, that of the answer 10/100 = 0.1.
    Solved: 0.0004, a typical error of 0.2 events. Right: an error below 0.05, so that rounding gives the exact count.
    """

    least = 10
    input_size, output_size = 1, 1
    close = 0.05
    solved_at = 0.0004
    baseline = 0.1

    def draw(self, batch_size, generator):
        count = torch.randint(0, 11, (batch_size, 1), generator=generator)
        places = torch.rand(batch_size, self.lag, generator=generator).topk(10, dim=1).indices
        events = (torch.arange(10) < count).float()
        x = torch.zeros(batch_size, self.lag + 1).scatter_(1, places, events)
        return Batch(x[..., None], count / 10)

    def solve(self, x):
        return torch.tensor([[sum(value for (value,) in sequence) / 10] for sequence in x.tolist()])


# ---- Classes to keep ----


class Latching(Choice):
    """Keep one bit against noise (after Bengio et al. 1994).

    x = +1 or -1 at step 0, then `lag` steps of Gaussian noise of standard deviation 0.2. At the last step, `lag`, the
    class is asked for: 1 for +1, 0 for -1.

    Lag: exact. The bit is asked for `lag` steps after it was shown.
    Baseline: both classes are equally likely: ln 2.
    """

    input_size, output_size = 1, 2
    baseline = log(2)

    def draw(self, batch_size, generator):
        bit = torch.randint(0, 2, (batch_size,), generator=generator)
        x = 0.2 * torch.randn(batch_size, self.lag + 1, 1, generator=generator)
        x[:, 0, 0] = 2.0 * bit - 1
        return Batch(x, bit)

    def solve(self, x):
        return torch.tensor([1 if sequence[0] == [1.0] else 0 for sequence in x.tolist()])


class TemporalOrder(Choice):
    """In which order did two symbols come? (Hochreiter & Schmidhuber 1997, experiment 6a, at lag = 100)

    x is one of 8 symbols (one-hot): a, b, c, d (0 to 3) that mean nothing, X and Y (4, 5), the begin E (6) and the end
    B (7). A sequence is E, then letters from a to d, then B. Two of the letters are replaced by X or Y: one at a step
    uniform in {lag/10, ..., lag/5}, one at a step uniform in {lag/2, ..., 6/10 lag}. Its length is uniform in
    {lag, ..., 1.1 lag}; what follows its end is zeros and is not judged.
    At B the class is asked for: XX 0, XY 1, YX 2, YY 3. The paper trained logistic outputs with squared error; here
    the loss is cross-entropy.

    Lag: the least length. The first symbol is kept for 0.8 lag - 1 to lag - 1 steps, the second for 0.4 lag - 1 to
    0.6 lag - 1.
    Baseline: four classes, equally likely: ln 4.
    """

    least = 10
    input_size, output_size = 8, 4
    baseline = log(4)

    def draw(self, batch_size, generator):
        steps = self.lag + self.lag // 10
        symbols = torch.randint(0, 4, (batch_size, steps), generator=generator)
        last = torch.randint(self.lag - 1, steps, (batch_size, 1), generator=generator)
        first = torch.randint(self.lag // 10, self.lag // 5 + 1, (batch_size, 1), generator=generator)
        second = torch.randint(self.lag // 2, 6 * self.lag // 10 + 1, (batch_size, 1), generator=generator)
        pair = torch.randint(0, 2, (batch_size, 2), generator=generator)
        symbols[:, 0] = 6
        symbols.scatter_(1, torch.cat([first, second], dim=1), 4 + pair)
        symbols.scatter_(1, last, 7)
        x = torch.eye(8)[symbols]
        x[torch.arange(steps) > last] = 0.0
        return Batch(x, 2 * pair[:, 0] + pair[:, 1], last[:, 0])

    def solve(self, x):
        classes = {(4, 4): 0, (4, 5): 1, (5, 4): 2, (5, 5): 3}
        return torch.tensor([classes[tuple(s for s in row if s in (4, 5))] for row in x.argmax(dim=-1).tolist()])


class Copying(Choice):
    """Repeat ten symbols after a pause: copying (Arjovsky et al. 2016, after Hochreiter & Schmidhuber 1997).

    x is one of 10 symbols (one-hot): 8 that carry content (0 to 7), the blank (8) and the delimiter (9). A sequence of
    lag + 20 steps is 10 random contents, lag - 1 blanks, the delimiter, 10 blanks. The answer, judged at every step, is
    the blank up to and including the delimiter, then the 10 contents in their order. 9 classes: 0 to 7 and the blank.

    Lag: the blanks and the delimiter. Each content is asked for lag + 10 steps after it was shown.
    Baseline: a predictor that knows the step but no content answers the lag + 10 blanks without loss and guesses 10
    contents among 8: 10 ln 8 / (lag + 20).
    Solved: 0.05 for each of the 10 contents, averaged over all steps. Right: all steps.
    """

    input_size, output_size = 10, 9
    recalled = 10

    @property
    def steps(self):
        """The length of every sequence."""
        return self.lag + 2 * self.recalled

    @property
    def baseline(self):
        return self.recalled * log(8) / self.steps

    @property
    def solved_at(self):
        return self.recalled * Choice.solved_at / self.steps

    def draw(self, batch_size, generator):
        contents = torch.randint(0, 8, (batch_size, self.recalled), generator=generator)
        symbols = torch.full((batch_size, self.steps), 8)
        symbols[:, : self.recalled] = contents
        symbols[:, -self.recalled - 1] = 9
        return self.ask(symbols, contents)

    def ask(self, symbols, contents):
        """The Batch with symbols (batch, time) as input that asks for contents (batch, recalled) at the end."""
        y = torch.full_like(symbols, 8)
        y[:, -self.recalled :] = contents
        return Batch(torch.eye(10)[symbols], y, "every")

    def solve(self, x):
        answers = []
        for row in x.argmax(dim=-1).tolist():
            contents = [symbol for symbol in row if symbol < 8]
            answers.append([8] * (len(row) - len(contents)) + contents)
        return torch.tensor(answers)


class SelectiveCopying(Copying):
    """Repeat ten symbols that came scattered among blanks (after Gu & Dao 2023, who scatter 16).

    As Copying, but the 10 contents lie at random among `lag` steps, the rest of which are blanks; then the delimiter is
    shown 10 times, and at each the next content is the answer. When to store can only be told from what is seen: a
    memory that fades by a fixed clock, read by weights alone, says some wrong. The loss is over all steps, as in
    Copying.

    Lag: the longest time for which a content is kept; the shortest is 10.
    Baseline: 10 ln 8 / (lag + 10), as in Copying; here the delimiter tells when a content is due.
    """

    least = 10

    @property
    def steps(self):
        return self.lag + self.recalled

    def draw(self, batch_size, generator):
        contents = torch.randint(0, 8, (batch_size, self.recalled), generator=generator)
        places = torch.rand(batch_size, self.lag, generator=generator).topk(self.recalled, dim=1).indices.sort().values
        symbols = torch.full((batch_size, self.steps), 8).scatter_(1, places, contents)
        symbols[:, -self.recalled :] = 9
        return self.ask(symbols, contents)


class AssociativeRecall(Choice):
    """Say which value went with a name: pairs, then one of the names again (after Graves et al. 2014, Ba et al. 2016).

    x = (name, value) for `lag` pairs, a pair a step: a name is 14 signs, each -1 or 1, a value one of 8 symbols
    (one-hot). No name comes twice in a sequence; names and values are drawn anew for each. At the last step, `lag`, one
    of the names comes again, all of them being equally likely, with zeros for a value, and its value is asked for.

    Lag: the number of pairs; the pair asked for is 1 to lag steps old. At most 16,384, for there are no more names.
    Baseline: the last step says nothing of the value: ln 8.
    """

    names, values = 14, 8
    input_size, output_size = names + values, values
    baseline = log(values)

    def __post_init__(self):
        super().__post_init__()
        doors.whole("AssociativeRecall", "lag in pairs", self.lag, most=2**self.names)

    def draw(self, batch_size, generator):
        shape = batch_size, self.lag
        codes = torch.randint(0, 2**self.names - self.lag + 1, shape, generator=generator).sort(dim=1).values
        codes = codes + torch.arange(self.lag)  # now no two are the same
        codes = codes.gather(1, torch.rand(shape, generator=generator).argsort(dim=1))
        symbols = torch.randint(0, self.values, shape, generator=generator)
        asked = torch.randint(0, self.lag, (batch_size, 1), generator=generator)
        codes = torch.cat([codes, codes.gather(1, asked)], dim=1)
        signs = 2.0 * (codes[..., None] >> torch.arange(self.names) & 1) - 1
        values = torch.cat([torch.eye(self.values)[symbols], torch.zeros(batch_size, 1, self.values)], dim=1)
        return Batch(torch.cat([signs, values], dim=-1), symbols.gather(1, asked)[:, 0])

    def solve(self, x):
        answers = []
        for sequence in x.tolist():
            pairs = {tuple(step[: self.names]): step[self.names :] for step in sequence[:-1]}
            answers.append(pairs[tuple(sequence[-1][: self.names])].index(1.0))
        return torch.tensor(answers)


# ---- Real data ----


@dataclass(frozen=True)
class NextObservation(Task):
    """Predict the next observation of a real series: hourly weather, four channels (`data.load_weather`).

    x is a window of `lag` hours from the series, y the same window one hour later, both standardised; every step is
    judged. y is NaN where nothing was recorded, and such values are not judged.

    split   the part of the series that windows are drawn from: "train" (January to September) or "test" (the rest)

    Lag: the length of the window, so the longest time over which something seen can be of use.
    Baseline: no best predictor is known for real weather. This is persistence, the forecast that copies what it sees,
    over the whole split: its mean squared error, averaged over what was recorded.
    Solved: never (0), since no error is known that cannot be bettered. Right: a window forecast with less error than by
    persistence.
    """

    split: str = "train"

    least = 10  # longer than any gap, so that every window has something to judge
    input_size, output_size = 4, 4
    solved_at = 0.0

    def __post_init__(self):
        super().__post_init__()
        doors.whole(
            "NextObservation", "lag in hours of the split", self.lag, least=self.least, most=len(self.series[0]) - 1
        )

    @property
    def series(self):
        """(values, observed) of the split, arrays (time, 4)."""
        return load_weather().part(self.split)

    @property
    def baseline(self):
        values, observed = self.series
        return float(((values[1:] - values[:-1]) ** 2)[observed[1:]].mean())

    def draw(self, batch_size, generator):
        values, observed = self.series
        start = torch.randint(0, len(values) - self.lag, (batch_size, 1), generator=generator)
        hours = (start + torch.arange(self.lag + 1)).numpy()
        x, known = torch.from_numpy(values[hours]), torch.from_numpy(observed[hours])
        return Batch(x[:, :-1], x[:, 1:].where(known[:, 1:], torch.nan), "every")

    def solve(self, x):
        """The observations that followed: looks for the first place in the split where each window occurs."""
        values, observed = self.series
        recorded = torch.tensor(values).where(torch.tensor(observed), torch.nan)
        answers = []
        for window in x.numpy():
            start = next(t for t in range(len(values)) if (values[t : t + len(window)] == window).all())
            answers.append(recorded[start + 1 : start + 1 + len(window)])
        return torch.stack(answers)

    def loss(self, output, batch):
        """Mean squared error over what was recorded, a scalar, in units of each channel's variance."""
        self.check(output, batch)
        recorded = ~batch.y.isnan()
        return functional.mse_loss(output[recorded], batch.y[recorded])

    def score(self, output, batch):
        """The fraction of windows forecast with less error than by persistence."""
        self.check(output, batch)
        error, by_persistence = (((guess - batch.y) ** 2).nanmean(dim=(1, 2)) for guess in (output, batch.x))
        return (error < by_persistence).float().mean().item()


def digits(split):
    """(images (count, 8, 8), labels (count,)) of "train", the first three quarters, or of "test"."""
    return all_digits()[doors.choice("digits", "split", split, ("train", "test"))]


@cache
def all_digits():
    """{split: (images, labels)}"""
    images, labels = map(torch.from_numpy, load_digits8())
    cut = round(TRAIN_SHARE * len(labels))
    return {"train": (images[:cut], labels[:cut]), "test": (images[cut:], labels[cut:])}


@dataclass(frozen=True)
class Digits(Choice):
    """Say which digit was seen before the noise: real images of handwriting (`data.load_digits8`).

    x is an image, row by row (8 steps of 8 numbers) or pixel by pixel (64 steps of one), then `lag` steps of Gaussian
    noise of mean 0 and variance 1. The digit is asked for at the last step. 10 classes. The images of Chang et al.
    (2019), padded in the same way, were larger and in colour.

    by      "row" or "pixel"
    split   the images that are drawn from: "train" (the first three quarters) or "test"

    Lag: the steps of noise, from the last piece of the image to the question.
    Baseline: the best predictor that has seen no image knows how often each digit is there: the entropy of the labels,
    close to ln 10. Solved: 0.05 (see Choice), on the images of the split.
    """

    by: str = "row"
    split: str = "train"

    output_size = 10

    def __post_init__(self):
        super().__post_init__()
        for name, choices in (("by", ("row", "pixel")), ("split", ("train", "test"))):
            doors.choice("Digits", name, getattr(self, name), choices)

    @property
    def input_size(self):
        """8 numbers of a row, or one pixel."""
        return 8 if self.by == "row" else 1

    @property
    def images(self):
        """(images (count, steps, input_size), labels (count,)) of the split."""
        images, labels = digits(self.split)
        return images.reshape(len(images), -1, self.input_size), labels

    @property
    def baseline(self):
        share = torch.bincount(self.images[1]).double()
        share /= share.sum()
        return -(share * share.log()).sum().item()

    def draw(self, batch_size, generator):
        images, labels = self.images
        which = torch.randint(0, len(labels), (batch_size,), generator=generator)
        noise = torch.randn(batch_size, self.lag, self.input_size, generator=generator)
        return Batch(torch.cat([images[which], noise], dim=1), labels[which])

    def solve(self, x):
        """The labels: looks for each image in the split."""
        images, labels = self.images
        same = (x[:, None, : images.shape[1]] == images).flatten(2).all(dim=2)
        return labels[same.int().argmax(dim=1)]


TASKS = (
    Adding, Adding1997, KeepOrReplace, Counting,
    Latching, TemporalOrder, Copying, SelectiveCopying, AssociativeRecall,
    NextObservation, Digits,
)  # fmt: skip
