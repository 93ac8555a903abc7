"""LLVM's text for the product of two matrices, on tiles that stay in registers."""

from course_lib.fuse.ir import Function

PRODUCT = (
    ", ptr %A, i64 %am, i64 %al, i64 %ak, ptr %B, i64 %bp, i64 %bk, ptr %C, i64 %cm, ptr %I, i64 %im, "
    "i64 %M, i64 %N, i64 %L, i64 %K"
)


def product(target):
    """The text of the function C = I + A B, on tiles of C that stay in registers.

    A (M, L K) is read at %am m + %al l + %ak k; B in panels two vectors wide, %bp apart, its rows %bk apart; C (M, N)
    has rows %cm apart, I, to which the product is added, rows %im apart. N is a multiple of the lanes.
    """
    f = Function("product", target, {}, extra=PRODUCT)
    wide, tall = 2 * target.lanes, 8 if target.registers >= 32 else 4
    pairs = f.let(f"sdiv i64 %N, {wide}")
    whole = f.mul(pairs, str(wide))
    for vectors, start, stop in ((2, "0", whole), (1, whole, "%N")):
        with f.loop(start, stop, vectors * target.lanes) as n:
            panel = f.at("%B", f.mul(f.let(f"sdiv i64 {n}, {wide}"), "%bp"))
            done = "0"
            for rows in (tall, tall // 2, 2, 1) if tall == 8 else (4, 2, 1):
                until = f.let(f"and i64 %M, {-rows}")
                with f.loop(done, until, rows) as m:
                    tile(f, m, n, panel, rows, vectors)
                done = until
    return f.text()


def tile(f, m, n, panel, rows, vectors):
    """C[m : m + rows, n : n + vectors] of a product."""
    v, lanes = f.target.vector, f.target.lanes
    starts = [f.at("%I", f.mul(f.add(m, str(r)), "%im"), n) for r in range(rows)]
    sums = {(r, c): f.variable(v) for r in range(rows) for c in range(vectors)}
    for (r, c), place in sums.items():
        f.set(place, v, f.load(f.at(starts[r], str(c * lanes))))
    b_place = f.variable("ptr")
    f.set(b_place, "ptr", panel)
    with f.loop("0", "%L") as group:
        left = f.at("%A", f.mul(m, "%am"), f.mul(group, "%al"))
        heads = [left]
        for _ in range(rows - 1):
            heads.append(f.at(heads[-1], "%am"))
        with f.loop("0", "%K") as k:
            b = f.get(b_place, "ptr")
            columns = [f.load(f.at(b, str(c * lanes))) for c in range(vectors)]
            ahead = f.mul(k, "%ak")
            for r in range(rows):
                a = f.broadcast(f.at(heads[r], ahead))
                for c in range(vectors):
                    f.set(sums[r, c], v, f.fma(a, columns[c], f.get(sums[r, c], v)))
            f.set(b_place, "ptr", f.at(b, "%bk"))
    ends = [f.at("%C", f.mul(f.add(m, str(r)), "%cm"), n) for r in range(rows)]
    for (r, c), place in sums.items():
        f.store(f.get(place, v), f.at(ends[r], str(c * lanes)))
