r"""The LaTeX of a cell is its docstring's equations, one to one, and is LaTeX."""

import ast
import re

import pytest
from matplotlib.mathtext import MathTextParser
from strangers import STRANGERS

from course_lib.cells import CELLS, Cell, LSTMCell, PageCell
from course_lib.latex import Equation, equations, read, text

every_cell = pytest.mark.parametrize("Cls", CELLS + STRANGERS, ids=lambda Cls: Cls.__name__)
WORDS = {r"\odot": "*", r"\,": "*", r"\sigma": "sigmoid", r"\max": "maximum", r"\left": "", r"\right": "",
         r"\tanh": "tanh", r"\exp": "exp", r"\log": "log"}  # fmt: skip


def code_of(latex):
    """A right side in LaTeX as Python, by rules that know nothing of how it was made."""
    while r"\frac" in latex:
        latex = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1) / (\2))", latex)
    latex = re.sub(r"\\(?:operatorname|mathrm)\{([^{}]*)\}", r"\1", latex)
    for word, means in WORDS.items():
        latex = latex.replace(word, means)
    latex = latex.replace("'", "_new")
    return re.sub(r"\b([WUVA](?:_\w+)?) (?=[\w(])", r"\1 @ ", latex)


def parsed(code):
    return ast.dump(ast.parse(code, mode="eval"))


@every_cell
def test_each_line_says_what_the_docstring_says(Cls):
    lines = equations(Cls).latex.splitlines()
    assert (lines[0], lines[-1]) == (r"\begin{aligned}", r"\end{aligned}") and len(lines) - 2 == len(read(Cls.__doc__))
    for shown, line in zip(lines[1:-1], read(Cls.__doc__)):
        left, right, *comment = re.split(" &+ ?", shown.removesuffix(r" \\").replace("&= ", "& "))
        assert left == line.name + "'" * line.new
        assert parsed(code_of(right)) == parsed(line.code)
        assert bool(comment) == bool(line.comment)


@every_cell
def test_each_part_is_accepted_by_a_reader_of_latex(Cls):
    parser = MathTextParser("path")
    for line in equations(Cls).lines:
        for part in line.latex.split("&"):
            parser.parse(f"${part.strip() or 'x'}$")


def test_a_lie_in_the_docstring_is_shown_as_one():
    assert r"c' &= i \odot c" in Equation("c", True, "i ⊙ c").latex


def test_a_notebook_shows_it_as_mathematics():
    shown = equations(LSTMCell)
    assert shown._repr_markdown_() == shown._repr_latex_() == f"$$\n{shown.latex}\n$$"


def test_a_prime_says_that_a_value_is_new():
    assert [(line.name, line.new) for line in equations(LSTMCell).lines] == [
        ("f", False), ("i", False), ("o", False), ("g", False), ("c", True), ("h", True)]  # fmt: skip


def test_a_cell_says_what_its_class_says():
    assert equations(LSTMCell(2, 3)) == equations(LSTMCell)


@pytest.mark.parametrize(
    ("right", "latex"),
    [
        ("1 - (f - g)", "1 - (f - g)"),
        ("f ⊙ (c + g)", r"f \odot (c + g)"),
        ("(s + t) / (1 + s / t)", r"\frac{s + t}{1 + \frac{s}{t}}"),
        ("tanh(s / t) ⊙ h", r"\tanh\left(\frac{s}{t}\right) \odot h"),
        ("0.5 ⊙ c ⊙ g", r"0.5 \, c \odot g"),
        ("-A_c (U_n h)", "-A_c (U_n h)"),
        ("exp(-ω_1 ⊙ c_int)", r"\exp(-\omega_1 \odot c_{\mathrm{int}})"),
        ("softmax(W x, dim=1) ** 2", r"\operatorname{softmax}(W x, \mathrm{dim} = 1)^{2}"),
        ("max(a, b)", r"\max(a, b)"),
        ("min(a, b)", r"\min(a, b)"),
        ("maximum(a, b)", r"\max(a, b)"),
        ("minimum(a, b)", r"\min(a, b)"),
        ("sin(a) + cos(a)", r"\sin(a) + \cos(a)"),
        ("exp(a) + log(b)", r"\exp(a) + \log(b)"),
        ("σ(a) + tanh(b)", r"\sigma(a) + \tanh(b)"),
        ("a ⊙ (b + c) / d", r"\frac{a \odot (b + c)}{d}"),
        ("tanh(a / b)", r"\tanh\left(\frac{a}{b}\right)"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("2 ⊙ a_int", r"2 \, a_{\mathrm{int}}"),
        ("-(a + b) ** 2", "-(a + b)^{2}"),
        ("softmax(a, dim=1)", r"\operatorname{softmax}(a, \mathrm{dim} = 1)"),
        ("log_sigmoid(ω_1)", r"\operatorname{log\_sigmoid}(\omega_1)"),
    ],
)
def test_operators_brackets_fractions_and_names_are_written_as_in_a_book(right, latex):
    assert Equation("a", False, right).latex == f"a &= {latex}"


def test_words_beside_an_equation_may_hold_any_sign():
    assert r"(the page's }\omega \text{1)}" in equations(PageCell).latex
    assert text("5 % of c_int") == r"\text{5 \% of c\_int}"
    assert text("XX, of a to z and A to Z") == r"\text{XX, of a to z and A to Z}"


class SilentCell(Cell):
    """A cell that does not say what it does."""


class BareCell(LSTMCell):
    pass


class BrokenCell(Cell):
    """A cell.

    h' = tanh(W x + + )
    """


@pytest.mark.parametrize(
    ("cell", "said"),
    [(SilentCell, "SilentCell needs equations in its docstring, one a line"), (BareCell, "BareCell needs equations"),
     (BrokenCell, r"equations needs right sides such as .*; got 'tanh\(W x \+ \+ \)'"),
     (3, "a cell, or a class of cells"), (Cell, "a cell, or a class of cells")],
)  # fmt: skip
def test_what_has_no_equations_is_told(cell, said):
    with pytest.raises(ValueError, match=said):
        equations(cell)


def test_signs_among_words_are_mathematics_and_all_else_is_text():
    assert text(r"a ^ b ~ \ ⊙ ω") == (r"\text{a }\wedge \text{ b }\sim \text{ }\backslash \text{ }\odot \text{ }\omega")
    assert text("50 % of {a}_b, $ & #") == r"\text{50 \% of \{a\}\_b, \$ \& \#}"


def test_a_function_of_the_docstring_is_the_one_of_torch():
    assert Equation("m", True, "max(σ(a), min(b, c'))").code == "maximum(sigmoid(a), minimum(b, c_new))"
