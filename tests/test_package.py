"""The package says what it needs, carries what it uses, and is named alike everywhere."""

import ast
import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")  # Python 3.11

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CARD = {"jupyterlab", "numpy", "torch", "matplotlib", "ipywidgets", "nbval"}  # what the course was asked to use


def named(requirements):
    """The names of the packages in a list of requirements, as an index spells them."""
    return {re.match(r"[A-Za-z0-9_.-]+", line)[0].lower().replace("_", "-") for line in requirements}


def listed(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return named(line for line in lines if re.match(r"\w", line))


def test_what_a_learner_is_told_to_install_is_what_the_package_declares():
    assert listed("requirements.txt") == named(PROJECT["project"]["dependencies"]) >= CARD


def test_the_library_declares_every_package_that_it_imports():
    imported = set()
    for path in (ROOT / "course_lib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(node.module.split(".")[0])
    others = imported - set(sys.stdlib_module_names) - {"course_lib"}
    providers = packages_distributions()
    needed = {name.lower().replace("_", "-") for module in others for name in providers.get(module, [module])}
    declared = named(PROJECT["project"]["dependencies"]).union(
        *map(named, PROJECT["project"]["optional-dependencies"].values())
    )
    assert needed - declared == set()


def test_every_range_has_an_upper_end_and_holds_what_is_pinned():
    from packaging.requirements import Requirement  # comes with everything that installs packages

    pins = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line]
    for line in PROJECT["project"]["dependencies"]:
        wanted = Requirement(line)
        assert re.search("~=|<", str(wanted.specifier)), line
        versions = [pin for pin in pins if pin.name == wanted.name]
        assert versions, line
        for pin in versions:
            assert wanted.specifier.contains(str(pin.specifier).removeprefix("==")), (line, pin)


def test_torch_is_pinned_to_the_version_that_the_installer_asks_for():
    from tools import setup

    assert f"torch=={setup.TORCH}\n" in (ROOT / "constraints.txt").read_text()


@pytest.mark.parametrize("source, target", PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].items())
def test_what_the_package_puts_beside_itself_is_there_and_readable(source, target):
    assert isinstance(json.loads((ROOT / source).read_text()), dict)
    assert target.endswith(Path(source).name)


def test_the_version_is_the_same_for_those_who_cite_it_and_in_the_list_of_changes():
    version = PROJECT["project"]["version"]
    assert re.search(rf"^version: {re.escape(version)}$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M)
    edition = version.split(".")[0]
    assert re.search(rf"^## Edition {edition}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)


def test_the_workflow_runs_every_python_and_every_system_that_are_promised():
    from tools import setup

    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))["jobs"]
    matrix = jobs["library"]["strategy"]["matrix"]
    (_, oldest), (_, newest) = setup.OLDEST, setup.NEWEST
    assert matrix["python"] == [f"3.{minor}" for minor in range(oldest, newest + 1)]
    assert {system.split("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    left_out = {(each["system"], each["python"]) for each in matrix["exclude"]}
    assert left_out == {("ubuntu-latest", python) for python in jobs["everything"]["strategy"]["matrix"]["python"]}


def test_a_commit_is_formatted_by_the_formatter_that_the_tests_ask():
    pinned = re.search(r"^ruff==\S+", (ROOT / "constraints.txt").read_text(), re.M)[0]
    named = re.findall(r"ruff==[^\]\s]+", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert set(named) == {pinned}


def test_nothing_is_kept_that_a_run_left_behind():
    """Every file has a name that each system can hold; in the root, one that says what it is."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, text=True, capture_output=True, check=True)
    names = done.stdout.split("\0")[:-1]
    assert [name for name in names if not re.fullmatch(r"[\w./-]+", name, re.ASCII)] == []
    root = {name for name in names if "/" not in name and not name.startswith(".") and "." not in name}
    assert root == {"Dockerfile", "LICENSE", "Makefile"}
