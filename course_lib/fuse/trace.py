"""Symbols: what a step gets in place of tensors. Every operation on one is written down on a tape."""

import torch

from course_lib.fuse.ops import YES_NO

TEXT = {0.0, 1.0, -1.0, 2.0, -2.0, 0.5}  # numbers that a kernel's text may hold; others are entries of its table


class Unfused(Exception):
    """Why a step is not compiled."""


class Batch:
    """The number of sequences, which a step may pass on (h.view(h.shape[0], 4, -1)) but not compute with."""

    def refuse(self, *_):
        raise Unfused(
            "it computes with the number of sequences; h.shape[0] may be passed on, as in h.view(h.shape[0], -1)"
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __floordiv__ = refuse
    __mod__ = __pow__ = __neg__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = refuse
    __float__ = __int__ = __index__ = refuse


class Tape:
    """What a step does, as a list of nodes.

    nodes      [(op, args, width class, index)], each after its arguments. An arg is the number of a node (int), a
               number of the text (float), or an entry of the table ("constant0"). Equal nodes are written down once.
               The index is that of a vector or a linear map in tensors; of a "take", "sum" or "max" in moves
    tensors    those that the nodes name; constants: the numbers in the table; widths: of every width class
    moves      [a move for every argument of the node: see `axes`]
    parts      {(node, first unit, last unit): node}; joined: {node: the nodes that it is the join of}
    grad       whether gradients were on when the tape began; batch: what symbols have as shape[0]
    """

    def __init__(self, dtype):
        self.dtype, self.grad, self.batch = dtype, torch.is_grad_enabled(), Batch()
        self.nodes, self.tensors, self.constants, self.moves, self.widths = [], [], [], [], []
        self.numbers, self.places, self.classes, self.vectors, self.parts, self.joined = {}, {}, {}, {}, {}, {}

    def node(self, op, args, wide, index=None):
        """The number of a node."""
        key = (op, args, wide, index)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.nodes)
            self.nodes.append(key)
        return number

    def leaf(self, op, shape):
        """A Symbol that is given: x, or a state."""
        self.nodes.append((op, (), self.wide(shape), None))
        return Symbol(self, len(self.nodes) - 1, shape, fixed=True)

    def wide(self, shape):
        """The width class of a shape."""
        width = size(shape)
        found = self.classes.get(width)
        if found is None:
            found = self.classes[width] = len(self.widths)
            self.widths.append(width)
        return found

    def index_of(self, tensor):
        """The index of a tensor, which is kept, so that its id stays its own."""
        index = self.places.get(id(tensor))
        if index is None:
            index = self.places[id(tensor)] = len(self.tensors)
            self.tensors.append(tensor)
        return index

    def constant(self, value):
        """A number as an argument of a node."""
        value = float(value)
        if value in TEXT:
            return value
        self.constants.append(value)
        return f"constant{len(self.constants) - 1}"

    def vector(self, tensor, shape):
        """The number of the node for a tensor with one number, or with numbers that fit units of this shape."""
        known = self.vectors.get((id(tensor), shape))
        if known is None:
            whole = tensor
            if tensor.dim() == 0 or not tensor.is_floating_point():
                whole = whole.to(self.dtype)  # as torch does where it meets other numbers
            if tuple(whole.shape) != shape or len(shape) != 1:
                units = whole.shape[1:] if whole.dim() > len(shape) else whole.shape
                if whole.numel() != size(units) or not fits(units, shape):
                    raise Unfused(f"a tensor {tuple(tensor.shape)} together with {described(shape)}")
                whole = whole.reshape(units).expand(shape).reshape(-1)
            number = self.node("vector", (), self.wide(shape), self.index_of(whole))
            known = self.vectors[id(tensor), shape] = number, tensor
        return known[0]


def size(shape):
    total = 1
    for n in shape:
        total *= n
    return total


def fits(small, shape):
    """Whether small becomes shape by repeating along axes of length 1."""
    return len(small) <= len(shape) and all(n in (1, m) for n, m in zip(reversed(small), reversed(shape)))


def described(shape):
    return f"{shape[0]} units" if len(shape) == 1 else f"units {shape}"


class Symbol:
    """What a step gets in place of a tensor (batch, units): it remembers the operation that made it.

    number    of its node on the tape
    shape     of the units, (hidden,) or (heads, units of a head)
    yes_no    whether it came from a comparison: 1 for yes, 0 for no
    fixed     whether another value shares its memory, or it was given to the step, so that `+=` would change both
    """

    __slots__ = ("tape", "number", "units", "yes_no", "fixed", "__weakref__")
    __array_ufunc__ = None  # a number of numpy leaves arithmetic to it
    known = {}  # {name: function of Symbols}: what a step may call

    def __init__(self, tape, number, units, *, yes_no=False, fixed=False):
        if torch.is_grad_enabled() is not tape.grad:
            if not tape.grad:
                raise Unfused("it turns gradients on")
            number = tape.node("detach", (number,), tape.nodes[number][2])
        if torch.is_autocast_enabled("cpu"):
            raise Unfused("it turns torch.autocast on")
        self.tape, self.number, self.units, self.yes_no, self.fixed = tape, number, units, yes_no, fixed

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return call(func.__name__)(*args, **(kwargs or {}))

    def __getattr__(self, name):
        function = call(name)
        return lambda *args, **kwargs: function(self, *args, **kwargs)

    def __getitem__(self, index):
        return self.known["getitem"](self, index)

    def __bool__(self):
        raise Unfused("what it does depends on the data")

    __float__ = __int__ = __index__ = __complex__ = __bool__

    def __len__(self):
        raise Unfused(
            "it asks for len, the number of sequences; h.shape[0] may be passed on, as in h.view(h.shape[0], -1)"
        )

    def __iter__(self):
        raise Unfused("it goes through the sequences of the batch one by one")

    def __setitem__(self, index, value):
        raise Unfused("a part is changed in place; build the whole with torch.cat or torch.where")

    def become(self, other):
        """What `+=` and its kin do: this Symbol is from now on other."""
        if self.fixed or other.units != self.units or other.yes_no != self.yes_no:
            raise Unfused("it changes in place what something else may be reading")
        self.number = other.number
        return self

    @property
    def shape(self):
        return (self.tape.batch, *self.units)

    @property
    def ndim(self):
        return 1 + len(self.units)

    @property
    def dtype(self):
        return torch.bool if self.yes_no else self.tape.dtype

    @property
    def device(self):
        return torch.device("cpu")

    @property
    def data(self):
        return self.known["detach"](self)


def call(name):
    """The function of Symbols with this name of torch's: "tanh", "tanh_" in place, "__mul__"."""
    function = Symbol.known.get(name)
    if function is not None:
        return function
    if name[:2] == "__" == name[-2:]:
        function = Symbol.known.get(name[2:-2])
    elif name[-1:] == "_":
        of = Symbol.known.get(name[:-1])
        function = of and (lambda a, *args, **kwargs: a.become(of(a, *args, **kwargs)))
    if function is None:
        raise Unfused(f"{name} is not compiled")
    return function


def component(op, *args):
    """An operation component by component on Symbols, tensors and numbers, of which one at least is a Symbol."""
    units = tape = None
    other = yes_no = False
    for a in args:
        if type(a) is Symbol:
            if units is None:
                units, tape = a.units, a.tape
            elif a.units != units:
                units = together(units, a.units)
            yes_no = yes_no or a.yes_no
        elif isinstance(a, torch.Tensor):
            other = True
    if other and 1 in units:
        for a in args:
            if isinstance(a, torch.Tensor) and a.dim() <= len(units):
                units = together(units, (1,) * (len(units) - a.dim()) + tuple(a.shape))
    if yes_no and op not in YES_NO:
        check_kind(op, args, tape)
    numbers = []
    for a in args:
        if type(a) is Symbol:
            numbers.append(a.number if a.units == units else Symbol.known["expand"](a, -1, *units).number)
        else:
            numbers.append(tape.vector(a, units) if isinstance(a, torch.Tensor) else tape.constant(a))
    return Symbol(tape, tape.node(op, tuple(numbers), tape.wide(units)), units, yes_no=op in YES_NO)


def together(a, b):
    """The shape of units that both become by repeating along axes of length 1."""
    if len(a) != len(b) or any(n != m and 1 not in (n, m) for n, m in zip(a, b)):
        raise Unfused(f"{described(a)} and {described(b)} in one operation")
    return tuple(m if n == 1 else n for n, m in zip(a, b))


def check_kind(op, args, tape):
    """Raise Unfused where yes or no meets no number of the cell's own kind: torch would make it another kind's."""
    bare = any(isinstance(a, (int, float)) for a in args) and tape.dtype is torch.get_default_dtype()
    if not bare and not any(isinstance(a, torch.Tensor) or type(a) is Symbol and not a.yes_no for a in args):
        raise Unfused(f"{op} of yes or no; a.to(h.dtype) makes numbers of it")
