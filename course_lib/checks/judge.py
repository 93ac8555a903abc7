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
import warnings
from functools import cached_property, partial
from itertools import combinations
from textwrap import dedent

import numpy as np
from numpy import exp

from course_lib import doors
from course_lib.checks.compare import Unreadable, describe, equal, first_difference, numbers, plain, same
from course_lib.checks.draw import drawn_for
from course_lib.checks.instances import others, right_elsewhere, right_for
from course_lib.checks.located import located
from course_lib.checks.mutate import mutants
from course_lib.checks.probed import probed
from course_lib.checks.record import solved
from course_lib.checks.related import related
from course_lib.checks.stops import raised
from course_lib.checks.symptoms import explained
from course_lib.checks.tokens import own_token


def token(learner, secret):
    """The 16 characters that give one learner a variant of every exercise: HMAC-SHA256 of the id under the secret."""
    doors.text("token", "learner", learner, empty=False), doors.text("token", "secret", secret, empty=False)
    return hmac.new(secret.encode(), learner.encode(), "sha256").hexdigest()[:16]


TOKEN, WHERE = own_token()


class NotRight(AssertionError):
    """An answer differs from what was asked; the message says where, and why if the mistake is a known one."""

    def _render_traceback_(self):  # what Jupyter shows: the message alone
        return str(self).splitlines()


class NotAnswered(NotRight, NotImplementedError):
    """The answer still waits for the learner."""


WRITE = "Write your answer in the cell above, run it, then this one."


def sigmoid(a):
    """The logistic sigmoid 1 / (1 + exp(-a))."""
    return 1 / (1 + exp(-a))


# What a mistake may be written with, besides the names of its reference's own file.
WORDS = {"np": np, "sigmoid": sigmoid} | {
    name: getattr(np, name) for name in ("exp", "log", "log10", "maximum", "mean", "sign", "stack", "tanh")
}


def code(function):
    """The text of a reference: its def, then what follows the docstring."""
    text = dedent(inspect.getsource(function))
    node, lines = ast.parse(text).body[0], text.splitlines()
    head = lines[node.lineno - 1 : node.body[0].lineno - 1]  # the def, between the decorator and the docstring
    return "\n".join([*head, *lines[node.body[1].lineno - 1 :]])


def compiled(reference, text):
    """The function that a changed text of a reference defines."""
    space = WORDS | reference.__globals__
    exec(compile(text, f"<{reference.__name__}>", "exec"), space)
    return space[reference.__name__]


def pairs(text, mistakes):
    """{clause: text} with two mistakes at once, wherever the edits of both fit."""
    found = {}
    for (one, edits), (other, more) in combinations(mistakes.items(), 2):
        edited = text
        for old, new in zip((edits + more)[::2], (edits + more)[1::2]):
            edited = edited.replace(old, new) if edited.count(old) == 1 else ""
        if edited:
            found[f"{one}, and {other}"] = edited
    return found


class Essay:
    """An exercise that a person reads: its hints, from a nudge to nearly the answer."""

    def __init__(self, *hints):
        self.hints = hints


def problem(**options):
    """Turn a reference function into the Problem of that name."""
    return lambda reference: Problem(reference, **options)


def call(answer, case):
    """What an answer does on a case, unless the problem says otherwise: the function is called with the arguments."""
    return answer(*copy.deepcopy(list(case.values())))


class Problem:
    """One exercise: calling it with an answer prints that it is right, or raises NotRight with a diagnosis.

    reference  function(**case, **given) in plain NumPy, float64, with a docstring; its text is what the mistakes edit
    cases      function(generator, **given) -> list of cases, each {argument: tensor or number}
    mistakes   {clause: (old, new, ...)}: "this is what comes out when" clause; each old text is replaced by its new one
    hints      sentences, from a nudge to nearly the answer
    form       what an answer that act reads has to be, in words
    axes       the names of the axes of what is compared
    act        function(answer, case): what to compare with the reference; the answer's return value by default
    also       {reading: (old, new, ...)}: edits of the reference that are as right; an answer follows one of them
    variant    function(generator) -> {name: constant} of this learner's instance; none by default
    default    the instance of those without a token; drawn like the others by default
    key        function(instance) -> what no instance may share with the default one; the instance itself by default
    draw       function(**given) -> (the figure that the learner reads, what can be read of it in words)
    show       function(**given) -> {name: value} that the learner is given of it; the constants by default

    and, for the tests:

    planted    [(words, old, new, ...)]: wrong answers, as edits of the one in solutions/, with what the check must say:
               a clause of mistakes, another sentence, or None where no reason is known. A mistake whose own edits fit
               that answer is planted already
    solve      function(**given) -> a right answer to that instance, wherever there is a variant
    """

    def __init__(
        self, reference, *, cases, mistakes, hints, axes=(), act=call, variant=lambda generator: {}, show=dict,
        planted=(), solve=None, default=None, key=dict, draw=None, form="", also=None,
    ):  # fmt: skip
        self.name, self.reference, self.__doc__ = reference.__name__, reference, reference.__doc__
        self.cases, self.mistakes, self.hints, self.axes = cases, mistakes, hints, axes
        self.act, self.variant, self.show = act, variant, show
        self.planted, self.solve, self.default, self.key, self.draw = planted, solve, default, key, draw
        self.also, self.form = also or {}, form or getattr(act, "form", "")

    def given(self, token):
        """The constants {name: value} of the instance that belongs to a token; never those of the default token "".

        Public solutions answer the default instance, so a learner with a token cannot copy them.
        """
        default, generator = self.default or self.variant(drawn_for(self.name, "")), drawn_for(self.name, token)
        found = self.variant(generator) if token else default
        while token and default and self.key(found) == self.key(default):
            found = self.variant(generator)
        return found

    def shown(self, token):
        """What the learner is given of that instance, {name: value}."""
        return self.show(**self.given(token))

    def __call__(self, answer, *, hidden=False):
        """Judge answer, a function. hidden draws other cases and tells less about them."""
        if not callable(answer):
            raise NotRight(f"{self.name} needs your function itself; got {type(answer).__name__}")
        given = self.given(TOKEN)
        cases, inputs, expected = self.drawn(TOKEN, "hidden" if hidden else "shown")  # before any of the learner's code
        got = [answered(self, answer, case, k, len(cases), hidden) for k, case in enumerate(cases)]
        for version in self.readings.values():
            if not all(map(same, got, expected)) and self.same_as(version, got, inputs, given, 0):
                expected = got
        wrong = next((k for k in range(len(cases)) if not same(got[k], expected[k])), None)
        if wrong is not None:
            why = self.diagnose(got, expected, inputs, given)
            if not why and not hidden:
                why = right_elsewhere(self, answer, given) or located(got, expected, inputs, self.axes)
                why = why or probed(partial(right_on, self, answer, given), cases)
            lines = [*self.report(wrong, got, expected, cases, why, hidden)]
            if not hidden and hasattr(self.act, "picture"):
                lines[-1:-1] = self.act.picture(answer, cases[wrong], got[wrong], expected[wrong])
            raise NotRight("\n".join(lines))
        if not hidden:
            solved(self.name)
            whole = self.axes[:1] == ("sequence",)
            count = sum(len(case["x"]) for case in cases) if whole else len(cases)
            where = f" in all {count} {'sequences' if whole else 'cases'}" if count > 1 else ""
            print(f"{self.name}: right{where}.")

    def drawn(self, token, which):
        """The cases that a token draws, the same in NumPy, and what is expected of each."""
        given = self.given(token)
        cases = self.cases(drawn_for(self.name, token, which), **given)
        inputs = [{name: numbers(value) for name, value in case.items()} for case in cases]
        return cases, inputs, self.run(self.reference, inputs, given)

    def run(self, function, inputs, given):
        """What function, the reference or a wrong version of it, gives on every case; inputs are the cases in NumPy."""
        with np.errstate(all="ignore"), warnings.catch_warnings():  # a mistake may well divide by zero
            warnings.simplefilter("ignore")
            return [plain(function(**case, **given)) for case in inputs]

    @cached_property
    def wrong_versions(self):
        """{clause: the reference with that mistake in it}."""
        return edited(self, self.mistakes)

    @cached_property
    def readings(self):
        """{reading: the reference as it is read otherwise}."""
        return edited(self, self.also)

    @cached_property
    def unlisted(self):
        """{clause: the reference} with two known mistakes at once, then with every small change of its text."""
        found = pairs(code(self.reference), self.mistakes) | dict(mutants(code(self.reference)))
        once = {text: clause for clause, text in found.items()}
        return {clause: compiled(self.reference, text) for text, clause in once.items()}

    def same_as(self, function, got, inputs, given, first):
        """Does a version of the reference give what was got? The case `first` is tried before the others."""
        order = [first, *(k for k in range(len(inputs)) if k != first)]
        try:
            return all(same(got[k], self.run(function, [inputs[k]], given)[0]) for k in order)
        except Exception:  # a change that cannot run is nobody's mistake
            return False

    def diagnose(self, got, expected, inputs, given):
        """The lines that say what gives exactly what was got in every case, or which outputs are right."""
        first = next(k for k in range(len(got)) if not same(got[k], expected[k]))
        if told := right_for(self, [self.given("")], got, inputs, given, first):
            return told
        for clause, version in self.wrong_versions.items():
            if self.same_as(version, got, inputs, given, first):
                return [f"This is what comes out when {clause}."]
        if told := right_for(self, others(self), got, inputs, given, first):
            return told
        told = explained(got, expected, inputs, self.axes)
        if any("every number" in one.lower() or "exchanged" in one for one in told):
            return told
        unlisted = self.unlisted if got[first].keys() == expected[first].keys() else {}
        for clause, version in unlisted.items():
            if self.same_as(version, got, inputs, given, first):
                return [*told, f"This is what comes out when {clause}."]
        return [*told, *related(got, expected, inputs)]

    def report(self, k, got, expected, cases, why, hidden):
        """The lines that say what is wrong in case k."""
        about = f" (case {k + 1} of {len(cases)}: {describe(cases[k])})"
        yield f"{self.name} is not right yet{' on cases that the visible check does not draw' if hidden else about}."
        if not hidden:
            yield from first_difference(got[k], expected[k], cases[k], self.axes)
        yield from (f"  {one}" for one in why)
        yield f'  For a hint: checks.hint("{self.name}")'


def answered(one, answer, case, k, count, hidden):
    """What an answer to a problem gives on case k, ready to be compared; NotRight where it gives nothing."""
    theirs = []  # what the answer itself raised, not what reads it

    def called(*arguments):
        try:
            return answer(*arguments)
        except Exception as error:
            theirs.append(error)
            raise

    try:
        return plain(one.act(called, case))
    except Unreadable as error:
        raise NotRight(f"{one.name} {error}") from None
    except NotImplementedError:
        raise NotAnswered(f"{one.name}: not answered yet. {WRITE}") from None
    except Exception as error:
        if one.form and error not in theirs:
            raise NotRight(f"{one.name} needs {one.form}; that is not what is returned ({error})") from None
        if (told := raised(one.name, error, case, k, count, hidden)) is None:
            raise
        raise NotRight("\n".join(told)) from None


def right_on(one, answer, given, case):
    """Is an answer to a problem right on a case of which something can be seen?"""
    try:
        inputs = {name: numbers(value) for name, value in case.items()}
        expected = one.run(one.reference, [inputs], given)[0]
        seen = all(np.isfinite(result).all() for result in expected.values()) and any(map(np.any, expected.values()))
        given_back = [value for value in inputs.values() if isinstance(value, np.ndarray) and value.size > 1]
        seen = seen and not any(equal(result, other) for result in expected.values() for other in given_back)
        return seen and same(plain(one.act(answer, case)), expected)
    except Exception:  # the case is none for it
        return False


def edited(one, listed):
    """{words: the reference of a problem with these edits}."""
    found = {}
    for words, edits in listed.items():
        text = code(one.reference)
        for old, new in zip(edits[::2], edits[1::2]):
            if text.count(old) != 1:
                raise ValueError(f"{one.name}: an edit needs a text that occurs once; got {old!r}")
            text = text.replace(old, new)
        found[words] = compiled(one.reference, text)
    return found
