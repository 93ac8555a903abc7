"""LLVM's text for what moves numbers within a row: parts, joins, and sums along an axis (see `axes`)."""

from course_lib.fuse.ir import Function

MOVES = ("take", "sum", "max")
MOVE = ", ptr %A, i64 %am, ptr %C, i64 %cm, i64 %M, ptr %how"


def move(name, target):
    """The text of a function: in M rows, numbers of A, whose rows are %am apart, go to C, whose rows are %cm apart.

    name "take": they are written; "sum": added; "max": the greatest stays. %how: 11 whole numbers, the first place in A
    and in C, then for each of three loops its count and how far apart its numbers are in A and in C.
    """
    f = Function(name, target, {}, extra=MOVE)
    how = [f.let(f"load i64, ptr {f.let(f'getelementptr i64, ptr %how, i64 {k}')}") for k in range(11)]
    first_a, first_c, (outer, middle, inner) = how[0], how[1], (how[2:5], how[5:8], how[8:11])
    beside = f.let(f"icmp eq i64 {f.mul(inner[1], inner[2])}, 1")
    with f.loop("0", "%M") as row, f.loop("0", outer[0]) as i, f.loop("0", middle[0]) as j:
        a = f.at("%A", f.mul(row, "%am"), first_a, f.mul(i, outer[1]), f.mul(j, middle[1]))
        c = f.at("%C", f.mul(row, "%cm"), first_c, f.mul(i, outer[2]), f.mul(j, middle[2]))
        done = f.variable("i64")
        f.set(done, "i64", "0")
        whole = f.let(f"and i64 {inner[0]}, {-target.lanes}")
        if name != "max":
            with f.when(beside):
                with f.loop("0", whole, target.lanes) as k:
                    value = f.load(f.at(a, k))
                    f.store(value if name == "take" else f.op("fadd", value, f.load(f.at(c, k))), f.at(c, k))
                f.set(done, "i64", whole)
        if name == "sum":
            with f.when(f.let(f"and i1 {f.let(f'icmp eq i64 {inner[1]}, 1')}, {f.let(f'icmp eq i64 {inner[2]}, 0')}")):
                total = f.variable(target.vector)
                f.set(total, target.vector, f.number(0.0))
                with f.loop("0", whole, target.lanes) as k:
                    f.set(total, target.vector, f.op("fadd", f.get(total, target.vector), f.load(f.at(a, k))))
                kind = f"{target.real} @llvm.vector.reduce.fadd.v{target.lanes}f{8 * target.bytes}"
                old = f.let(f"load {target.real}, ptr {c}")
                new = f.let(f"call reassoc {kind}({target.real} {old}, {target.vector} {f.get(total, target.vector)})")
                f.do(f"store {target.real} {new}, ptr {c}")
                f.set(done, "i64", whole)
        with f.loop(f.get(done, "i64"), inner[0]) as k:
            one(f, name, f.at(a, f.mul(k, inner[1])), f.at(c, f.mul(k, inner[2])))
    return f.text()


def one(f, name, a, c):
    """A single number goes from a to c."""
    real = f.target.real
    value = f.let(f"load {real}, ptr {a}")
    if name != "take":
        old = f.let(f"load {real}, ptr {c}")
        if name == "sum":
            value = f.let(f"fadd {real} {value}, {old}")
        else:  # NaN stays
            stays = f.let(f"or i1 {f.let(f'fcmp uno {real} {old}, {old}')}, {f.let(f'fcmp olt {real} {value}, {old}')}")
            value = f.let(f"select i1 {stays}, {real} {old}, {real} {value}")
    f.do(f"store {real} {value}, ptr {c}")
