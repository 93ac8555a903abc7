"""Inside the compiled loops a denormal number counts as zero; outside, everything is as it was."""

import ctypes
import struct
import threading

import llvmlite.binding as llvm
import pytest
import torch

from course_lib.cells import LSTMCell
from course_lib.fuse import fuse
from course_lib.fuse import layout as layout_module
from course_lib.fuse.compile import Kernel
from course_lib.fuse.flush import SWITCH, flushed
from course_lib.fuse.threads import pool
from course_lib.unroll import unroll

HALVE = """
define internal void @halve(ptr %table) noinline {
%number = load float, ptr %table
%half = fmul float %number, 5.000000e-01
store float %half, ptr %table
ret void
}
define void @outside(ptr %table) {
call void @halve(ptr %table)
ret void
}
"""
TINY = 1e-42
TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "amd64": "x86_64-pc-windows-msvc",
           "aarch64": "aarch64-unknown-linux-gnu", "arm64": "arm64-apple-darwin"}  # fmt: skip


def half_of(function, number):
    table = ctypes.c_float(number)
    function(ctypes.addressof(table))
    return table.value


@pytest.mark.parametrize("before", [False, True])
def test_the_switch_is_left_as_it_was_found(before):
    kernel = Kernel(HALVE + flushed({"inside": "halve"}))
    inside, outside = kernel.function("inside"), kernel.function("outside")
    torch.set_flush_denormal(before)
    try:
        kept = half_of(outside, TINY)
        assert (kept == 0) == before
        assert half_of(inside, TINY) == 0 and half_of(outside, TINY) == kept
        assert half_of(inside, 3.0) == 1.5
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize("machine", SWITCH)
def test_the_text_is_right_for_every_processor_that_has_a_switch(machine):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(TARGETS[machine])
    except RuntimeError:
        pytest.skip(f"this llvmlite has no target {TARGETS[machine]}")
    module = llvm.parse_assembly(HALVE + flushed({"inside": "halve"}, machine))
    module.triple = TARGETS[machine]
    module.verify()
    assembly = target.create_target_machine(opt=3).emit_assembly(module).lower()
    name = "fpcr" if "64-" in TARGETS[machine] and TARGETS[machine].startswith("a") else "mxcsr"
    assert assembly.count(name) == 3


def test_a_processor_without_a_switch_runs_the_function_as_it_is():
    text = flushed({"inside": "halve"}, "riscv64")
    assert "declare" not in text and text.count("call void @halve") == 1


def vanished(threads, dtype):
    """(gradient of x through a compiled LSTM, the same through unroll): its first steps below what dtype can hold."""
    torch.manual_seed(0)
    time = 200 if dtype == torch.float32 else 1200
    cell, x = LSTMCell(2, 16).to(dtype), torch.randn(4, time, 2, dtype=dtype, requires_grad=True)
    with torch.no_grad():
        for weight in cell.parameters():
            weight *= 0.3
    kept = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        return [torch.autograd.grad(h.sum(), x)[0] for h in (fuse(cell)(x)[0], unroll(cell, x).final["h"])]
    finally:
        torch.set_num_threads(kept)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_gradient_that_has_vanished_is_zero_and_no_denormal_in_every_thread(dtype, threads, monkeypatch):
    monkeypatch.setattr(layout_module, "LIMITS", layout_module.Limits(small=0))
    smallest = torch.finfo(dtype).tiny
    got, wanted = vanished(threads, dtype)
    assert ((wanted != 0) & (wanted.abs() < smallest)).any()  # unroll has such numbers, for every sequence
    assert not ((got != 0) & (got.abs() < smallest)).any()
    size = wanted.abs().amax(dim=(0, 2))  # at each step
    error = (got - wanted).abs().amax(dim=(0, 2))
    living = size > 1e6 * smallest
    assert living.any() and (error[living] <= 1e-4 * size[living]).all()


def test_after_a_call_denormals_are_as_before_in_the_calling_thread_and_in_those_that_helped(monkeypatch):
    monkeypatch.setattr(layout_module, "LIMITS", layout_module.Limits(small=0))
    vanished(3, torch.float32)
    tiny = struct.unpack("f", struct.pack("f", TINY))[0]
    assert (torch.tensor([TINY]) * 1.0).item() == tiny
    seen, together = [], threading.Barrier(pool()._max_workers)

    def look():
        together.wait()  # so that every thread of the pool has its turn
        seen.append((torch.tensor([TINY]) * 1.0).item())

    for task in [pool().submit(look) for _ in range(together.parties)]:
        task.result()
    assert seen == [tiny] * together.parties
