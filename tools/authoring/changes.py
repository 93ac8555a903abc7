"""The changes that `tools.authoring.mutants` makes: mutmut's list, and ours (see there)."""

import difflib
import random
import sys

try:
    import libcst as cst
    from mutmut.mutation.mutators import mutation_operators
except ImportError:
    sys.exit("tools.authoring.mutants needs mutmut (pip install -r requirements-dev.txt)")

MEANS = {"mean": "median", "median": "mean", "min": "max", "max": "min", "sum": "mean", "all": "any", "any": "all",
         "argmin": "argmax", "argmax": "argmin", "cumsum": "cumprod", "sigmoid": "tanh", "tanh": "sigmoid",
         "relu": "abs", "floor": "ceil", "ceil": "floor", "first": "last", "low": "high", "high": "low"}  # fmt: skip
EITHER_WAY = {"max", "min", "maximum", "minimum", "isclose", "allclose", "equal", "array_equal"}  # f(a, b) = f(b, a)
UNTOUCHED = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)


def other_mean(node):
    """The name of another mean, end or slope: a mistake that reads well."""
    if node.value in MEANS:
        yield node.with_changes(value=MEANS[node.value])


def left_out(node):
    """A statement that is only a call, or raises, not made."""
    if isinstance(node, cst.Raise) or isinstance(node.value, cst.Call):
        yield cst.Pass()


def swapped(node):
    """A call with two arguments, one after the other, in each other's place, where that may matter."""
    name = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
    if isinstance(name, cst.Name) and name.value in EITHER_WAY:
        return
    for k, (one, two) in enumerate(zip(node.args, node.args[1:])):
        texts = prose(one.value) and prose(two.value)
        if not (one.keyword or two.keyword or one.star or two.star or texts or one.deep_equals(two)):
            pair = (one.with_changes(value=two.value), two.with_changes(value=one.value))
            yield node.with_changes(args=[*node.args[:k], *pair, *node.args[k + 2 :]])


def unreturned(node):
    """A return of nothing."""
    if node.value is not None:
        yield node.with_changes(value=None, whitespace_after_return=cst.SimpleWhitespace(""))


def prose(node):
    """Whether a node is a text with words in it, for people."""
    return isinstance(node, (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString)) and " " in (
        cst.Module([]).code_for_node(node)
    )


def said(node):
    """Who needs what, such as what, in a call of doors: words of its sentence, and prose too."""
    door = isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.value
    found = node.args if isinstance(door, cst.Name) and door.value == "doors" else ()
    return [arg for k, arg in enumerate(found) if k < 2 or arg.keyword and arg.keyword.value == "such_as"]


def same(words, others):
    """Whether two calls of doors say the same."""
    return len(words) == len(others) and all(one.deep_equals(other) for one, other in zip(words, others))


def encoding(node):
    """The argument of a call that says how a text is encoded: what the tests run on has no other than UTF-8."""
    found = node.args if isinstance(node, cst.Call) else ()
    return [arg for arg in found if arg.keyword and arg.keyword.value == "encoding"]


class Collector(cst.CSTVisitor):
    """Every change of a module that is to be tried: (node, changed node), in the order of the text."""

    OPERATORS = (*mutation_operators, (cst.Name, other_mean), (cst.Expr, left_out), (cst.Raise, left_out),
                 (cst.Call, swapped), (cst.Return, unreturned))  # fmt: skip

    def __init__(self):
        self.found, self.spoken = [], []

    def on_visit(self, node):
        words, kept = said(node), encoding(node)
        self.spoken += [word.value for word in (*words, *kept) if isinstance(word.value, cst.SimpleString)]
        if any(node is word for word in self.spoken) or prose(node) or isinstance(node, UNTOUCHED):
            return False
        for kind, operator in self.OPERATORS:
            if isinstance(node, kind):
                found = [new for new in operator(node) if same(words, said(new)) and same(kept, encoding(new))]
                self.found += [(node, new) for new in found]
        return True


class Replace(cst.CSTTransformer):
    def __init__(self, old, new):
        self.old, self.new = old, new

    def on_leave(self, original, updated):
        return self.new if original is self.old else updated


def mutants(text, seed=None, lines=None):
    """The texts that differ from text in one change, without repeats and without those that are not Python.

    In the order of the text, or in a random one where a seed is given, so that the first of them are a sample.
    lines: of which lines, without what they are indented by; all when None
    """
    wrapper, collector, seen = cst.MetadataWrapper(cst.parse_module(text)), Collector(), {text}
    wrapper.visit(collector)
    where = wrapper.resolve(cst.metadata.WhitespaceInclusivePositionProvider)
    starts = [0, *(k + 1 for k, letter in enumerate(text) if letter == "\n")]
    found, numbered = collector.found, [line.strip() for line in text.splitlines()]
    if lines is not None:
        places = {old: range(where[old].start.line - 1, where[old].end.line) for old, _ in found}
        found = [pair for pair in found if any(numbered[k] in lines for k in places[pair[0]] if k < len(numbered))]
    for old, new in found if seed is None else random.Random(seed).sample(found, len(found)):
        first, last = (starts[at.line - 1] + at.column for at in (where[old].start, where[old].end))
        try:
            changed = wrapper.module.code_for_node(new)
            if "\n" in changed:  # with the indentation of what is around it
                changed = wrapper.module.visit(Replace(old, new)).code
            else:
                changed = text[:first] + changed + text[last:]
            compile(changed, "mutant", "exec")
        except (SyntaxError, ValueError, cst.CSTValidationError, AttributeError):
            continue
        if changed not in seen:
            seen.add(changed)
            yield changed


def difference(text, mutant):
    """The changed lines, as "- old" and "+ new"."""
    lines = list(difflib.unified_diff(text.splitlines(), mutant.splitlines(), n=0, lineterm=""))[2:]
    return "\n".join(line if line[0] == "@" else f"{line[0]} {line[1:].strip()}" for line in lines)
