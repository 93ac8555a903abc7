"""constraints.txt installs on every Python from 3.10 to 3.14, on Linux, macOS and Windows: uv resolves, and says so."""

import re
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import product

import pytest

from tools.authoring import lock

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
SYSTEMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")
AT_ONCE = 10
WITHOUT_NETWORK = ("dns error", "Failed to fetch", "error sending request", "Connection refused", "timed out")
NUMPY = {"3.10": "2.2.", "3.11": "2.4."}  # the last series for each


@pytest.fixture(scope="module")
def resolved(tmp_path_factory):
    """{(python, system): the versions that uv chose}. They are asked for together: most of the time uv waits."""
    if find_spec("uv") is None:
        pytest.skip("uv is not installed (pip install -r requirements-dev.txt)")
    folder = tmp_path_factory.mktemp("lock")

    def resolve(case):
        python, system = case
        file = folder / f"{python}-{system}.txt"
        lock.resolve(file, "-c", str(lock.LOCK), "--python-version", python, "--python-platform", system,
                     "--only-binary", ":all:")  # fmt: skip
        return file.read_text()

    cases = list(product(PYTHONS, SYSTEMS))
    with ThreadPoolExecutor(AT_ONCE) as pool, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MACOSX_DEPLOYMENT_TARGET", "14.0")  # what PyTorch needs
        try:
            return dict(zip(cases, pool.map(resolve, cases)))
        except RuntimeError as error:
            if any(words in str(error) for words in WITHOUT_NETWORK):
                pytest.skip("the package index does not answer")
            raise


@pytest.mark.parametrize("python", PYTHONS)
def test_every_system_has_a_wheel_of_every_version_that_the_lock_names(python, resolved):
    pinned = {line.split(" ;")[0] for line in lock.LOCK.read_text().splitlines() if not line.startswith("#")}
    for system in SYSTEMS:
        text = resolved[python, system]
        versions = set(text.split("\n")) - {""}
        free = {line for line in versions - pinned if not line.startswith(lock.BY_TORCH)}
        assert free == set(), f"{system}: not in constraints.txt"
        assert "torch==2.13.0" in versions and "llvmlite==0.50.0" in versions
        assert re.search(rf"^numpy=={NUMPY.get(python, '2.')}", text, re.M)


def test_no_package_is_pinned_twice_for_the_same_machine():
    pins = [line for line in lock.LOCK.read_text().splitlines() if not line.startswith("#")]
    names = [pin.split("==")[0] for pin in pins]
    twice = {name for name in names if names.count(name) > 1}
    assert [pin for pin in pins if pin.split("==")[0] in twice and " ; " not in pin] == []
