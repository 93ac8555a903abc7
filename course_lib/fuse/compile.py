"""Compile LLVM's text to machine code for this processor, and keep it on disk."""

import ctypes
import hashlib
import os
import platform
from contextlib import suppress
from functools import cache
from pathlib import Path

try:
    import llvmlite
    import llvmlite.binding as llvm
except ImportError:  # it comes with numba
    llvm = None

from course_lib.files import write


def available():
    """Whether LLVM is installed."""
    return llvm is not None


def machine():
    """LLVM's description of this processor; an engine keeps the one it is given."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=3, jit=True
    )


@cache
def vector_unit():
    """(bytes in a vector, how many vectors fit the registers) on this processor."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 32
    if features.get("avx2"):
        return 32, 16
    return 16, 32 if platform.machine().lower() in ("arm64", "aarch64") else 16


def cache_folder():
    """Where machine code is kept between runs: COURSE_CACHE, or a folder of the user's."""
    return Path(os.environ.get("COURSE_CACHE") or Path.home() / ".cache" / "course_lib")


class Kernel:
    """Machine code from text; address(name) is where a function of it begins.

    The code is kept on disk under a name made from the text, the processor and LLVM's version. A file is written whole
    or not at all and says what it must hash to; a folder that cannot be read or written costs a compilation.
    """

    def __init__(self, text):
        target = machine()
        version = (llvmlite.__version__, llvm.llvm_version_info, target.triple, llvm.get_host_cpu_name(),
                   llvm.get_host_cpu_features().flatten())  # fmt: skip
        file = cache_folder() / (hashlib.sha256(repr((text, version)).encode()).hexdigest()[:32] + ".kernel")
        code = read(file)
        if code is None:
            code = compiled(text)
            with suppress(OSError):  # a cache that cannot be written
                write(file, hashlib.sha256(code).digest() + code)
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(f'target triple = "{target.triple}"'), target)
        self.engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self.engine.finalize_object()

    def address(self, name):
        return self.engine.get_function_address(name)

    def function(self, name):
        """A callable that takes the address of a table; other threads of Python run meanwhile."""
        function = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.address(name))
        function.kernel = self  # the code lives as long as its engine
        return function


def compiled(text):
    """The machine code of a text, as the bytes of an object file."""
    module, target = llvm.parse_assembly(text), machine()
    module.triple, module.data_layout = target.triple, str(target.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = False  # it is written in vectors
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    return target.emit_object(module)


def read(file):
    """The code in file; None where there is none or it is damaged."""
    try:
        mark, code = (content := file.read_bytes())[:32], content[32:]
    except OSError:
        return None
    return code if hashlib.sha256(code).digest() == mark else None
