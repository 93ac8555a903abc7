"""An answer that stops with an exception: which case it was, at which line, and what it mostly means."""

import linecache
import traceback
from pathlib import Path

from course_lib.checks.compare import describe


def raised(name, error, case, k, count, hidden):
    """Lines about an exception of the learner's own code: the case, the learner's line, and what it may mean.

    None for an exception that is not the learner's but of what runs the check: those go on as they are.
    """
    kind = type(error)
    if isinstance(error, TimeoutError) or kind.__module__.partition(".")[0] not in THEIRS:
        return None
    root = Path(__file__).parents[2]
    ours = {root / "course_lib", root / "tools"}  # in grading the learner's cell ran elsewhere: its line is not known
    frames = [one for one in traceback.extract_tb(error.__traceback__)
              if not ours & set(Path(one.filename).parents) and "site-packages" not in one.filename]  # fmt: skip
    words = " ".join(str(error).split())[:200]
    lines = [f"{name} stopped with {kind.__name__}: {words}"]
    if not hidden:
        lines += [f"  in case {k + 1} of {count}: {describe(case)}"]
    if frames:
        line = linecache.getline(frames[-1].filename, frames[-1].lineno).strip()
        lines += [f"  in line {frames[-1].lineno} of your cell{': ' if line else ''}{line}"]
    lines += [f"  {advice}" for pattern, advice in ADVICE.items() if pattern in f"{kind.__name__}: {words}"][:1]
    return [*lines, f'  For a hint: checks.hint("{name}")']


THEIRS = ("builtins", "torch", "numpy", "__main__", "math")  # where the exceptions of a learner's code are defined
BATCH_FIRST = "The batch comes first: x is (batch, input), W is (hidden, input), so W x is x @ W.T."
ADVICE = {  # what a message of Python or PyTorch mostly means here
    "shapes cannot be multiplied": BATCH_FIRST,
    "size mismatch": BATCH_FIRST,
    "must match the size": "Two tensors of these shapes cannot be combined number by number: compare the shapes above.",
    "could not be broadcast": "Two arrays of these shapes cannot be combined: compare the shapes above.",
    "positional argument": "The function is called with the arguments of the case, in this order.",
    "must be Tensor, not": "This argument is a plain number: use math, or torch.tensor(...) around it.",
    "'dict' object": 'The weights come by letter: W["f"], not W.',
    "and 'dict'": 'The weights come by letter: W["f"], not W.',
    "KeyError": "There is no such name: the case lists the letters that there are.",
    "NameError": "This name is not defined: run the cells above, the one with the imports first.",
    "UnboundLocalError": "This name is used before it gets its value.",
    "ZeroDivisionError": "This case leads to a division by 0: treat it by itself.",
    "out of range": "The shortest case has fewer steps than that.",
    "out of bounds": "The shortest case has fewer steps than that.",
    "in-place operation": "Build a new tensor instead of changing one that is needed for the gradient.",
    "can't convert": "Take tensors as they are: no .numpy() on what needs a gradient.",
    "Can't call numpy()": "Take tensors as they are: no .numpy() on what needs a gradient.",
    "RecursionError": "The function calls itself without an end.",
    "OverflowError": "The number is too large: work with its logarithm.",
    "math domain error": "The logarithm or the root of a negative number, or of 0.",
    "has no attribute": "An object of this type has no such method: a plain number is not a tensor, nor an array.",
}
