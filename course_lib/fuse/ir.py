"""LLVM's text, written line by line: loops, addresses and vectors.

The text is the same on every machine but for the width of a vector.
A kernel takes one argument, a table of 64-bit numbers and addresses, whose entries the text names.
"""

import contextlib
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

    def address_of(self, name):
        """The address of an entry of the table."""
        return self.let(f"getelementptr i64, ptr %table, i64 {self.entries.setdefault(name, len(self.entries))}")

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

    def get(self, place, kind=None):
        return self.let(f"load {kind or self.target.real}, ptr {place}")

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

    def whole(self, n, size):
        """The largest multiple of size that is not above n."""
        return self.let(f"sub i64 {n}, {self.let(f'srem i64 {n}, {size}')}")

    def least(self, a, b):
        return self.let(f"select i1 {self.let(f'icmp slt i64 {a}, {b}')}, i64 {a}, i64 {b}")

    def at(self, address, *offsets):
        """The address that lies so many numbers after address."""
        return self.let(f"getelementptr {self.target.real}, ptr {address}, i64 {self.add(*offsets)}")

    def write(self, number, address):
        self.do(f"store {self.target.real} {number}, ptr {address}")

    def one(self, name, a, b):
        """fadd, fsub, fmul or fdiv of two numbers."""
        return self.let(f"{name} {self.target.real} {a}, {b}")

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

    def constant(self, name):
        """The vector whose every lane is the number that an entry of the table holds, read once as well."""
        if (name, "number") not in self.known:
            lines, self.lines = self.lines, self.first
            place = self.let(f"getelementptr i64, ptr %table, i64 {self.entries.setdefault(name, len(self.entries))}")
            self.known[name, "number"] = self.broadcast(place)
            self.lines = lines
        return self.known[name, "number"]

    def op(self, name, a, b):
        """fadd, fsub, fmul or fdiv of two vectors; a product and a sum may become one instruction."""
        return self.let(f"{name} contract {self.target.vector} {a}, {b}")

    def fma(self, a, b, c):
        return self.op("fadd", self.op("fmul", a, b), c)
