"""A few wrong lines, drawn at random, are noticed by the tests; those that cannot be noticed have their reason."""

import os
from importlib.util import find_spec

import pytest

if find_spec("mutmut") is None or not hasattr(os, "fork"):
    pytest.skip("mutmut is not installed (pip install -r requirements-dev.txt)", allow_module_level=True)

from tools.authoring import mutants  # noqa: E402 (ends the process where mutmut is missing)

MODULES, SAMPLE, SEED = ("scan", "stats"), 3, 1


def test_a_sample_of_wrong_lines_is_noticed(tmp_path):
    server = mutants.Server(tmp_path)
    try:
        for module in MODULES:
            found, _ = mutants.sampled(module, SAMPLE, SEED)
            alive = [found[text] for text, dead in mutants.trial(module, found, [server], doors=False) if not dead]
            assert not alive, f"no test of {module} fails for\n" + "\n".join(alive)
    finally:
        server.close()


@pytest.mark.parametrize("module", mutants.equivalent())
def test_what_is_argued_to_change_nothing_is_still_a_mutant_and_has_its_reason(module):
    text, rows = mutants.file_of(module).read_text(encoding="utf-8"), mutants.equivalent()[module]
    left = {mutants.body(row["diff"]) for row in rows}
    lines = {line[2:] for diff in left for line in diff.splitlines() if line.startswith("- ")}
    changed = mutants.mutants(text, lines=lines)
    while left and (mutant := next(changed, None)):
        left.discard(mutants.body(mutants.difference(text, mutant)))
    assert not left, f"no mutant of {module} any more, so take out:\n" + "\n".join(left)
    assert all(len(row["why"].split()) > 4 for row in rows)
