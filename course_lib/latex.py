r"""A cell's equations, read from its docstring: as code that a test runs, and as LaTeX.

>>> print(equations(MinGRUCell).latex)
\begin{aligned}
z &= \sigma(W_z x + b_z) && \text{update gate, blind to h} \\
n &= W_n x + b_n && \text{candidate, blind to h} \\
h' &= z \odot h + (1 - z) \odot n
\end{aligned}

Both come from one parse of the same line, so what is shown is what the tests hold to the cell's step.
"""

import ast
import inspect
import re
from dataclasses import dataclass

from course_lib import doors
from course_lib.cells import Cell

LINE = re.compile(r"^(\w+)('?) {1,2}= (.+?)(?: {2,}(.*))?$", re.MULTILINE)  # "c' = f ⊙ c + i ⊙ g     comment"
FUNCTIONS = {"σ": "sigmoid", "max": "maximum", "min": "minimum"}  # what torch calls them; others have torch's names
SHOWN = {"sigmoid": r"\sigma", "tanh": r"\tanh", "exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos",
         "maximum": r"\max", "minimum": r"\min"}  # fmt: skip
GREEK = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ",
                 "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon "
                 "phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split()))  # fmt: skip
AMONG_WORDS = GREEK | {"^": "wedge", "~": "sim", "\\": "backslash", "⊙": "odot"}
SUM, PRODUCT, SIGN, POWER, WHOLE = range(5)  # how tightly an operator binds
SIGNS = {ast.Add: ("{} + {}", SUM), ast.Sub: ("{} - {}", SUM), ast.Mult: (r"{} \odot {}", PRODUCT),
         ast.MatMult: ("{} {}", PRODUCT), ast.Div: (r"\frac{{{}}}{{{}}}", WHOLE),
         ast.Pow: ("{}^{{{}}}", POWER)}  # fmt: skip


@dataclass(frozen=True)
class Equation:
    """One line of a docstring, such as "c' = f ⊙ c + i ⊙ g    comment".

    name, new    what it defines, and whether that is the new value of a state, written with a prime
    right        the right side as it is written; comment: what stands behind it, or ""
    """

    name: str
    new: bool
    right: str
    comment: str = ""

    @property
    def code(self) -> str:
        """The right side in Python: c' is c_new, ⊙ is *, and a matrix before a vector multiplies it by @."""
        code = re.sub(r"(\w)'", r"\1_new", self.right).replace("⊙", "*")
        code = re.sub("|".join(rf"\b{written}\b" for written in FUNCTIONS), lambda found: FUNCTIONS[found[0]], code)
        return re.sub(r"\b([WUVA](?:_\w+)?) (?=[\w(])", r"\1 @ ", code)

    @property
    def latex(self) -> str:
        """The equation with & before its =, and before its comment."""
        try:
            right = written(ast.parse(self.code, mode="eval").body)[0]
        except SyntaxError:
            doors.refuse("equations", "right sides such as f ⊙ c + i ⊙ g, or tanh(W x + U h + b)", self.right)
        comment = f" && {text(self.comment)}" if self.comment else ""
        return f"{symbol(self.name)}{chr(39) * self.new} &= {right}{comment}"


@dataclass(frozen=True)
class Equations:
    """The equations of a cell, in order. A notebook shows them as mathematics."""

    lines: tuple[Equation, ...]

    @property
    def latex(self) -> str:
        """An aligned environment, a line for each equation."""
        return "\\begin{aligned}\n" + " \\\\\n".join(line.latex for line in self.lines) + "\n\\end{aligned}"

    def _repr_latex_(self):
        return f"$$\n{self.latex}\n$$"

    _repr_markdown_ = _repr_latex_


def equations(cell: Cell | type[Cell]) -> Equations:
    """The equations in the docstring of a cell, or of a class of cells; any, also your own.

    Raises ValueError where there are none, or one that is no expression.
    """
    Cls = cell if doors.is_a(type, cell) else type(cell)
    if not issubclass(Cls, Cell) or Cls is Cell:
        doors.refuse("equations", "a cell, or a class of cells such as LSTMCell", cell)
    lines = read(Cls.__doc__ or "")
    if not lines:
        doors.refuse(Cls.__name__, "equations in its docstring, one a line, such as c' = f ⊙ c + i ⊙ g", "none")
    for line in lines:
        line.latex  # noqa: B018 (refuses what is no expression)
    return Equations(lines)


def read(docstring: str) -> tuple[Equation, ...]:
    """The equations in a docstring, in order."""
    found = LINE.findall(inspect.cleandoc(doors.text("read", "docstring", docstring)))
    return tuple(Equation(name, bool(prime), right, comment) for name, prime, right, comment in found)


# ---- From the parsed code to LaTeX ----


def written(node):
    """(LaTeX, how tightly it binds) of a node of Python's syntax."""
    match node:
        case ast.Name():
            return symbol(node.id.removesuffix("_new")) + "'" * node.id.endswith("_new"), WHOLE
        case ast.Constant():
            return str(node.value), WHOLE
        case ast.UnaryOp(op=ast.USub()):
            return f"-{inside(node.operand, SIGN)}", SIGN
        case ast.Call():
            name = ast.unparse(node.func)
            arguments = [written(a)[0] for a in node.args]
            arguments += [rf"\mathrm{{{a.arg}}} = {written(a.value)[0]}" for a in node.keywords]
            function = SHOWN.get(name) or rf"\operatorname{{{name}}}".replace("_", r"\_")
            return function + bracketed(", ".join(arguments)), WHOLE
        case ast.BinOp(op=ast.Div()):
            return SIGNS[ast.Div][0].format(written(node.left)[0], written(node.right)[0]), WHOLE
        case ast.BinOp():
            template, binds = SIGNS[type(node.op)]
            number = isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Constant)
            template = r"{} \, {}" if number else template  # a number before a vector is no product of vectors
            return template.format(inside(node.left, binds), inside(node.right, binds + 1)), binds
    doors.refuse("equations", "sums, products, quotients and functions", ast.unparse(node))


def inside(node, least):
    """The LaTeX of an operand, in brackets if it binds less tightly than it must."""
    latex, binds = written(node)
    return latex if binds >= least else bracketed(latex)


def bracketed(latex):
    return rf"\left({latex}\right)" if r"\frac" in latex else f"({latex})"


def symbol(name):
    """A name: f, W_f, c_int, ω."""
    letter, *below = name.split("_")
    shown = f"\\{GREEK[letter]}" if letter in GREEK else letter if len(letter) == 1 else rf"\mathrm{{{letter}}}"
    if not below:
        return shown
    below = [part if len(part) == 1 or part.isdigit() else rf"\mathrm{{{part}}}" for part in below]
    return f"{shown}_{below[0]}" if len(below[0]) == len(below) == 1 else f"{shown}_{{{' '.join(below)}}}"


def text(words):
    """Words between equations; Greek letters among them stay mathematics."""
    parts = re.split(f"([{re.escape(''.join(AMONG_WORDS))}])", words)
    parts = (f"\\{AMONG_WORDS[part]} " if part in AMONG_WORDS else
             rf"\text{{{escaped(part)}}}" for part in parts if part)  # fmt: skip
    return "".join(parts).strip()


def escaped(words):
    return re.sub(r"([{}$&#%_])", r"\\\1", words)
