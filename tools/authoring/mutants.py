"""Does a test notice when a line of the library is wrong? Change one thing at a time and see whether a test fails.

    python -m tools.authoring.mutants                          # a sample of every module: minutes to an hour
    python -m tools.authoring.mutants unroll scan --all        # every mutant of two modules
    python -m tools.authoring.mutants fuse.plan --sample 50 --seed 3

What is changed is mutmut's list: numbers, comparisons, operators, names such as True, arguments left out, assignments
of None; and ours: other means, a call left out, two arguments swapped, nothing returned. Prose is left alone:
error messages and docstrings are read by tests of their own. A mutant runs against the tests of its module and, where
it survives them, against those of its package, the quickest file first, and the battery of wrong values of tests/doors,
in a copy of the course, in a process forked from one that has torch imported already. It is killed if a test fails or
never ends. One that no test can kill, because it changes nothing that can be seen, stands with its reason in
tests/equivalent_mutants.json; every other survivor is printed as a diff. tests/authoring/test_sampled.py tries a few at
every run of the tests. The changes themselves are in tools/authoring/changes.py.
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from tools.authoring.changes import difference, mutants

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.json"
MODULES = ("cells", "unroll", "gradients", "training", "tasks", "scan", "initialise", "stats", "plots", "latex",
           "lesson", "ledger", "checks.compare", "checks.symptoms", "sweep.outcomes", "sweep.grid", "sweep.one",
           "fuse.run", "fuse.write", "fuse.elementary", "widgets.gate_desk", "widgets.gradient_microscope",
           "widgets.build_the_lstm", "widgets.half_life_dial", "widgets.time_warp", "widgets.gate_lens",
           "widgets.clamp_any_gate")  # fmt: skip
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-W", "ignore::pytest.PytestAssertRewriteWarning")
PASSED = (0, 5)  # how pytest ends where nothing failed, or nothing was chosen
PATIENCE = 30  # seconds of processor time a mutant may take beyond three times what a file takes without it
COMPILER = "course_lib/fuse/compile.py"  # a mutant of it finds no machine code that was made without it


# ---- Tests ----


def file_of(module):
    """The file of a module of the library, named as in fuse.plan."""
    path = ROOT / "course_lib" / (module.replace(".", "/") + ".py")
    return path if path.exists() else path.with_suffix("") / "__init__.py"


def tests_of(module):
    """(the test files named after a module, others of its package or that import it), for cells of docstrings too."""
    package, _, name = module.partition(".")
    files = {str(path.relative_to(ROOT)): path for path in sorted((ROOT / "tests").rglob("test_*.py"))}
    own = [file for file, path in files.items() if name and path.stem in (f"test_{name}", f"test_{package}_{name}")]
    imported = re.compile(rf"course_lib\.{package}(\.{name} import|\b import .*\b{name}\b)")
    near = [file for file, path in files.items()
            if f"{path.stem}_".startswith(f"test_{package}_") or path.parent.name == package
            or name and imported.search(path.read_text(encoding="utf-8"))
            or (module, path.stem) == ("cells", "test_docstrings")]  # fmt: skip
    return own, [file for file in near if file not in own]


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
            if asked["file"] == COMPILER:
                os.environ["COURSE_CACHE"] = tempfile.mkdtemp(dir=os.getcwd())
            sys.dont_write_bytecode = asked["text"] != before
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 1)
                os.dup2(nothing.fileno(), 2)
            for seconds, *tests in asked["tests"]:
                until = int(time.process_time() + seconds)
                resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
                signal.alarm(20 * seconds)  # one that waits for ever takes no processor time
                if pytest.main([*PYTEST, *tests]) not in PASSED:
                    os._exit(1)
            os._exit(0)
        _, status, used = os.wait4(child, 0)
        try:
            os.killpg(child, signal.SIGKILL)  # what a mutant has started and left
        except OSError:
            pass
        path.write_text(before, encoding="utf-8")
        late = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGALRM)
        ended = "takes too long" if late else "fails" if status else ""
        print(json.dumps({"ended": ended, "seconds": used.ru_utime + used.ru_stime}), flush=True)


class Server:
    """A process that tries mutants, in a copy of the course of its own."""

    def __init__(self, place):
        self.place, self.took = place, {}
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

    def seconds(self, module, *tests):
        """The seconds that tests take without a mutant, as a process of their own; RuntimeError if they fail."""
        file = file_of(module)
        if (known := (file == ROOT / COMPILER, *tests)) not in self.took:
            text = file.read_text(encoding="utf-8")
            self.ask(file=str(file.relative_to(ROOT)), text=text, tests=[(3600, *tests)])
            answer = self.answer()
            if answer["ended"]:
                raise RuntimeError(f"the tests of {module} fail without a mutant: {tests}")
            self.took[known] = answer["seconds"]
        return self.took[known]

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
    """Yield (text, how it ended, "" if it survived) for every mutant. RuntimeError if the tests fail without a mutant.

    doors   whether those that survive the tests of the package are tried at its doors too
    """
    own, near = tests_of(module)
    if not own and not near:
        raise RuntimeError(f"{module} has no tests named after it or its package")
    near.sort(key=lambda file: servers[0].seconds(module, file))
    chosen = [*([file] for file in [*own, *near]), *([battery(module)] if doors else [])]
    tests = [(int(PATIENCE + 3 * servers[0].seconds(module, *words)), *words) for words in chosen]
    file = str(file_of(module).relative_to(ROOT))
    waiting, busy = list(texts), {}
    while waiting or busy:
        for server in servers:
            if server not in busy and waiting:
                busy[server] = waiting.pop(0)
                server.ask(file=file, text=busy[server], tests=tests)
        for server in list(busy):  # the next one has the answer before the first needs it
            yield busy.pop(server), server.answer()["ended"]


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
    """Try a sample of the mutants of a module (None: all) and print the survivors; (tried, killed, equivalent).

    Those that take too long are printed too: one that makes the loops compile anew may change nothing else.
    """
    differences, argued = sampled(module, sample, seed)
    killed = 0
    for mutant, ended in trial(module, differences, servers):
        killed += ended != ""
        if ended != "fails":
            print(f"\n{module} {ended or 'survives'}:\n{differences[mutant]}", flush=True)
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
        os.environ.setdefault("COURSE_CACHE", str(Path(folder) / "kernels"))  # what mutants compile goes with them
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
