"""LLVM's text for the loops of a fused cell, and its compilation to machine code for this processor.

The text is the same on every machine but for the width of a vector. It calls nothing: exp and tanh are written out.
A kernel takes one argument, a table of 64-bit numbers and addresses, whose entries the text names.
"""

import contextlib
import ctypes
import hashlib
import math
import os
import platform
import struct
import threading
from functools import cache
from pathlib import Path

try:
    import llvmlite
    import llvmlite.binding as llvm
except ImportError:  # it comes with numba
    llvm = None


def available():
    """Whether LLVM is installed."""
    return llvm is not None


class Target:
    """What the text must know of the processor and of the numbers: real ("float" or "double"), lanes in a vector."""

    def __init__(self, real):
        vector_bytes, self.registers = vector_unit()
        self.real, self.bytes = real, 4 if real == "float" else 8
        self.lanes = vector_bytes // self.bytes
        self.vector, self.integer = f"<{self.lanes} x {real}>", f"i{8 * self.bytes}"
        self.mask = f"<{self.lanes} x i1>"
        self.integers = f"<{self.lanes} x {self.integer}>"

    def splat(self, number):
        """The vector whose every lane is number."""
        if self.real == "float":
            number = struct.unpack("f", struct.pack("f", number))[0]
        bits = struct.unpack("<Q", struct.pack("<d", number))[0]
        return "<" + ", ".join([f"{self.real} 0x{bits:016X}"] * self.lanes) + ">"

    def whole(self, number):
        """The vector whose every lane is a whole number."""
        return "<" + ", ".join([f"{self.integer} {number}"] * self.lanes) + ">"


class Function:
    """The text of one function void name(i64* table), written line by line; a name returned stands for a value.

    entries   the names of the table's entries, shared by the functions of a kernel; extra: further parameters
    """

    def __init__(self, name, target, entries, *, extra="", internal=False):
        self.name, self.target, self.entries, self.extra, self.internal = name, target, entries, extra, internal
        self.first, self.lines, self.block, self.count, self.known = [], [], "begin", 0, {}

    def text(self):
        kind = "internal" if self.internal else ""
        body = "\n".join([*self.first, "br label %begin", "begin:", *self.lines, "ret void"])
        return f"define {kind} void @{self.name}(ptr %table{self.extra}) {{\nentry:\n{body}\n}}\n"

    def fresh(self):
        self.count += 1
        return f"%v{self.count}"

    def let(self, expression):
        """A new name for the value of an instruction."""
        name = self.fresh()
        self.lines.append(f"{name} = {expression}")
        return name

    def do(self, line):
        self.lines.append(line)

    def label(self, name):
        self.lines.append(f"{name}:")
        self.block = name

    def entry(self, name, kind="i64"):
        """An entry of the table, read once where the function begins; kind "ptr" for an address."""
        if name not in self.known:
            index = self.entries.setdefault(name, len(self.entries))
            place, value = self.fresh(), self.fresh()
            self.first.append(f"{place} = getelementptr i64, ptr %table, i64 {index}")
            self.first.append(f"{value} = load {kind}, ptr {place}")
            self.known[name] = value
        return self.known[name]

    def variable(self, kind):
        """A place for a value that changes; LLVM keeps it in a register."""
        place = self.fresh()
        self.first.append(f"{place} = alloca {kind}")
        return place

    def get(self, place, kind):
        return self.let(f"load {kind}, ptr {place}")

    def set(self, place, kind, value):
        self.do(f"store {kind} {value}, ptr {place}")

    @contextlib.contextmanager
    def loop(self, start, stop, step=1):
        """The lines written inside run for every whole number from start up to, not including, stop."""
        self.count += 1
        n, before, index = self.count, self.block, f"%i{self.count}"
        self.do(f"br label %head{n}")
        self.label(f"head{n}")
        self.do(f"{index} = phi i64 [ {start}, %{before} ], [ %next{n}, %latch{n} ]")
        self.do(f"%go{n} = icmp slt i64 {index}, {stop}")
        self.do(f"br i1 %go{n}, label %body{n}, label %exit{n}")
        self.label(f"body{n}")
        yield index
        self.do(f"br label %latch{n}")
        self.label(f"latch{n}")
        self.do(f"%next{n} = add i64 {index}, {step}")
        self.do(f"br label %head{n}")
        self.label(f"exit{n}")

    @contextlib.contextmanager
    def when(self, condition):
        """The lines written inside run if condition, an i1, is true."""
        self.count += 1
        n = self.count
        self.do(f"br i1 {condition}, label %then{n}, label %after{n}")
        self.label(f"then{n}")
        yield
        self.do(f"br label %after{n}")
        self.label(f"after{n}")

    # Whole numbers and addresses.

    def add(self, *terms):
        total = terms[0]
        for term in terms[1:]:
            total = self.let(f"add i64 {total}, {term}")
        return total

    def mul(self, a, b):
        return self.let(f"mul i64 {a}, {b}")

    def at(self, address, *offsets):
        """The address that lies so many numbers after address."""
        return self.let(f"getelementptr {self.target.real}, ptr {address}, i64 {self.add(*offsets)}")

    # Vectors.

    def load(self, address):
        return self.let(f"load {self.target.vector}, ptr {address}, align {self.target.bytes}")

    def store(self, value, address):
        self.do(f"store {self.target.vector} {value}, ptr {address}, align {self.target.bytes}")

    def broadcast(self, address):
        """The vector whose every lane is the number at address."""
        number = self.let(f"load {self.target.real}, ptr {address}")
        one = self.let(f"insertelement {self.target.vector} poison, {self.target.real} {number}, i64 0")
        lanes = self.target.lanes
        return self.let(f"shufflevector {self.target.vector} {one}, {self.target.vector} poison, "
                        f"<{lanes} x i32> zeroinitializer")  # fmt: skip

    def number(self, value):
        return self.target.splat(value)

    def op(self, name, a, b):
        """fadd, fsub, fmul or fdiv of two vectors; a product and a sum may become one instruction."""
        return self.let(f"{name} contract {self.target.vector} {a}, {b}")

    def fma(self, a, b, c):
        return self.op("fadd", self.op("fmul", a, b), c)

    def choose(self, relation, a, b, yes, no):
        """yes in the lanes where a relation b holds ("olt", "ogt", ...), no elsewhere."""
        v = self.target.vector
        where = self.let(f"fcmp {relation} {v} {a}, {b}")
        return self.let(f"select {self.target.mask} {where}, {v} {yes}, {v} {no}")

    def clamp(self, x, low, high):
        x = self.choose("olt", x, self.number(low), self.number(low), x)
        return self.choose("ogt", x, self.number(high), self.number(high), x)

    def split_exp(self, x):
        """(exp(r) - 1, 2^n) with x = n ln 2 + r and |r| <= ln 2 / 2, for x where 2^n is a normal number.

        n is found by adding a number so large that no bit is left for the fraction. The polynomial is Taylor's; what
        it leaves out is below the last bit.
        """
        float_ = self.target.real == "float"
        magic, shift, bias, degree = (1.5 * 2**23, 23, 127, 7) if float_ else (1.5 * 2**52, 52, 1023, 12)
        high = 0.693359375 if float_ else 0.6931471803691238  # ln 2 in two parts: n * high is exact
        shifted = self.fma(x, self.number(1 / math.log(2)), self.number(magic))
        n = self.op("fsub", shifted, self.number(magic))
        r = self.fma(n, self.number(-high), x)
        r = self.fma(n, self.number(-(math.log(2) - high) if float_ else -1.9082149292705877e-10), r)
        p = self.number(1 / math.factorial(degree))
        for k in range(degree - 1, 1, -1):
            p = self.fma(p, r, self.number(1 / math.factorial(k)))
        p = self.fma(self.op("fmul", p, r), r, r)
        i, v = self.target.integers, self.target.vector
        bits = self.let(f"bitcast {v} {shifted} to {i}")
        magic_bits = struct.unpack("<i", struct.pack("<f", magic))[0] if float_ else \
            struct.unpack("<q", struct.pack("<d", magic))[0]  # fmt: skip
        bits = self.let(f"sub {i} {bits}, {self.target.whole(magic_bits - bias)}")
        bits = self.let(f"shl {i} {bits}, {self.target.whole(shift)}")
        return p, self.let(f"bitcast {i} {bits} to {v}")

    def exp(self, x):
        low, high = (-87.0, 88.0) if self.target.real == "float" else (-708.0, 709.0)
        p, power = self.split_exp(self.clamp(x, low, high))
        result = self.fma(p, power, power)
        result = self.choose("ogt", x, self.number(high), self.number(math.inf), result)
        return self.choose("olt", x, self.number(low), self.number(0.0), result)

    def sigmoid(self, x):
        """1 / (1 + exp(-x))"""
        limit = 87.0 if self.target.real == "float" else 708.0
        x = self.op("fmul", self.clamp(x, -limit, limit), self.number(-1.0))
        p, power = self.split_exp(x)
        return self.op("fdiv", self.number(1.0), self.op("fadd", self.fma(p, power, power), self.number(1.0)))

    def tanh(self, x):
        """m / (m + 2) with m = exp(2x) - 1, which keeps every digit of a small x."""
        limit = 18.0 if self.target.real == "float" else 40.0
        p, power = self.split_exp(self.clamp(self.op("fadd", x, x), -limit, limit))
        m = self.fma(p, power, self.op("fsub", power, self.number(1.0)))
        return self.op("fdiv", m, self.op("fadd", m, self.number(2.0)))


PRODUCT = (
    ", ptr %A, i64 %am, i64 %al, i64 %ak, ptr %B, i64 %bp, i64 %bk, ptr %C, i64 %cm, ptr %I, i64 %im, "
    "i64 %M, i64 %N, i64 %L, i64 %K"
)


def product(target):
    """The text of the function C = I + A B, on tiles of C that stay in registers.

    A (M, L K) is read at %am m + %al l + %ak k; B in panels two vectors wide, %bp apart, its rows %bk apart; C (M, N)
    has rows %cm apart, I, to which the product is added, rows %im apart. N is a multiple of the lanes.
    """
    f = Function("product", target, {}, extra=PRODUCT)
    wide, tall = 2 * target.lanes, 8 if target.registers >= 32 else 4
    pairs = f.let(f"sdiv i64 %N, {wide}")
    whole = f.mul(pairs, str(wide))
    for vectors, start, stop in ((2, "0", whole), (1, whole, "%N")):
        with f.loop(start, stop, vectors * target.lanes) as n:
            panel = f.at("%B", f.mul(f.let(f"sdiv i64 {n}, {wide}"), "%bp"))
            done = "0"
            for rows in (tall, tall // 2, 2, 1) if tall == 8 else (4, 2, 1):
                until = f.let(f"and i64 %M, {-rows}")
                with f.loop(done, until, rows) as m:
                    tile(f, m, n, panel, rows, vectors)
                done = until
    return f.text()


def tile(f, m, n, panel, rows, vectors):
    """C[m : m + rows, n : n + vectors] of a product."""
    v, lanes = f.target.vector, f.target.lanes
    starts = [f.at("%I", f.mul(f.add(m, str(r)), "%im"), n) for r in range(rows)]
    sums = {(r, c): f.variable(v) for r in range(rows) for c in range(vectors)}
    for (r, c), place in sums.items():
        f.set(place, v, f.load(f.at(starts[r], str(c * lanes))))
    b_place = f.variable("ptr")
    f.set(b_place, "ptr", panel)
    with f.loop("0", "%L") as group:
        left = f.at("%A", f.mul(m, "%am"), f.mul(group, "%al"))
        heads = [left]
        for _ in range(rows - 1):
            heads.append(f.at(heads[-1], "%am"))
        with f.loop("0", "%K") as k:
            b = f.get(b_place, "ptr")
            columns = [f.load(f.at(b, str(c * lanes))) for c in range(vectors)]
            ahead = f.mul(k, "%ak")
            for r in range(rows):
                a = f.broadcast(f.at(heads[r], ahead))
                for c in range(vectors):
                    f.set(sums[r, c], v, f.fma(a, columns[c], f.get(sums[r, c], v)))
            f.set(b_place, "ptr", f.at(b, "%bk"))
    ends = [f.at("%C", f.mul(f.add(m, str(r)), "%cm"), n) for r in range(rows)]
    for (r, c), place in sums.items():
        f.store(f.get(place, v), f.at(ends[r], str(c * lanes)))


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
            write(file, code)
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


def write(file, code):
    part = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(code).digest() + code)
        os.replace(part, file)
    except OSError:
        pass
