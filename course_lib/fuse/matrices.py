"""Products: with a matrix, along any axes (einsum), and the cells that torch itself has."""

import string

from course_lib.fuse import axes
from course_lib.fuse.move import MOVES
from course_lib.fuse.trace import Symbol, Unfused, component, described, size

COPIED = ("linear", "add", "vector", *MOVES)  # a product needs its operand in a place of its own


def linear(input, weight, bias=None):
    """input weight' + bias, for weight (out, in), along the last axis of input."""
    if not isinstance(input, Symbol) or isinstance(weight, Symbol) or weight.dim() != 2:
        raise Unfused("a product that is not (batch, in) times a weight")
    if not input.units or weight.shape[1] != input.units[-1]:
        raise Unfused(f"a product of {described(input.units)} with a matrix of {weight.shape[1]} columns")
    if len(input.units) > 1:
        flat = axes.view(input, (size(input.units[:-1]), input.units[-1]))
        rows = [linear(a, weight, bias) for a in axes.unbind(flat, 1)]
        return axes.view(axes.cat(rows, 1), input.units[:-1] + (len(weight),))
    tape, shape = input.tape, (weight.shape[0],)
    number = product(tape, input.number, weight)
    if bias is not None:
        number = tape.node("add", (number, tape.vector(bias, shape)), tape.wide(shape))
    return Symbol(tape, number, shape)


def product(tape, number, matrix):
    """The node for a node times matrix'."""
    wide = tape.wide((matrix.shape[0],))
    if number in tape.joined:
        total, begin = None, 0
        for piece in tape.joined[number]:
            end = begin + tape.widths[tape.nodes[piece][2]]
            term = product(tape, piece, matrix[:, begin:end])
            total = term if total is None else tape.node("add", (total, term), wide)
            begin = end
        return total
    if tape.nodes[number][0] in COPIED:
        number = tape.node("clone", (number,), tape.nodes[number][2])
    return tape.node("linear", (number,), wide, tape.index_of(matrix))


def matmul(input, other):
    """input @ other, of which one may be a tensor without a batch."""
    if isinstance(input, Symbol) and not isinstance(other, Symbol):
        if other.dim() == 2:
            return linear(input, other.T)
        if other.dim() == 1:
            return axes.squeeze(linear(input, other[None]), -1)
    terms = []
    for a, last in ((input, "yz"), (other, "zx")):
        axes_of = a.ndim - isinstance(a, Symbol)
        if axes_of < 2:
            raise Unfused("a product of matrices one of which is a vector; einsum says which axes are meant")
        terms.append(string.ascii_lowercase[axes_of - 3 :: -1] * (axes_of > 2) + last)
    longer = max(terms, key=len)[:-2]
    terms = ["..." * isinstance(a, Symbol) + term for a, term in zip((input, other), terms)]
    return einsum(f"{terms[0]},{terms[1]}->...{longer}yx", input, other)


def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    product = matmul(mat1, mat2)
    return (input if beta == 1 else beta * input) + (product if alpha == 1 else alpha * product)


def einsum(equation, *operands):
    """Sums of products along the axes that letters name. The batch is the first letter of every Symbol, or "..."."""
    operands = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
    terms, arrow, goal = equation.replace(" ", "").partition("->")
    terms = terms.split(",")
    twice = any(term.count(letter) > 1 for term in terms for letter in term if letter != ".")
    if not arrow or len(terms) != len(operands) or twice:
        raise Unfused(f"einsum {equation!r}; it needs -> and every letter once in a term")
    batches = {t[:3] if t.startswith("...") else t[:1] for t, a in zip(terms, operands) if isinstance(a, Symbol)}
    batch = batches.pop()
    tensors = [t for t, a in zip(terms, operands) if not isinstance(a, Symbol)]
    if batches or not goal.startswith(batch) or any(batch in t for t in tensors):
        raise Unfused(f"einsum {equation!r}; the batch comes first in every value and in the result")
    terms = [t.removeprefix(batch) if isinstance(a, Symbol) else t for t, a in zip(terms, operands)]
    goal = goal.removeprefix(batch)
    operands = list(zip(operands, terms))
    operands.sort(key=lambda pair: not isinstance(pair[0], Symbol))  # a Symbol comes first
    (result, letters), *rest = operands
    while rest:
        (other, its), *rest = rest
        keep = set(goal).union(*(term for _, term in rest))
        result, letters = times(result, letters, other, its, keep)
    return arranged(*summed(result, letters, set(goal)), goal)


def times(a, letters, b, its, keep):
    """The product of a Symbol with a Symbol or a tensor, summed along the letters that are not kept; its letters."""
    a, letters = summed(a, letters, keep | set(its))
    if isinstance(b, Symbol):
        b, its = summed(b, its, keep | set(letters))
    elif lost := [k for k, letter in enumerate(its) if letter not in keep and letter not in letters]:
        b, its = b.sum(lost), "".join(letter for letter in its if letter in keep or letter in letters)
    gone = [letter for letter in letters if letter not in keep and letter in its]
    union = letters + "".join(letter for letter in its if letter not in letters)
    if isinstance(b, Symbol) or not gone:
        return summed(component("mul", spread(a, letters, union), spread(b, its, union)), union, keep)
    heads = [letter for letter in letters if letter not in gone]
    sizes = dict(zip(letters, a.units)) | dict(zip(its, b.shape))
    rows = arranged(a, letters, "".join(heads + gone))
    rows = axes.view(rows, (size([sizes[h] for h in heads]), size([sizes[g] for g in gone])))
    own, new = [h for h in heads if h in its], [letter for letter in its if letter not in letters]
    b = b.permute([its.index(letter) for letter in own + new + gone])
    shape = [sizes[h] if h in own else 1 for h in heads] + [size([sizes[n] for n in new]), rows.units[1]]
    b = b.reshape(shape).expand(*(sizes[h] for h in heads), -1, -1).reshape(-1, *shape[-2:])
    parts = [linear(axes.select(rows, 1, k), b[k]) for k in range(rows.units[0])]
    result = axes.cat(parts, 1)
    return axes.view(result, tuple(sizes[letter] for letter in heads + new)), "".join(heads + new)


def summed(a, letters, keep):
    """(a, its letters), summed along those that are not kept."""
    lost = [1 + k for k, letter in enumerate(letters) if letter not in keep]
    if not lost:
        return a, letters
    return axes.along("sum", a, lost, False), "".join(letter for letter in letters if letter in keep)


def spread(a, letters, union):
    """A Symbol or a tensor with an axis for every letter of union, of length 1 where it has none."""
    order = [letter for letter in union if letter in letters]
    if not isinstance(a, Symbol):
        a = a.permute([letters.index(letter) for letter in order])
        return a[tuple(slice(None) if letter in letters else None for letter in union)]
    a, sizes = arranged(a, letters, "".join(order)), dict(zip(letters, a.units))
    return axes.view(a, tuple(sizes.get(letter, 1) for letter in union))


def arranged(a, letters, order):
    """a with its axes in another order of the same letters."""
    if sorted(letters) != sorted(order):
        raise Unfused(f"einsum with {order!r} in the result and {letters!r} in the terms")
    return a if letters == order else axes.permute(a, 0, *(1 + letters.index(letter) for letter in order))


# ---- The cells of torch ----


def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    i, f, g, o = axes.chunk(linear(input, w_ih, b_ih) + linear(hx[0], w_hh, b_hh), 4, 1)
    c = component("sigmoid", f) * hx[1] + component("sigmoid", i) * component("tanh", g)
    return component("sigmoid", o) * component("tanh", c), c


def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    a, b = axes.chunk(linear(input, w_ih, b_ih), 3, 1), axes.chunk(linear(hx, w_hh, b_hh), 3, 1)
    r, z = (component("sigmoid", a[k] + b[k]) for k in range(2))
    n = component("tanh", a[2] + r * b[2])
    return n + z * (hx - n)


def rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    return component("tanh", linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))


def rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    return component("relu", linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))
