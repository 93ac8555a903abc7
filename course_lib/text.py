"""Real text with long memory in it: the source of Python's own library, and a network trained to predict it.

>>> network, facts = load_model()
>>> type(network.cell).__name__, network.cell.hidden_size
('LSTMCell', 96)

The network is shipped, results/source_model.npz. This makes it anew, in about 15 minutes on two cores; after Ctrl-C a
second call goes on:

    python -m course_lib.text
"""

import io
import json
import platform
import tokenize
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch.nn import functional

from course_lib import doors
from course_lib.cells import LSTMCell
from course_lib.data import load_source
from course_lib.files import write
from course_lib.tasks import Batch, Choice
from course_lib.training import Network, build, drawn_from, evaluate, train

SYMBOLS = "\n" + "".join(map(chr, range(32, 127)))  # whatever is none of these is one more symbol
MODEL = Path(__file__).parents[1] / "results" / "source_model.npz"
OPENS, CLOSES = (  # from Python 3.12 on, a string with expressions in it is several tokens
    {getattr(tokenize, f"{kind}STRING_{end}", None) for kind in "FT"} for end in ("START", "END")
)
SPLITS = ("train", "test")
HELD_OUT = 8  # one module in so many is for testing


def encode(text):
    """The number of each character of text in SYMBOLS, int64 (time,); len(SYMBOLS) for any other character."""
    table = np.full(0x110000, len(SYMBOLS))
    table[[ord(symbol) for symbol in SYMBOLS]] = np.arange(len(SYMBOLS))
    points = doors.text("encode", "text", text).encode("utf-32-le", errors="surrogatepass")
    return torch.from_numpy(table[np.frombuffer(points, dtype=np.uint32)])


def one_hot(codes):
    """x (..., time, symbols), float32, for the numbers (..., time) of characters, int64 from 0 to len(SYMBOLS)."""
    if not doors.is_dense(codes) or codes.dtype != torch.int64 or not codes.dim() or not codes.numel():
        doors.refuse("one_hot", "codes as a tensor (..., time) of int64", codes)
    if codes.min() < 0 or codes.max() > len(SYMBOLS):
        doors.refuse("one_hot", f"codes from 0 to {len(SYMBOLS)}", f"{int(codes.min())} to {int(codes.max())}")
    return functional.one_hot(codes, len(SYMBOLS) + 1).float()


def modules(split):
    """{name: text} of the modules of the standard library in split, "train" or "test".

    A module is for testing when the checksum of its name says so, whatever else this Python has. ValueError for another
    split.
    """
    doors.choice("modules", "split", split, SPLITS)
    source = load_source().items()
    return {name: text for name, text in source if (crc32(name.encode()) % HELD_OUT == 0) == (split == "test")}


def characters(split):
    """All modules of a split, one after the other, as numbers of characters (time,)."""
    return read_once(doors.choice("characters", "split", split, SPLITS))


@cache
def read_once(split):
    return torch.cat([encode(text) for text in modules(split).values()])


@dataclass(frozen=True)
class NextCharacter(Choice):
    """Predict the next character of Python source, at every step.

    x is a window of `lag` characters (one-hot), y the same window one character later.

    split   the modules that windows are drawn from: "train" or "test"

    Lag: the length of the window, so the longest time over which something seen can be of use.
    Baseline: the best predictor that sees the latest character and remembers nothing: the entropy of a character given
    the one before it, counted in the split itself. Solved: never (0). There is no exact `solve`: nobody knows the text.
    """

    split: str = "train"

    input_size = output_size = len(SYMBOLS) + 1
    solved_at = 0.0

    def __post_init__(self):
        super().__post_init__()
        most = len(characters(self.split)) - 1
        doors.whole("NextCharacter", "lag in characters of the split", self.lag, most=most)

    @property
    def baseline(self):
        text, size = characters(self.split), self.output_size
        pairs = torch.bincount(text[:-1] * size + text[1:], minlength=size * size).view(size, size).double()
        given = pairs / pairs.sum(dim=1, keepdim=True).clamp_min(1)
        return float(-(pairs * given.clamp_min(1e-300).log()).sum() / pairs.sum())

    def draw(self, batch_size, generator):
        text = characters(self.split)
        start = torch.randint(0, len(text) - self.lag, (batch_size, 1), generator=generator)
        window = text[start + torch.arange(self.lag + 1)]
        return Batch(one_hot(window[:, :-1]), window[:, 1:], "every")

    def score(self, output, batch):
        """The fraction of characters that are the most probable one."""
        self.check(output, batch)
        return (output.argmax(dim=-1) == batch.y).float().mean().item()


def structure(text):
    """What a reader of Python source keeps in mind, after each character of text: {name: numbers (time,)}.

    "in string"    1 from the opening quote to the character before the closing one
    "in comment"   1 from the # to the end of the line
    "brackets"     how many (, [ and { are open
    "indentation"  of the line, in units of four columns; 0 until its first letter

    Found by Python's own tokenizer. Raises ValueError for text that is not Python.
    """
    lines = io.StringIO(doors.text("structure", "text", text)).readlines()  # as the tokenizer gets them: not at a \f
    starts = np.cumsum([0, *map(len, lines)])
    found = {name: np.zeros(len(text)) for name in ("in string", "in comment", "brackets", "indentation")}
    depth = last = nested = first = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.ERRORTOKEN:
                raise SyntaxError(f"{token.string!r} in line {token.start[0]}")
            begin, end = (starts[min(row, len(starts)) - 1] + column for row, column in (token.start, token.end))
            found["brackets"][last:begin] = depth
            if token.type == tokenize.OP and not nested:
                depth += (token.string in "([{") - (token.string in ")]}")
            found["brackets"][begin:end] = depth
            last = max(last, end)
            if token.type == tokenize.COMMENT:
                found["in comment"][begin:end] = 1
            elif token.type == tokenize.STRING and not nested:
                found["in string"][begin : end - 1] = 1
            elif token.type in OPENS:
                first, nested = first if nested else begin, nested + 1
            elif token.type in CLOSES:
                nested -= 1
                if not nested:
                    found["in string"][first : end - 1] = 1
    except (tokenize.TokenError, SyntaxError) as error:
        raise ValueError(f"structure needs the text of a Python module; got one that does not parse: {error}") from None
    for begin, line in zip(starts, lines):
        first = len(line) - len(line.lstrip(" \t\f"))
        columns = len(line[:first].rpartition("\f")[2].expandtabs(8))  # as Python counts them
        found["indentation"][begin + first : begin + len(line)] = columns / 4
    return found


# ---- The network that is shipped ----


def load_model(path=MODEL):
    """(network, facts): the trained Network, and how it was made: settings, losses, command, versions, a dict.

    Raises ValueError where the file is missing or is another one.
    """
    if not Path(doors.path("load_model", "path", path)).exists():
        raise ValueError(
            f"load_model needs {path}; `git checkout -- results`, or `python -m course_lib.text`, brings it"
        )
    with doors.using("load_model", "path as a file of make_model", path):
        with Path(path).open("rb") as file, np.load(file) as kept:
            facts = json.loads(str(kept["facts"]))
            weights = {name: torch.from_numpy(kept[name]) for name in kept.files if name != "facts"}
        with drawn_from(0):
            network = Network(LSTMCell(len(SYMBOLS) + 1, facts["hidden_size"]), len(SYMBOLS) + 1)
        network.load_state_dict(weights)
    return network, facts


def make_model(path=MODEL, *, hidden_size=96, updates=20_000, batch_size=32, window=256, seed=0, progress=True):
    """Train the network that is shipped and write it to path, with its facts.

    window    characters in a training sequence; the other settings as in training.train

    The learning rate falls from 0.01 to 0.003 after 70 % of the updates and to 0.001 after 90 %. Ctrl-C keeps what was
    trained beside path, and the same call goes on from there.
    """
    doors.target("make_model", "path", path)
    task = NextCharacter(window)
    network = build(LSTMCell, task, hidden_size=hidden_size, init="chrono", seed=seed)
    done, seconds = 0, 0.0
    for share, rate in ((0.7, 1e-2), (0.2, 3e-3), (0.1, 1e-3)):
        done += round(share * updates)
        part = Path(f"{path}.{rate:g}.checkpoint")
        history = train(network, task, updates=round(share * updates), batch_size=batch_size, learning_rate=rate,
                        seed=seed + done, checkpoint=part, progress=progress)  # fmt: skip
        seconds += history.seconds
        if history.ended != "budget":
            print(f"{history.ended} after {len(history.losses)} updates at rate {rate:g}: call again to go on")
            return
    facts = {
        "command": "python -m course_lib.text", "hidden_size": hidden_size, "updates": updates, "seed": seed,
        "batch_size": batch_size, "window": window, "init": "chrono", "seconds": round(seconds),
        "train loss": history.loss, "test loss": evaluate(network, NextCharacter(1000, "test"), sequences=300)[0],
        "versions": f"python {platform.python_version()}, torch {version('torch')}, numpy {version('numpy')}",
    }  # fmt: skip
    content = io.BytesIO()
    np.savez_compressed(content, facts=json.dumps(facts), **{k: v.numpy() for k, v in network.state_dict().items()})
    write(path, content.getvalue())
    for part in Path(path).parent.glob(f"{Path(path).name}.*.checkpoint"):
        part.unlink()
    print(facts)


if __name__ == "__main__":
    make_model()
