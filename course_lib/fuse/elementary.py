"""exp, log, sin and their kin, written out from arithmetic, so that the text calls nothing.

Every one is right to three units in the last place from the least normal number to the greatest; smaller ones count as
0. The polynomials are Taylor's unless said; what they leave out is below the last bit.
"""

import math
from functools import cache, wraps

import numpy as np

from course_lib.fuse.number import Number, bits


def elementary(function):
    """function, but numbers that have one of this name of their own, such as JavaScript's, are asked for it."""

    @wraps(function)
    def asked(x):
        own = x.own(function.__name__)
        return function(x) if own is None else own

    return asked


def polynomial(x, coefficients):
    """c_0 + c_1 x + c_2 x² + ..."""
    total = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def between(x, low, high):
    """x, but low where it is less, high where it is more, NaN where it is NaN."""
    x = (x < low).choose(low, x)
    return (x > high).choose(high, x)


def nearest(x):
    """(the nearest whole number, the same added to a number so large that its last bits are that whole number)."""
    magic = 1.5 * 2.0 ** (52 if x.double else 23)
    shifted = x + magic
    return shifted - magic, shifted


def rounded(x):
    """The nearest whole number, the even one of two; from 2^23 on (2^52 in float64) there are no others."""
    size, least = abs(x), 2.0 ** (52 if x.double else 23)
    return (size < least).choose(((size + least) - least).call("copysign", x), x)


@elementary
def floor(x):
    near = rounded(x)
    return (near > x).choose(near - 1.0, near)


def reduced(x):
    """(exp(r) - 1, n, shifted) with x = n ln 2 + r and |r| <= ln 2 / 2; shifted is for `power`."""
    double = x.double
    high = 0.6931471803691238 if double else 0.693359375  # ln 2 in two parts: n * high is exact
    low = 1.9082149292705877e-10 if double else math.log(2) - high
    n, shifted = nearest(x * (1 / math.log(2)))
    r = x - n * high - n * low
    p = polynomial(r, [1 / math.factorial(k) for k in range(2, (12 if double else 7) + 1)])
    return p * r * r + r, shifted


def power(shifted):
    """2^n where it is a normal number, from the second result of `nearest`."""
    shift, bias = (52, 1023) if shifted.double else (23, 127)
    magic = bits(1.5 * 2.0**shift, double=shifted.double)
    return shifted.whole("sub", magic - bias).whole("shl", shift)


@elementary
def exp(x):
    """Below the least normal number it is 0."""
    low, high = (-708.3964185322641, 709.782712893384) if x.double else (-87.33654, 88.72283)
    p, shifted = reduced(between(x, low, high))
    big = x > 1.0  # the last power of two is not a number, but its half is
    two = power(big.choose(shifted - 1.0, shifted))
    y = p * two + two
    y = big.choose(y + y, y)
    return (x < low).choose(0.0, (x > high).choose(math.inf, y))


@elementary
def expm1(x):
    """exp(x) - 1, which keeps every digit of a small x."""
    limit = 40.0 if x.double else 18.0
    p, shifted = reduced(between(x, -limit, limit))
    two = power(shifted)
    return (x > limit).choose(exp(x), p * two + (two - 1.0))


@elementary
def sigmoid(x):
    """1 / (1 + exp(-x)), where exp may be infinite."""
    limit = 710.0 if x.double else 89.0
    p, shifted = reduced(-between(x, -limit, 40.0))
    return 1.0 / ((p + 1.0) * power(shifted) + 1.0)


@elementary
def tanh(x):
    """m / (m + 2) with m = exp(2x) - 1, which keeps every digit of a small x."""
    limit = 40.0 if x.double else 18.0
    p, shifted = reduced(between(x + x, -limit, limit))
    two = power(shifted)
    m = p * two + (two - 1.0)
    return m / (m + 2.0)


@elementary
def log(x):
    """-inf at 0, NaN below; a number too small to be normal counts as 0."""
    double = x.double
    shift, bias = (52, 1023) if double else (23, 127)
    root = bits(math.sqrt(0.5), double=double)
    one = bits(1.0, double=double)
    low, high = (1.9082149292705877e-10, 0.6931471803691238) if double else (math.log(2) - 0.693359375, 0.693359375)
    moved = x.whole("add", one - root)  # the exponent changes where the fraction passes √½
    n = moved.whole("lshr", shift).whole("add", magic_of(x) - bias) - 1.5 * 2.0**shift
    f = moved.whole("and", (1 << shift) - 1).whole("add", root) - 1.0
    s = f / (2.0 + f)
    z = s * s
    rest = z * polynomial(z, [2 / (2 * k + 1) for k in range(1, 11 if double else 5)])
    half = 0.5 * f * f
    y = n * high - ((half - (s * (half + rest) + n * low)) - f)
    y = (x == math.inf).choose(x, y)
    least = 2.0**-1022 if double else 2.0**-126
    return (x >= least).choose(y, (x > -least).choose(-math.inf, math.nan))


def magic_of(x):
    return bits(1.5 * 2.0 ** (52 if x.double else 23), double=x.double)


@elementary
def log1p(x):
    """log(1 + x), which keeps every digit of a small x."""
    u = x + 1.0
    lost = (x - (u - 1.0)) / u
    y = log(u) + (abs(lost) < 1.0).choose(lost, 0.0)
    return (u == 1.0).choose(x, y)


@elementary
def sin(x):
    return turned(x, 0)


@elementary
def cos(x):
    return turned(x, 1)


def turned(x, quarter):
    """sin(x + quarter π / 2), from the sine and cosine of what is left of x after whole quarters of a turn."""
    n, r = quarters(x)
    z = r * r
    degree = 17 if x.double else 11
    sine = r * polynomial(z, [(-1) ** k / math.factorial(2 * k + 1) for k in range(degree // 2 + 1)])
    cosine = polynomial(z, [(-1) ** k / math.factorial(2 * k) for k in range(degree // 2 + 2)])
    n = n + float(quarter)
    half = floor(0.5 * n)
    y = (n - 2.0 * half == 0.0).choose(sine, cosine)
    return (half - 2.0 * floor(0.5 * half) == 0.0).choose(y, -y)


def quarters(x):
    """(n modulo 4, r) with x = n π / 2 + r and |r| <= π / 4; NaN for what is infinite or NaN."""
    f, v = x.f, x.f.target.vector
    if x.double:
        n, _ = nearest(x * (2 / math.pi))
        r = x - n * 1.5707963267341256 - n * 6.077100506303966e-11 - n * 2.0222662487959506e-21  # π / 2 in three parts
    else:
        wide = f"<{f.target.lanes} x double>"
        n, _ = nearest(x * (2 / math.pi))
        parts = [f.let(f"fpext {v} {a} to {wide}") for a in (x, n, x.of(math.pi / 2))]
        turn = "<" + ", ".join([f"double {math.pi / 2:.17e}"] * f.target.lanes) + ">"
        r = f.let(f"fsub {wide} {parts[0]}, {f.let(f'fmul {wide} {parts[1]}, {turn}')}")
        r = Number(f, f.let(f"fptrunc {wide} {r} to {v}"))
    places = [f.variable(v) for _ in range(2)]
    for place, value in zip(places, (n, r)):
        f.set(place, v, value)
    far = abs(x) > (1e5 if x.double else 1e4)
    with f.when(f.let(f"call i1 @llvm.vector.reduce.or.v{f.target.lanes}i1({f.target.mask} {far})")):
        with f.loop("0", str(f.target.lanes)) as lane:
            one = f.let(f"extractelement {v} {x}, i64 {lane}")
            with f.when(f.let(f"extractelement {f.target.mask} {far}, i64 {lane}")):
                for place, value in zip(places, far_quarters(f, one)):
                    whole = f.let(f"insertelement {v} {f.get(place, v)}, {f.target.real} {value}, i64 {lane}")
                    f.set(place, v, whole)
    n, r = (Number(f, f.get(place, v)) for place in places)
    return n, (abs(x) < math.inf).choose(r, math.nan)


def far_quarters(f, x):
    """`quarters` of one number far from 0, exactly: x is a whole number times 2^e, and of 2 / π the bits that matter.

    A whole number of 1280 bits holds 2 / π; of its product with x only the two bits before the point are needed and
    those after it.
    """
    if f.target.real == "float":
        x = f.let(f"fpext float {x} to double")
    size = 1280
    word = f.let(f"bitcast double {x} to i64")
    e = f.let(f"and i64 {f.let(f'lshr i64 {word}, 52')}, 2047")
    m = f.let(f"or i64 {f.let(f'and i64 {word}, {2**52 - 1}')}, {2**52}")
    down = f.let(f"sub i64 {size - 126 - 64 + 1075}, {e}")  # x is m 2^(e - 1075)
    down = f.let(f"zext i64 {down} to i{size}")
    some = f.let(f"trunc i{size} {f.let(f'lshr i{size} {two_over_pi(size)}, {down}')} to i256")
    product = f.let(f"mul i256 {some}, {f.let(f'zext i64 {m} to i256')}")
    turn = f.let(f"trunc i256 {f.let(f'lshr i256 {product}, 128')} to i64")  # two bits before the point, 62 after it
    n = f.let(f"lshr i64 {f.let(f'add i64 {turn}, {2**61}')}, 62")
    rest = f.let(f"sub i64 {turn}, {f.let(f'shl i64 {n}, 62')}")
    n = f.let(f"uitofp i64 {n} to double")
    r = f.let(f"fmul double {f.let(f'sitofp i64 {rest} to double')}, {math.pi / 2 / 2**62:.17e}")
    negative = f.let(f"icmp slt i64 {word}, 0")
    results = []
    for value in (n, r):
        value = f.let(f"select i1 {negative}, double {f.let(f'fneg double {value}')}, double {value}")
        results.append(f.let(f"fptrunc double {value} to float") if f.target.real == "float" else value)
    return results


@cache
def two_over_pi(size):
    """The first bits of 2 / π, as a whole number; π by Machin's formula."""
    one = 1 << (size + 64)

    def arctan_of_inverse(k):
        total, term, n = 0, one // k, 1
        while term:
            total += term // n if n % 4 == 1 else -(term // n)
            term, n = term // k**2, n + 2
        return total

    pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
    return 2 * one * (1 << size) // pi


def erf(x):
    """Taylor's series for a small x; else 1 - exp(-x²) times a polynomial through the values of Python's own."""
    double = x.double
    z, size = x * x, abs(x)
    small = x * polynomial(z, [2 / math.sqrt(math.pi) * (-1) ** k / (math.factorial(k) * (2 * k + 1))
                               for k in range(18 if double else 10)])  # fmt: skip
    t = (1.0 / (size + 1.0) - MIDDLE) * (1 / (MIDDLE - LEAST))
    large = 1.0 - exp(-z) * polynomial(t, complement(18 if double else 7))
    large = (size > FAR).choose(1.0, large)
    large = (x < 0.0).choose(-large, large)
    return (size < 1.0).choose(small, (x == x).choose(large, x))


FAR = 6.0  # from there on erf is 1 to the last bit
LEAST = 1 / (FAR + 1)  # 1 / (x + 1) goes from here to 1 / 2 while x goes from FAR to 1
MIDDLE = (LEAST + 1 / 2) / 2


@cache
def complement(degree):
    """Coefficients of exp(x²) (1 - erf(x)) for x from 1 to FAR, in t from -1 to 1, in which 1 / (x + 1) is linear."""

    def value(t):
        x = 1 / (MIDDLE + (MIDDLE - LEAST) * t) - 1
        return math.exp(x * x) * math.erfc(x)

    through = np.polynomial.chebyshev.chebinterpolate(np.vectorize(value), degree)
    return np.polynomial.chebyshev.cheb2poly(through).tolist()
