"""What moves the numbers of a Symbol rather than computing with them: parts, joins, views, sums along an axis.

A move is three loops, one in another: it takes the numbers at `first + n step` for every n below a count. Written
(first of the source, first of the goal, ((count, step of the source, step of the goal), three times)).
"""

from course_lib.fuse.ops import ROW
from course_lib.fuse.trace import Symbol, Unfused, described, size, together

PRODUCTS = ("linear", "vector")  # of these the tensor itself can be cut


def move(first, goal, loops):
    """A move from loops of any number: those of one turn are left out, those that run on are joined."""
    joined = []
    for count, source_step, goal_step in loops:
        if count == 1:
            continue
        if joined and joined[-1][1:] == (count * source_step, count * goal_step):
            joined[-1] = (joined[-1][0] * count, source_step, goal_step)
        else:
            joined.append((count, source_step, goal_step))
    if len(joined) > 3:
        raise Unfused("numbers moved along more than three axes at once")
    return first, goal, ((1, 0, 0),) * (3 - len(joined)) + tuple(joined)


def steps(shape):
    """How far apart neighbours along each axis are."""
    found, step = [], 1
    for n in reversed(shape):
        found.append(step)
        step *= n
    return found[::-1]


def moved(op, sources, shape, moves):
    """A Symbol made by moves, one from each source: "take", where every place is filled once, "sum" or "max"."""
    tape = sources[0].tape
    tape.moves.append(moves)
    number = tape.node(op, tuple(a.number for a in sources), tape.wide(shape), len(tape.moves) - 1)
    return Symbol(tape, number, shape)


def view(a, shape):
    """a with its units in another shape. The two share their memory."""
    if size(shape) != size(a.units):
        raise Unfused(f"{described(a.units)} as {described(shape)}")
    a.fixed = True
    return Symbol(a.tape, a.number, shape, yes_no=a.yes_no, fixed=True)


def axis(a, dim, *, new=False):
    """Which axis of the units dim names; the batch may not be meant."""
    axes = a.ndim + new
    if not isinstance(dim, int) or not -axes <= dim < axes or dim % axes == 0:
        raise Unfused(f"dim={dim}; only the units of a sequence may be taken apart, not the batch")
    return dim % axes - 1


# ---- Parts and joins ----


def part(a, dim, first, last, step=1):
    """The units first to last along an axis, as tensors are cut."""
    k, n = axis(a, dim), len(range(first, last, step))
    if n == a.units[k]:
        return view(a, a.units)
    shape = a.units[:k] + (n,) + a.units[k + 1 :]
    if len(a.units) == 1 and step == 1:
        number = cut(a.tape, a.number, first, last)
    else:
        far = steps(a.units)
        loops = [(m, f * (step if j == k else 1), t) for j, (m, f, t) in enumerate(zip(shape, far, steps(shape)))]
        number = moved("take", [a], shape, (move(first * far[k], 0, loops),)).number
    a.fixed = True
    return Symbol(a.tape, number, shape, yes_no=a.yes_no, fixed=True)


def cut(tape, number, first, last):
    """The node for units first to last of a node: of what is computed unit by unit from products these lose rows."""
    known = tape.parts.get((number, first, last))
    if known is not None:
        return known
    op, args, _, index = tape.nodes[number]
    wide, begin = tape.wide((last - first,)), 0
    for piece in tape.joined.get(number, ()):
        n = tape.widths[tape.nodes[piece][2]]
        if begin <= first and last <= begin + n:
            return piece if last - first == n else cut(tape, piece, first - begin, last - begin)
        begin += n
    if op in PRODUCTS:
        result = tape.node(op, args, wide, tape.index_of(tape.tensors[index][first:last]))
    elif op in ROW:
        result = tape.node(op, tuple(cut(tape, a, first, last) if isinstance(a, int) else a for a in args), wide)
    else:
        tape.moves.append((move(first, 0, [(last - first, 1, 1)]),))
        result = tape.node("take", (number,), wide, len(tape.moves) - 1)
    tape.parts[number, first, last] = result
    return result


def split(a, split_size_or_sections, dim=0):
    wanted = split_size_or_sections
    n = a.units[axis(a, dim)]
    sizes = [min(wanted, n - i) for i in range(0, n, wanted)] if isinstance(wanted, int) else list(wanted)
    ends = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
    if ends[-1] != n:
        raise Unfused(f"a split of {n} units into {sizes}")
    return tuple(part(a, dim, first, last) for first, last in zip(ends, ends[1:]))


def chunk(a, chunks, dim=0):
    return split(a, -(-a.units[axis(a, dim)] // chunks), dim)


def unbind(a, dim=0):
    return tuple(select(a, dim, i) for i in range(a.units[axis(a, dim)]))


def select(a, dim, index):
    k = axis(a, dim)
    index = range(a.units[k])[index]
    return squeeze(part(a, dim, index, index + 1), dim)


def narrow(a, dim, start, length):
    return part(a, dim, start, start + length)


def getitem(a, index):
    """a[:, 2:4], a[..., -1], a[:, None], a[:, 0]."""
    index = index if isinstance(index, tuple) else (index,)
    given = sum(i is not None and i is not Ellipsis for i in index)
    if Ellipsis in index:
        at = index.index(Ellipsis)
        index = index[:at] + (slice(None),) * (a.ndim - given) + index[at + 1 :]
    if not index or index[0] != slice(None):
        raise Unfused("sequences of the batch cannot be picked out, only their units, as in a[:, 2:4]")
    dim = 1
    for i in index[1:]:
        if i is None:
            a = unsqueeze(a, dim)
        elif isinstance(i, slice):
            first, last, step = i.indices(a.units[axis(a, dim)])
            a = part(a, dim, first, last, step)
        elif isinstance(i, int):
            a, dim = select(a, dim, i), dim - 1
        else:
            raise Unfused(f"units picked out by {type(i).__name__}; a range does, as in a[:, 2:4]")
        dim += 1
    return a


def cat(tensors, dim=0):
    """Side by side. A product with it is a sum of products with its parts."""
    first = next((a for a in tensors if isinstance(a, Symbol)), None)
    if not all(isinstance(a, Symbol) and a.ndim == first.ndim for a in tensors):
        raise Unfused("cat of values and tensors without a batch; tensor.expand(h.shape[0], -1) would do")
    k = axis(first, dim)
    tensors = [a for a in tensors if size(a.units)]
    if len(tensors) == 1:
        return tensors[0].known["clone"](tensors[0])
    total = sum(a.units[k] for a in tensors)
    shape = first.units[:k] + (total,) + first.units[k + 1 :]
    far, moves, done = steps(shape), [], 0
    for a in tensors:
        if a.units[:k] + a.units[k + 1 :] != shape[:k] + shape[k + 1 :] or a.yes_no != first.yes_no:
            raise Unfused(f"cat of {described(first.units)} and {described(a.units)}")
        moves.append(move(0, done * far[k], list(zip(a.units, steps(a.units), far))))
        done += a.units[k]
    result = moved("take", tensors, shape, tuple(moves))
    result.yes_no = first.yes_no
    if len(shape) == 1:
        result.tape.joined[result.number] = tuple(a.number for a in tensors)
    return result


def stack(tensors, dim=0):
    return cat([unsqueeze(a, dim) if isinstance(a, Symbol) else a for a in tensors], dim)


def roll(a, shifts, dims=None):
    k = axis(a, dims)
    cut_at = -shifts % a.units[k]
    return cat([part(a, dims, cut_at, a.units[k]), part(a, dims, 0, cut_at)], dims) if cut_at else a.known["clone"](a)


def flip(a, dims, *more):
    turned = {axis(a, dim) for dim in ((dims, *more) if isinstance(dims, int) else dims)}
    far = steps(a.units)
    loops = [(n, -f if k in turned else f, f) for k, (n, f) in enumerate(zip(a.units, far))]
    return moved("take", [a], a.units, (move(sum((a.units[k] - 1) * far[k] for k in turned), 0, loops),))


# ---- Views ----


def units_of(a, shape):
    """The shape of the units from one that begins with the batch; -1 for what is left."""
    shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else tuple(shape)
    if not shape or shape[0] is not a.tape.batch and shape[0] != -1 or shape[0] == -1 and -1 in shape[1:]:
        raise Unfused(f"{shape} does not begin with the number of sequences, h.shape[0]")
    units = list(shape[1:])
    if not all(isinstance(n, int) for n in units):
        raise Unfused(f"{shape} has the number of sequences more than once")
    if -1 in units:
        rest = size([n for n in units if n != -1])
        units[units.index(-1)] = size(a.units) // rest if rest else 0
    return tuple(units)


def reshape(a, *shape, **named):
    return view(a, units_of(a, shape or tuple(named.values())))


def flatten(a, start_dim=0, end_dim=-1):
    first, last = axis(a, start_dim), axis(a, end_dim)
    return view(a, a.units[:first] + (size(a.units[first : last + 1]),) + a.units[last + 1 :])


def unflatten(a, dim, sizes):
    k = axis(a, dim)
    rest = size([n for n in sizes if n != -1])
    sizes = tuple(a.units[k] // rest if n == -1 else n for n in sizes)
    return view(a, a.units[:k] + sizes + a.units[k + 1 :])


def squeeze(a, dim=None):
    if dim is None:
        raise Unfused("squeeze without dim, which drops the batch if it is one sequence")
    k = axis(a, dim)
    return view(a, a.units[:k] + a.units[k + 1 :]) if a.units[k] == 1 else view(a, a.units)


def unsqueeze(a, dim):
    k = axis(a, dim, new=True)
    return view(a, a.units[:k] + (1,) + a.units[k:])


def permute(a, *dims):
    dims = tuple(dims[0]) if len(dims) == 1 and not isinstance(dims[0], int) else dims
    if len(dims) != a.ndim or dims[0] % a.ndim != 0:
        raise Unfused(f"the axes in the order {dims}; the batch comes first")
    order = [axis(a, dim) for dim in dims[1:]]
    shape, far = tuple(a.units[k] for k in order), steps(a.units)
    result = moved("take", [a], shape, (move(0, 0, [(a.units[k], far[k], t) for k, t in zip(order, steps(shape))]),))
    a.fixed = result.fixed = True
    return result


def transpose(a, dim0, dim1):
    dims = list(range(a.ndim))
    dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
    return permute(a, *dims)


def expand(a, *shape):
    """a repeated along axes of length 1. The batch is the first of the shape, or -1."""
    shape = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
    if len(shape) != a.ndim or shape[0] is not a.tape.batch and shape[0] != -1:
        raise Unfused(f"{described(a.units)} expanded to {shape}")
    units = tuple(n if m == -1 else m for n, m in zip(a.units, shape[1:]))
    if units == a.units:
        return view(a, units)
    if together(a.units, units) != units:
        raise Unfused(f"{described(a.units)} expanded to {described(units)}")
    loops = [(m, f if n == m else 0, t) for n, m, f, t in zip(a.units, units, steps(a.units), steps(units))]
    result = moved("take", [a], units, (move(0, 0, loops),))
    a.fixed = result.fixed = True
    result.yes_no = a.yes_no
    return result


# ---- Along an axis ----


def along(op, a, dim, keepdim):
    """The sum or the greatest along an axis, or several."""
    if dim is None or isinstance(dim, (tuple, list)) and not dim:
        raise Unfused(f"{op} over the whole batch; over the units it is {op}(dim=1)")
    axes = {axis(a, d) for d in ((dim,) if isinstance(dim, int) else dim)}
    kept = tuple(1 if k in axes else n for k, n in enumerate(a.units))
    loops = [(n, f, 0 if k in axes else t) for k, (n, f, t) in enumerate(zip(a.units, steps(a.units), steps(kept)))]
    result = moved(op, [a], kept, (move(0, 0, loops),))
    return result if keepdim else Symbol(a.tape, result.number, tuple(n for k, n in enumerate(kept) if k not in axes))


def count(a, dim):
    """How many numbers lie along an axis, or several."""
    return size([a.units[axis(a, d)] for d in ((dim,) if isinstance(dim, int) else dim)])
