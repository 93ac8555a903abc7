"""The arithmetic of another processor can be asked for, and only one that this processor has."""

import pytest
import torch

from course_lib.cells import LSTMCell
from course_lib.fuse import compile, fuse
from course_lib.fuse.ir import Target
from course_lib.fuse.run import loops, shared
from course_lib.unroll import unroll


@pytest.fixture
def anew():
    """Forget what was compiled and for what, before and after."""
    caches = compile.processor, loops, shared
    yield [cache.cache_clear() for cache in caches]
    [cache.cache_clear() for cache in caches]


def test_loops_of_every_width_that_is_here_give_the_numbers_of_unroll(anew, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    cell, x = LSTMCell(3, 5), torch.randn(4, 6, 3)
    widest, _, _ = compile.processor()
    kept = 0
    for bits in (bits for bits in compile.NAMES if bits <= widest):
        monkeypatch.setenv("COURSE_VECTOR", str(bits))
        for cache in (compile.processor, loops, shared):
            cache.cache_clear()
        hidden, _ = fuse(cell)(x, every=True)
        torch.testing.assert_close(hidden, unroll(cell, x)["h"])
        files = len(list(tmp_path.iterdir()))
        assert Target("float").lanes == bits // 32 and files > kept
        kept = files


@pytest.mark.parametrize("asked", ["64", "1024", "wide"])
def test_a_width_that_is_not_here_is_refused(asked, anew, monkeypatch):
    monkeypatch.setenv("COURSE_VECTOR", asked)
    with pytest.raises(ValueError, match=f"COURSE_VECTOR needs .* here; got '{asked}'; choices: 128"):
        fuse(LSTMCell(3, 5))(torch.zeros(1, 2, 3))


@pytest.mark.parametrize(
    ("has", "choices"),
    [({"avx2": True, "avx512f": False}, "128, 256"), ({"avx2": False}, "128"), ({"avx512f": True}, "128, 256, 512")],
    ids=["2013", "2003", "2017"],
)
def test_a_width_that_only_other_processors_have_is_refused(has, choices, anew, monkeypatch):
    monkeypatch.setattr(compile.llvm, "get_host_cpu_features", lambda: has)
    monkeypatch.setenv("COURSE_VECTOR", "1024")
    with pytest.raises(ValueError, match=f"got '1024'; choices: {choices}$"):
        compile.processor()
