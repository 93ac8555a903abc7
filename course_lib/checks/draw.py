"""What the cases of a check are drawn from."""

from hashlib import sha256

import torch

HORIZON = 200  # steps over which weights set by hand must hold, and the longest series of the other problems


def several(draw, *once, count=12):
    """The cases of a problem: `count` times draw(generator), a dict {argument: value}, then each of `once` one time."""
    return lambda generator, **given: [draw(generator) for _ in range(count)] + [one(generator) for one in once]


def drawn_for(*words):
    """A torch.Generator whose seed depends on the words alone."""
    seed = int.from_bytes(sha256("\n".join(words).encode()).digest()[:7], "big")
    return torch.Generator().manual_seed(seed)


def whole(generator, low, high):
    """A whole number from low to high."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def uniform(generator, low, high):
    """A number between low and high."""
    return low + (high - low) * torch.rand((), generator=generator).item()


def one_of(generator, choices):
    """One of choices, each equally likely."""
    return choices[whole(generator, 0, len(choices) - 1)]


def normal(generator, *shape):
    """A tensor of independent standard normal numbers."""
    return torch.randn(*shape, generator=generator)


def gates(generator, *shape):
    """Values in (0, 1)."""
    return torch.sigmoid(normal(generator, *shape))


def sizes(generator):
    """batch, steps, inputs, hidden: small and often different."""
    return (whole(generator, 1, 3), whole(generator, 1, 5), whole(generator, 1, 3), whole(generator, 2, 4))


def weights(generator, inputs, hidden, letters):
    """{"W": {letter: ...}, "U": ..., "b": ...}; without letters, one tensor each."""
    shapes = {"W": (hidden, inputs), "U": (hidden, hidden), "b": (hidden,)}
    if not letters:
        return {name: normal(generator, *shape) for name, shape in shapes.items()}
    return {name: {k: normal(generator, *shape) for k in letters} for name, shape in shapes.items()}


def one_step(letters, *, states=("h",)):
    """Cases of one step: x, the old states, and weights for the letters."""

    def draw(generator):
        batch, _, inputs, hidden = sizes(generator)
        old = {name: torch.tanh(normal(generator, batch, hidden)) for name in states}
        return {"x": normal(generator, batch, inputs), **old, **weights(generator, inputs, hidden, letters)}

    return several(draw)


def every_sequence(symbols, longest):
    """All sequences over symbols, of every length up to longest: one case {"x": ...} for each length."""
    symbols = torch.tensor(symbols)
    places = torch.arange(len(symbols))
    return [
        {"x": symbols[torch.cartesian_prod(*[places] * steps).reshape(-1, steps)]} for steps in range(1, longest + 1)
    ]


def long_sequences(generator, symbols, *, first=None, steps=HORIZON):
    """One case {"x": ...} of sequences over symbols that are as long as the horizon, beginning with one of first.

    One symbol all along; one symbol once and another ever after; half and half; two in turn; and drawn ones, in which
    whatever is not the most frequent symbol is seen every second step, every tenth, or every fiftieth.
    """
    count, opening = len(symbols), [symbols.index(one) for one in first or symbols]
    rows = []
    for a in range(count):
        for b in range(count):
            rows += [[a] + [b] * (steps - 1), [a] * (steps // 2) + [b] * (steps - steps // 2), [a, b] * (steps // 2)]
    for quiet in range(count):
        for often in (0.5, 0.1, 0.02):
            other = torch.randint(0, count, (steps,), generator=generator)
            rows += [torch.where(torch.rand(steps, generator=generator) < often, other, quiet).tolist()]
    rows = [row if row[0] in opening else [one, *row[1:]] for row in rows for one in (opening if first else [row[0]])]
    return {"x": torch.tensor(symbols)[torch.tensor(sorted(set(map(tuple, rows))))]}


def every_and_long(generator, symbols, longest, *, first=None):
    """All sequences over symbols up to the length longest, then long_sequences: the cases of weights set by hand."""
    short = every_sequence(symbols, longest)
    if first:
        opening = torch.tensor(first)
        short = [{"x": x[[bool((row[0] == opening).any()) for row in x]]} for x in (case["x"] for case in short)]
    return [*short, long_sequences(generator, symbols, first=first)]


def series(generator):
    """A case with a short series x, a first state h, and the weights of an RNN."""
    batch, _, inputs, hidden = sizes(generator)
    x = normal(generator, batch, whole(generator, 2, 5), inputs)
    return {"x": x, "h": torch.tanh(normal(generator, batch, hidden)), **weights(generator, inputs, hidden, "")}


def gate_series(generator):
    """A case with forget and input gates over a few steps."""
    batch, _, _, hidden = sizes(generator)
    shape = batch, whole(generator, 2, 5), hidden
    return {"f": gates(generator, *shape), "i": gates(generator, *shape)}


def long_gates(generator):
    """A case with gates over as many steps as the horizon; some forget gates are shut, at exactly 0."""
    shape = 2, HORIZON, 2
    f = gates(generator, *shape)
    f[0] = 1 - 0.02 * f[0]  # near 1: the product over all of them is still there
    f[1, 1 + whole(generator, 0, HORIZON - 40) :: 37] = 0
    return {"f": f, "i": gates(generator, *shape)}
