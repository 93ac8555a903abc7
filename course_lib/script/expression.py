"""Numbers in JavaScript's text: expressions on which arithmetic and comparisons write what a row of `fuse.ops` says."""

import json
import math

OWN = {"exp": "Math.exp({})", "expm1": "Math.expm1({})", "log": "Math.log({})", "log1p": "Math.log1p({})",
       "sin": "Math.sin({})", "cos": "Math.cos({})", "tanh": "Math.tanh({})", "floor": "Math.floor({})"}  # fmt: skip
CALLS = {"sqrt": "Math.sqrt({})", "copysign": "copysign({}, {})"}
CHOICE, OR, AND, EQUAL, LESS, SUM, PRODUCT, SIGN, WHOLE = range(9)  # how tightly an operator binds


class Expression:
    """An expression: a template and its operands. It is never computed here; `Lines` writes it down.

    binds    how tightly the outermost operator does; needs: how tightly each operand must, to stand without brackets
    """

    __slots__ = ("template", "operands", "binds", "needs")
    double = True

    def __init__(self, template, *operands, binds=WHOLE, needs=None):
        self.template, self.binds = template, binds
        self.operands = tuple(of(operand) for operand in operands)
        self.needs = needs or (CHOICE,) * len(operands)

    def own(self, name):
        """A function of the module elementary as JavaScript has it; None where it has not."""
        if name == "sigmoid":
            return 1.0 / (1.0 + Expression(OWN["exp"], -self))
        return Expression(OWN[name], self) if name in OWN else None

    def call(self, name, *others):
        return Expression(CALLS[name], self, *others)

    def __add__(self, other):
        return infix("+", SUM, self, other)

    def __radd__(self, other):
        return infix("+", SUM, other, self)

    def __sub__(self, other):
        return infix("-", SUM, self, other)

    def __rsub__(self, other):
        return infix("-", SUM, other, self)

    def __mul__(self, other):
        return infix("*", PRODUCT, self, other)

    def __rmul__(self, other):
        return infix("*", PRODUCT, other, self)

    def __truediv__(self, other):
        return infix("/", PRODUCT, self, other)

    def __rtruediv__(self, other):
        return infix("/", PRODUCT, other, self)

    def __neg__(self):
        return Expression("-{}", self, binds=SIGN, needs=(WHOLE,))

    def __abs__(self):
        return Expression("Math.abs({})", self)

    def __lt__(self, other):
        return infix("<", LESS, self, other)

    def __le__(self, other):
        return infix("<=", LESS, self, other)

    def __gt__(self, other):
        return infix(">", LESS, self, other)

    def __ge__(self, other):
        return infix(">=", LESS, self, other)

    def __eq__(self, other):
        return infix("===", EQUAL, self, other)

    def __ne__(self, other):
        return infix("!==", EQUAL, self, other)

    __hash__ = object.__hash__

    # Of comparisons.

    def __and__(self, other):
        return infix("&&", AND, self, other)

    def __or__(self, other):
        return infix("||", OR, self, other)

    def __xor__(self, other):
        return infix("!==", EQUAL, self, other)

    def choose(self, yes, no):
        return Expression("{} ? {} : {}", self, yes, no, binds=CHOICE, needs=(OR, CHOICE, CHOICE))


def infix(sign, binds, a, b):
    """Rounding depends on the order, so a second operand of the same kind keeps its brackets."""
    return Expression(f"{{}} {sign} {{}}", a, b, binds=binds, needs=(binds, binds + 1))


def of(value):
    """value, an Expression or a number, as an Expression."""
    return value if isinstance(value, Expression) else Expression(number(value), binds=SIGN if value < 0 else WHOLE)


def quoted(text):
    """A text as JavaScript writes it, also within a page, where a < could begin a tag."""
    return json.dumps(text).replace("<", "\\u003c")


def number(value):
    """A number as JavaScript writes it."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "NaN" if math.isnan(value) else repr(float(value)).removesuffix(".0")


class Lines:
    """The lines of a block of JavaScript. What an expression uses twice gets a line and a name of its own."""

    def __init__(self, indent):
        self.lines, self.indent, self.shared = [], indent, 0

    def do(self, line):
        self.lines.append("  " * self.indent + line)

    def let(self, name, expression):
        """Write `const name = expression`; the name, as an Expression."""
        self.do(f"const {name} = {self.text(expression)};")
        return Expression(name)

    def text(self, expression):
        """expression as text; the lines that it needs are written."""
        uses, waiting = {}, [expression]
        while waiting:
            part = waiting.pop()
            for operand in part.operands:
                uses[operand] = uses.get(operand, 0) + 1
                if uses[operand] == 1:
                    waiting.append(operand)
        known = {}

        def written(part):
            if part not in known:
                texts = [bracketed(*written(operand), needs) for operand, needs in zip(part.operands, part.needs)]
                known[part] = part.template.format(*texts) if texts else part.template, part.binds
                if uses.get(part, 0) > 1 and texts:
                    self.shared += 1
                    self.do(f"const t{self.shared}_ = {known[part][0]};")
                    known[part] = f"t{self.shared}_", WHOLE
            return known[part]

        return written(expression)[0]


def bracketed(text, binds, needs):
    return text if binds >= needs else f"({text})"
