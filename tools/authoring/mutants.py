"""Does a test notice when a line of the library is wrong? Change one thing at a time and see whether a test fails.

    python -m tools.authoring.mutants                          # a sample of every module: minutes to an hour
    python -m tools.authoring.mutants unroll scan --all        # every mutant of two modules
    python -m tools.authoring.mutants fuse.plan --sample 50 --seed 3

What is changed is mutmut's list: numbers, comparisons, operators, names such as True, arguments left out, assignments
of None; and ours: other means (MEANS), a call left out, two arguments swapped, nothing returned. Prose is left alone:
error messages and docstrings are read by tests of their own. A mutant runs against the tests of its module and, where
it survives them, against the battery of wrong values of tests/doors, in a copy of the course, in a process forked from
one that has torch imported already. It is killed if a test fails or never ends. One that no test can kill, because it
changes nothing that can be seen, stands with its reason in tests/equivalent_mutants.json; every other survivor is
printed as a diff. tests/authoring/test_sampled.py tries a few at every run of the tests.
"""

import argparse
import difflib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

try:
    import libcst as cst
    from mutmut.mutation.mutators import mutation_operators
except ImportError:
    sys.exit("tools.authoring.mutants needs mutmut (pip install -r requirements-dev.txt)")

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.json"
MODULES = ("cells", "unroll", "gradients", "training", "tasks", "scan", "initialise", "stats", "plots", "latex",
           "lesson", "ledger", "checks.compare", "checks.symptoms", "sweep.outcomes", "sweep.grid", "sweep.one",
           "fuse.run", "fuse.write", "fuse.elementary", "widgets.gate_desk", "widgets.gradient_microscope",
           "widgets.build_the_lstm", "widgets.half_life_dial", "widgets.time_warp", "widgets.gate_lens",
           "widgets.clamp_any_gate")  # fmt: skip
MEANS = {"mean": "median", "median": "mean", "min": "max", "max": "min", "sum": "mean", "all": "any", "any": "all",
         "argmin": "argmax", "argmax": "argmin", "cumsum": "cumprod", "sigmoid": "tanh", "tanh": "sigmoid",
         "relu": "abs", "floor": "ceil", "ceil": "floor", "first": "last", "low": "high", "high": "low"}  # fmt: skip
EITHER_WAY = {"max", "min", "maximum", "minimum", "isclose", "allclose", "equal", "array_equal"}  # f(a, b) = f(b, a)
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-W", "ignore::pytest.PytestAssertRewriteWarning")
UNTOUCHED = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
PASSED = (0, 5)  # how pytest ends where nothing failed, or nothing was chosen
PATIENCE = 60  # seconds of processor time a mutant may take beyond three times what the tests take without it


# ---- Mutants ----


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


# ---- Tests ----


def file_of(module):
    """The file of a module of the library, named as in fuse.plan."""
    path = ROOT / "course_lib" / (module.replace(".", "/") + ".py")
    return path if path.exists() else path.with_suffix("") / "__init__.py"


def tests_of(module):
    """The test files of a module: those named after it or else after its package; for cells, of docstrings too."""
    package, _, name = module.partition(".")
    files = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests").rglob("test_*.py"))]
    own = [file for file in files if Path(file).stem in (f"test_{name}", f"test_{package}_{name}")]
    whole = [file for file in files if f"{Path(file).stem}_".startswith(f"test_{package}_")
             or Path(file).parent.name == package]  # fmt: skip
    return (own or whole) + [file for file in files if module == "cells" and Path(file).stem == "test_docstrings"]


def battery(module):
    """What pytest is told to try wrong values at the doors of a module alone."""
    return ["tests/doors/test_doors.py", "-k", f"what_is_wrong and {module.rpartition('.')[2]}"]


def serve():
    """Run the mutants that come in on stdin, one line of JSON each, in the current folder; answer a line for each.

    What is needed anyway is imported once, here; a mutant is tried in a fork. Tests stay compiled from the first run.
    """
    import gc

    import hypothesis  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import nbformat  # noqa: F401
    import pytest
    import torch

    torch.testing.assert_close(torch.zeros(1), torch.zeros(1))  # which imports half of torch
    gc.freeze()  # pytest collects garbage at the end, and this is none
    sys.path.insert(0, os.getcwd())
    for line in sys.stdin:
        asked = json.loads(line)
        path = Path(asked["file"])
        before = path.read_text(encoding="utf-8")
        path.write_text(asked["text"], encoding="utf-8")
        child = os.fork()
        if not child:
            os.setsid()
            sys.dont_write_bytecode = asked["text"] != before
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 1)
                os.dup2(nothing.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_CPU, (asked["seconds"], asked["seconds"]))
            signal.alarm(20 * asked["seconds"])  # one that waits for ever takes no processor time
            os._exit(any(pytest.main([*PYTEST, *tests]) not in PASSED for tests in asked["tests"]))
        _, status, used = os.wait4(child, 0)
        try:
            os.killpg(child, signal.SIGKILL)  # what a mutant has started and left
        except OSError:
            pass
        path.write_text(before, encoding="utf-8")
        print(json.dumps({"passed": status == 0, "seconds": used.ru_utime + used.ru_stime}), flush=True)


class Server:
    """A process that tries mutants, in a copy of the course of its own."""

    def __init__(self, place):
        self.place = place
        files = subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True)
        for name in files.splitlines():
            if (ROOT / name).is_file():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, place / name)
        quiet = {
            "COURSE_QUIET": "1",
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "agg",
            "PYTHONPATH": os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")]),
        }
        command = [sys.executable, "-m", "tools.authoring.mutants", "--serve"]
        self.process = subprocess.Popen(command, cwd=place, text=True, stdin=-1, stdout=-1, env=os.environ | quiet)

    def ask(self, **asked):
        """Hand a mutant over; `answer` waits for what comes of it."""
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def close(self):
        """End the process."""
        self.process.communicate()


def trial(module, texts, servers, *, doors=True):
    """Yield (text, killed) for every mutant of a module. RuntimeError if the tests fail without a mutant.

    doors   whether those that survive the tests of the module are tried at its doors too
    """
    file, tests = str(file_of(module).relative_to(ROOT)), [tests_of(module), *([battery(module)] if doors else [])]
    if not tests[0]:
        raise RuntimeError(f"{module} has no tests named after it")
    servers[0].ask(file=file, text=file_of(module).read_text(encoding="utf-8"), tests=tests, seconds=3600)
    whole = servers[0].answer()
    if not whole["passed"]:
        raise RuntimeError(f"the tests of {module} fail without a mutant: {tests}")
    waiting, busy = list(texts), {}
    while waiting or busy:
        for server in servers:
            if server not in busy and waiting:
                busy[server] = waiting.pop(0)
                seconds = int(PATIENCE + 3 * whole["seconds"])
                server.ask(file=file, text=busy[server], tests=tests, seconds=seconds)
        for server in list(busy):  # the next one has the answer before the first needs it
            yield busy.pop(server), not server.answer()["passed"]


def equivalent():
    """{module: [{"diff": ..., "why": ...}]}: the mutants that change nothing that can be seen."""
    return json.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else {}


def body(diff):
    """A difference without its line numbers, which move."""
    return "\n".join(line for line in diff.splitlines() if not line.startswith("@"))


def sampled(module, sample, seed):
    """({mutant: its difference} of a sample of a module, None for all of them; how many more are argued equivalent)."""
    text = file_of(module).read_text(encoding="utf-8")
    known = {body(row["diff"]) for row in equivalent().get(module, [])}
    chosen = mutants(text) if sample is None else islice(mutants(text, seed), sample)
    found = {mutant: difference(text, mutant) for mutant in chosen}
    open_ones = {mutant: diff for mutant, diff in found.items() if body(diff) not in known}
    return open_ones, len(found) - len(open_ones)


def try_module(module, sample, seed, servers):
    """Try a sample of the mutants of a module (None: all) and print the survivors; (tried, killed, equivalent)."""
    differences, argued = sampled(module, sample, seed)
    killed = 0
    for mutant, dead in trial(module, differences, servers):
        killed += dead
        if not dead:
            print(f"\n{module} survives:\n{differences[mutant]}", flush=True)
    return len(differences) + argued, killed, argued


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE")
    parser.add_argument("--sample", type=int, default=40, help="mutants per module")
    parser.add_argument("--all", action="store_true", help="every mutant")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.serve:
        return serve()
    with tempfile.TemporaryDirectory() as folder:
        servers = [Server(Path(folder) / str(k)) for k in range(asked.jobs)]
        try:
            for module in asked.modules or MODULES:
                tried, killed, argued = try_module(module, None if asked.all else asked.sample, asked.seed, servers)
                share = (killed + argued) / tried
                print(f"{module:20} {tried} mutants, {killed} killed, {argued} equivalent: {share:.0%}", flush=True)
        finally:
            for server in servers:
                server.close()


if __name__ == "__main__":
    main()
