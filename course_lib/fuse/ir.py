"""LLVM's text, written line by line: loops, addresses, vectors, and exp and tanh from arithmetic.

The text is the same on every machine but for the width of a vector. It calls nothing: exp and tanh are written out.
A kernel takes one argument, a table of 64-bit numbers and addresses, whose entries the text names.
"""

import contextlib
import math
import struct

from course_lib.fuse.compile import vector_unit


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
        kind, kept = ("internal", "noinline") if self.internal else ("", "")
        body = "\n".join([*self.first, "br label %begin", "begin:", *self.lines, "ret void"])
        return f"define {kind} void @{self.name}(ptr %table{self.extra}) {kept} {{\nentry:\n{body}\n}}\n"

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
