"""Judge an answer to an exercise: compare it with a plain reference, show the first difference, name the mistake.

A problem is one function, its reference, and what surrounds it:

    @problem(cases=several(draw), axes=("batch", "unit"), hints=("Start with W x.",),
             mistakes={"tanh is missing": ("tanh(W * x)", "W * x")})
    def squashed(x, W):
        return tanh(W * x)

A known mistake is an edit of the reference's text. The edited reference runs on the same cases; an answer that agrees
with it made that mistake.

A teacher can give every learner an instance of their own. token(learner, secret) is what the learner gets, and keeps in
token.txt beside the notebooks; the grader sets COURSE_TOKEN to the same. Without a token everybody has the default.
"""

import ast
import copy
import hmac
import inspect
import os
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from textwrap import dedent

import numpy as np
import torch

# Kept at import, so that an answer that replaces them in torch changes nothing here.
TENSORS = (torch.Tensor, torch.nn.Parameter)
tolist = torch.Tensor.tolist


def token(learner, secret):
    """The 16 characters that give one learner a variant of every exercise: HMAC-SHA256 of the id under the secret."""
    return hmac.new(secret.encode(), learner.encode(), "sha256").hexdigest()[:16]


def own_token():
    """This learner's token: COURSE_TOKEN, or the file token.txt here or one folder up; "" is the default variant."""
    files = [path for path in (Path("token.txt"), Path("../token.txt")) if path.is_file()]
    return os.environ.get("COURSE_TOKEN", files[0].read_text(encoding="utf-8") if files else "").strip()


TOKEN = own_token()


class NotRight(AssertionError):
    """An answer differs from what was asked; the message says where, and why if the mistake is a known one."""

    def _render_traceback_(self):  # what Jupyter shows: the message alone
        return str(self).splitlines()


class Unreadable(ValueError):
    """What an answer returned holds nothing that could be compared; the message says why."""


def problem(**options):
    """Turn a reference function into the Problem of that name."""
    return lambda reference: Problem(reference, **options)


def several(draw, *, count=12):
    """The cases of a problem: `count` times draw(generator), a dict {argument: value}."""
    return lambda generator, **given: [draw(generator) for _ in range(count)]


def call(answer, case):
    """What an answer does on a case, unless the problem says otherwise: the function is called with the arguments."""
    return answer(*copy.deepcopy(list(case.values())))


class Problem:
    """One exercise: calling it with an answer prints that it is right, or raises NotRight with a diagnosis.

    reference  function(**case, **given) in plain NumPy, float64, with a docstring; its text is what the mistakes edit
    cases      function(generator, **given) -> list of cases, each {argument: tensor or number}
    mistakes   {clause: (old, new, ...)}: "this is what comes out when" clause; each old text is replaced by its new one
    hints      sentences, from a nudge to nearly the answer
    axes       the names of the axes of what is compared
    act        function(answer, case): what to compare with the reference; the answer's return value by default
    variant    function(generator) -> {name: constant} of this learner's instance; none by default
    """

    def __init__(self, reference, *, cases, mistakes, hints, axes=(), act=call, variant=lambda generator: {}):
        self.name, self.reference, self.__doc__ = reference.__name__, reference, reference.__doc__
        self.cases, self.mistakes, self.hints, self.axes = cases, mistakes, hints, axes
        self.act, self.variant = act, variant

    def given(self, token):
        """The constants {name: value} of the instance that belongs to a token; never those of the default token "".

        Public solutions answer the default instance, so a learner with a token cannot copy them.
        """
        default, generator = self.variant(drawn_for(self.name, "")), drawn_for(self.name, token)
        found = self.variant(generator)
        while token and default and found == default:
            found = self.variant(generator)
        return found

    def __call__(self, answer, *, hidden=False):
        """Judge answer, a function. hidden draws other cases and tells less about them."""
        if not callable(answer):
            raise NotRight(f"{self.name} needs your function itself; got {type(answer).__name__}")
        given = self.given(TOKEN)
        cases = self.cases(drawn_for(self.name, TOKEN, "hidden" if hidden else "shown"), **given)
        inputs = [{name: numbers(value) for name, value in case.items()} for case in cases]
        expected = self.run(self.reference, inputs, given)  # before any of the learner's code
        try:
            got = [plain(self.act(answer, case)) for case in cases]
        except Unreadable as error:
            raise NotRight(f"{self.name} {error}") from None
        wrong = next((k for k in range(len(cases)) if not same(got[k], expected[k])), None)
        if wrong is not None:
            why = self.diagnose(got, expected, inputs, given)
            raise NotRight("\n".join(self.report(wrong, got, expected, cases, why, hidden)))
        if not hidden:
            whole = self.axes[:1] == ("sequence",)
            count = sum(len(case["x"]) for case in cases) if whole else len(cases)
            where = f" in all {count} {'sequences' if whole else 'cases'}" if count > 1 else ""
            print(f"{self.name}: right{where}.")

    def run(self, function, inputs, given):
        """What function, the reference or a wrong version of it, gives on every case; inputs are the cases in NumPy."""
        with np.errstate(all="ignore"):  # a mistake may well divide by zero
            return [plain(function(**case, **given)) for case in inputs]

    @cached_property
    def wrong_versions(self):
        """{clause: the reference with that mistake in it}."""
        text = dedent(inspect.getsource(self.reference))
        node, lines = ast.parse(text).body[0], text.splitlines()
        head = lines[node.lineno - 1 : node.body[0].lineno - 1]  # the def, between the decorator and the docstring
        text = "\n".join([*head, *lines[node.body[1].lineno - 1 :]])
        found = {}
        for clause, edits in self.mistakes.items():
            edited = text
            for old, new in zip(edits[::2], edits[1::2]):
                if edited.count(old) != 1:
                    raise ValueError(f"{self.name}: a mistake needs a text that occurs once; got {old!r}")
                edited = edited.replace(old, new)
            space = dict(self.reference.__globals__)
            exec(compile(edited, f"<{self.name}: {clause}>", "exec"), space)
            found[clause] = space[self.name]
        return found

    def diagnose(self, got, expected, inputs, given):
        """The clause of the mistake that gives exactly what was got in every case, or None."""
        for clause, version in self.wrong_versions.items():
            if all(map(same, got, self.run(version, inputs, given))):
                return f"This is what comes out when {clause}."
        default = self.given("")
        if given != default and all(map(same, got, self.run(self.reference, inputs, default))):
            return f"This is right for another instance, {default}; yours is {given}."
        for clause, change in symptoms(expected, self.axes):
            if all(map(same, got, map(change, expected))):
                return clause
        return None

    def report(self, k, got, expected, cases, why, hidden):
        """The lines that say what is wrong in case k."""
        about = f" (case {k + 1} of {len(cases)}: {describe(cases[k])})"
        yield f"{self.name} is not right yet{' on cases that the visible check does not draw' if hidden else about}."
        if not hidden:
            yield from first_difference(got[k], expected[k], cases[k], self.axes)
        if why:
            yield f"  {why}"
        yield f'  For a hint: checks.hint("{self.name}")'


def drawn_for(*words):
    """A torch.Generator whose seed depends on the words alone."""
    seed = int.from_bytes(sha256("\n".join(words).encode()).digest()[:7], "big")
    return torch.Generator().manual_seed(seed)


def numbers(value):
    """value with every tensor as a NumPy array in float64, also inside a dict."""
    if isinstance(value, dict):
        return {name: numbers(one) for name, one in value.items()}
    return np.array(tolist(value), dtype=float) if isinstance(value, torch.Tensor) else value


def plain(result):
    """result as {name: array}, the name "" for a lone one. Unreadable for anything but numbers, words and tensors.

    Only exact types are taken and everything is copied, so no object can bring an == of its own.
    """
    if result is None:
        raise Unreadable("returns nothing. Is a return missing?")
    if type(result) is dict:
        return {str(name): leaf(value) for name, value in result.items()}
    return {"": leaf(result)}


def leaf(value):
    """value, a number, a word, a tensor or nested lists of numbers, as an array of its own."""
    if type(value) is str:
        return np.array(value)
    try:
        return value.astype(float) if type(value) is np.ndarray else np.array(unpacked(value), dtype=float)
    except (TypeError, ValueError) as error:
        raise Unreadable(f"needs numbers or tensors to compare; got {error}") from None


def unpacked(value):
    """value as numbers and lists of numbers."""
    kind = type(value)
    if kind in TENSORS:
        return tolist(value)
    if kind is np.ndarray or (issubclass(kind, np.generic) and kind.__module__ == "numpy"):
        return value.tolist()
    if kind in (list, tuple):
        return [unpacked(one) for one in value]
    if kind in (int, float, bool):
        return value
    raise TypeError(f"an object of type {kind.__name__}")


def same(one, other):
    """Are two {name: array} equal, to 1e-4 of their size? float32 and float64 are not told apart."""
    return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)


def equal(one, other):
    """Are two arrays equal, to 1e-4 of their size, in the same shape?"""
    if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
        return False
    return bool((differs(one, other) == 0).all())


def differs(one, other):
    """An array that is True where the two, of one shape, differ."""
    if one.dtype.kind == "U":
        return one != other
    with np.errstate(invalid="ignore"):  # NaN differs from everything
        return ~(abs(one - other) <= 1e-4 + 1e-4 * abs(other))


def symptoms(expected, axes):
    """(sentence, change) for what goes wrong in any problem; change turns the right result into the wrong one."""
    if any(array.dtype.kind == "U" for result in expected for array in result.values()):
        return

    def each(change):
        return lambda result: {name: change(array) for name, array in result.items()}

    yield "Every number has the wrong sign.", each(lambda array: -array)
    yield "Every number is twice what it should be.", each(lambda array: 2 * array)
    yield "Every number is half of what it should be.", each(lambda array: array / 2)
    yield "Every number is 0.", each(lambda array: 0 * array)
    yield "The axes are in reverse order: transposed.", each(lambda array: array.T)
    if axes[:1] in (("batch",), ("sequence",)):
        yield "Every sequence gets the answer of the first one.", each(lambda array: 0 * array + array[:1])
    if axes[1:2] in (("time",), ("step",)):
        yield "Time runs backwards: the last step comes first.", each(lambda array: array[:, ::-1])
        yield "Only the last step is returned.", each(lambda array: array[:, -1])
    names = list(expected[0])
    for k, one in enumerate(names):
        for other in names[k + 1 :]:
            pair = {one: other, other: one}
            yield (
                f"{one} and {other} are exchanged.",
                lambda result, pair=pair: {name: result[pair.get(name, name)] for name in result},
            )
    if len(names) > 1:
        for name in names:
            yield f"Only {name} is returned, without its name.", lambda result, name=name: {"": result[name]}


def describe(case):
    """The arguments of a case: their shapes, or their value where it is one number."""
    words = []
    for name, value in case.items():
        if isinstance(value, torch.Tensor):
            words.append(f"{name} {tuple(value.shape)}")
        elif isinstance(value, (int, float)):
            words.append(f"{name} = {value:.5g}")
    return ", ".join(words) or "it has no arguments"


def first_difference(got, expected, case, axes):
    """Lines with what the answer gives, what was expected, and where."""
    if got.keys() != expected.keys():
        names = {"": "one result without a name"}
        yield f"  yours     {names.get(''.join(got), list(got))}"
        yield f"  expected  {names.get(''.join(expected), list(expected))}"
        return
    name = next(name for name in expected if not equal(got[name], expected[name]))
    label = f" of {name}" if name else ""
    mine, right = got[name], expected[name]
    if mine.shape != right.shape:
        yield f"  yours     shape{label} {mine.shape}"
        yield f"  expected  shape{label} {right.shape} {axes or ''}".rstrip()
        return
    if mine.dtype.kind != right.dtype.kind:
        where = ()
    else:
        where = tuple(int(k) for k in np.argwhere(differs(mine, right))[0])
    place = ", ".join(f"{axis} {k}" for axis, k in zip(axes, where))
    yield f"  first difference{label}{' at ' if place else ''}{place}"
    if axes[:1] == ("sequence",) and where:
        yield f"  where x = {case['x'][where[0]].tolist()}"
    yield f"  yours     {shown(mine[where])}"
    yield f"  expected  {shown(right[where])}"


def shown(value):
    """One entry of an array as a learner reads it."""
    return str(value) if value.dtype.kind == "U" else f"{float(value):.6g}"
