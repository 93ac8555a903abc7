"""Compile LLVM's text to machine code for this processor, and keep it on disk."""

import ctypes
import hashlib
import os
import platform
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

try:
    import llvmlite
    import llvmlite.binding as llvm
except ImportError:
    llvm = None

from course_lib.files import write

NAMES = {128: "x86-64", 256: "x86-64-v3", 512: "x86-64-v4"}  # of a processor whose vectors have so many bits
PASSES = "sroa"  # variables into registers; the others of LLVM double the time, and the loops get no faster
KEPT = 4000  # files of machine code, about 15 kB each


def available():
    """Whether LLVM is installed."""
    return llvm is not None


@cache
def processor():
    """(bits in a vector, LLVM's name for the processor, its features): what the loops are written and compiled for.

    The widest vectors that this processor has; COURSE_VECTOR=128 or 256 asks for the arithmetic of one that has no
    wider ones, as far back as 2003 (SSE2, no product and sum in one instruction) or 2013 (AVX2). ValueError for a width
    that is none or that is not here.
    """
    features = llvm.get_host_cpu_features()
    widest = 512 if features.get("avx512f") else 256 if features.get("avx2") else 128
    choices = [str(bits) for bits in NAMES if bits <= widest]
    asked = os.environ.get("COURSE_VECTOR") or str(widest)
    if asked not in choices:
        raise ValueError(f"COURSE_VECTOR needs the bits of a vector here; got {asked!r}; choices: {', '.join(choices)}")
    if int(asked) == widest:
        return widest, llvm.get_host_cpu_name(), features.flatten()
    return int(asked), NAMES[int(asked)], ""


def machine():
    """LLVM's description of the processor; an engine keeps the one it is given."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    _, cpu, features = processor()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(cpu=cpu, features=features, opt=3, jit=True)


def vector_unit():
    """(bytes in a vector, how many vectors fit the registers)."""
    bits, _, _ = processor()
    return bits // 8, 32 if bits == 512 or platform.machine().lower() in ("arm64", "aarch64") else 16


def shared_folder():
    """The Python environment's own folder of machine code, for all who use it: tools/warm.py fills it."""
    return Path(sys.prefix, "share", "course_lib", "kernels")


def folders():
    """Where machine code is looked for: the folder where it is kept too, then the environment's; COURSE_CACHE alone."""
    return [cache_folder()] if os.environ.get("COURSE_CACHE") else [cache_folder(), shared_folder()]


def cache_folder():
    """Where machine code is kept between runs: COURSE_CACHE, or a folder of the user's."""
    if asked := os.environ.get("COURSE_CACHE"):
        return Path(asked).expanduser()
    try:
        return Path.home() / ".cache" / "course_lib"
    except RuntimeError:  # no HOME, and a user id without a name, as in some containers
        return Path(tempfile.gettempdir(), f"course_lib-{os.getuid()}")


class Kernel:
    """Machine code from text; address(name) is where a function of it begins.

    The code is kept on disk under a name made from the text, the processor and LLVM's version. A file is written whole
    or not at all and says what it and its name must hash to; a folder that cannot be read or written costs a
    compilation, as does a file that is neither the user's, nor root's, nor of whoever made the Python environment.
    Of more than KEPT files those go that were not used for longest.
    """

    def __init__(self, text):
        target = machine()
        version = llvmlite.__version__, llvm.llvm_version_info, target.triple, *processor(), PASSES
        name = hashlib.sha256(repr((text, version)).encode()).hexdigest()[:32] + ".kernel"
        code = next((code for folder in folders() if (code := read(folder / name)) is not None), None)
        if code is None:
            code = compiled(text)
            keep(cache_folder() / name, code)
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


def optimised(text):
    """(LLVM's module of a text after its passes, the target it is for)."""
    module, target = llvm.parse_assembly(text), machine()
    module.triple, module.data_layout = target.triple, str(target.target_data)
    module.verify()
    builder = llvm.create_pass_builder(target, llvm.create_pipeline_tuning_options(speed_level=0))
    passes = llvm.create_new_function_pass_manager()
    passes.add_sroa_pass()
    for function in module.functions:
        if not function.is_declaration:
            passes.run(function, builder)
    return module, target


def compiled(text):
    """The machine code of a text, as the bytes of an object file."""
    module, target = optimised(text)
    return target.emit_object(module)


def assembly(text):
    """The instructions of a text, to be read by people."""
    module, target = optimised(text)
    return target.emit_assembly(module)


def trusted():
    """The users whose machine code is run: they can make this process run what they like anyway."""
    return {os.getuid(), 0, os.stat(sys.prefix).st_uid}


def marked(file, code):
    """What the file says that code must hash to under its name, so that it does not stand in for another's."""
    return hashlib.sha256(file.name.encode() + code).digest()


def read(file):
    """The code in file; None where there is none, it is damaged, another's, or of a user who is not trusted."""
    content = b""
    with suppress(OSError):
        with file.open("rb") as opened:
            if hasattr(os, "getuid") and os.fstat(opened.fileno()).st_uid not in trusted():
                return None
            content = opened.read()
        os.utime(file)  # used now
    mark, code = content[:32], content[32:]
    return code if marked(file, code) == mark else None


def keep(file, code):
    """Write code to file, and delete what was not used for longest if there is too much of it."""
    with suppress(OSError):  # a full disk, a folder that cannot be written
        write(file, marked(file, code) + code)
        there = list(file.parent.glob("*.kernel*"))
        if len(there) > KEPT:
            for old in sorted(there, key=lambda path: path.stat().st_mtime)[: len(there) - KEPT * 3 // 4]:
                old.unlink(missing_ok=True)
