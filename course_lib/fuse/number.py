"""Numbers in LLVM's text: vectors on which arithmetic and comparisons write the instructions."""

import struct


class Number:
    """A vector of numbers while its text is written: arithmetic on it writes the instructions. name: LLVM's name."""

    __slots__ = ("f", "name")

    def __init__(self, f, name):
        self.f, self.name = f, name

    def __str__(self):
        return self.name

    @property
    def double(self):
        return self.f.target.real == "double"

    def own(self, name):
        """None: what `elementary` writes out is not known to LLVM in another form."""

    def of(self, value):
        """value, a Number or a number, as a Number."""
        return value if isinstance(value, Number) else Number(self.f, self.f.number(value))

    def op(self, name, a, b):
        return Number(self.f, self.f.op(name, self.of(a), self.of(b)))

    def call(self, intrinsic, *others):
        """One of LLVM's intrinsics that become an instruction or two of the processor, not a call."""
        v, kind = self.f.target.vector, f"v{self.f.target.lanes}f{8 * self.f.target.bytes}"
        arguments = ", ".join(f"{v} {value}" for value in (self, *others))
        return Number(self.f, self.f.let(f"call {v} @llvm.{intrinsic}.{kind}({arguments})"))

    def __add__(self, other):
        return self.op("fadd", self, other)

    def __radd__(self, other):
        return self.op("fadd", other, self)

    def __sub__(self, other):
        return self.op("fsub", self, other)

    def __rsub__(self, other):
        return self.op("fsub", other, self)

    def __mul__(self, other):
        return self.op("fmul", self, other)

    def __rmul__(self, other):
        return self.op("fmul", other, self)

    def __truediv__(self, other):
        return self.op("fdiv", self, other)

    def __rtruediv__(self, other):
        return self.op("fdiv", other, self)

    def __neg__(self):
        return Number(self.f, self.f.let(f"fneg {self.f.target.vector} {self}"))

    def __abs__(self):
        return self.call("fabs")

    # A comparison with NaN is false, but for != and `not`.

    def compare(self, relation, other):
        f = self.f
        return Mask(f, f.let(f"fcmp {relation} {f.target.vector} {self}, {self.of(other)}"))

    def __lt__(self, other):
        return self.compare("olt", other)

    def __le__(self, other):
        return self.compare("ole", other)

    def __gt__(self, other):
        return self.compare("ogt", other)

    def __ge__(self, other):
        return self.compare("oge", other)

    def __eq__(self, other):
        return self.compare("oeq", other)

    def __ne__(self, other):
        return self.compare("une", other)

    __hash__ = None

    # The bits of the numbers, as whole numbers of the same size.

    def whole(self, operation, number):
        """The number whose bits are operation(the bits of this one, a whole number)."""
        f, integers = self.f, self.f.target.integers
        bits = f.let(f"bitcast {f.target.vector} {self} to {integers}")
        bits = f.let(f"{operation} {integers} {bits}, {f.target.whole(number)}")
        return Number(f, f.let(f"bitcast {integers} {bits} to {f.target.vector}"))


class Mask:
    """A yes or no for every lane."""

    __slots__ = ("f", "name")

    def __init__(self, f, name):
        self.f, self.name = f, name

    def __str__(self):
        return self.name

    def op(self, name, other):
        return Mask(self.f, self.f.let(f"{name} {self.f.target.mask} {self}, {other}"))

    def __and__(self, other):
        return self.op("and", other)

    def __or__(self, other):
        return self.op("or", other)

    def __xor__(self, other):
        return self.op("xor", other)

    def choose(self, yes, no):
        """yes in the lanes where it is so, no elsewhere; one of the two may be a number."""
        like, v = yes if isinstance(yes, Number) else no, self.f.target.vector
        if not isinstance(like, Number):
            like = Number(self.f, None)
        return Number(self.f, self.f.let(f"select {self.f.target.mask} {self}, {v} {like.of(yes)}, {v} {like.of(no)}"))


def bits(number, *, double):
    """The bits of a number as a whole number."""
    return struct.unpack("<q" if double else "<i", struct.pack("<d" if double else "<f", number))[0]
