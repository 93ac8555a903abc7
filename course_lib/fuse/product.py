"""LLVM's text for the product of two matrices, on tiles that stay in registers."""

from contextlib import contextmanager

from course_lib.fuse.ir import Function
from course_lib.fuse.memory import LINE

PRODUCT = (
    ", ptr %A, i64 %am, i64 %al, i64 %ak, ptr %B, i64 %bp, i64 %bk, ptr %C, i64 %cm, ptr %I, i64 %im, "
    "i64 %M, i64 %N, i64 %L, i64 %K, ptr %next, ptr %end"
)
WIDE = ((2, 4), (1, 8))  # rows and vectors of a tile, for one or two rows


def product(target):
    """The text of the function C = I + A B, on tiles of C that stay in registers.

    A (M, L K) is read at %am m + %al l + %ak k; B in panels two vectors wide, %bp apart, its rows %bk apart; C (M, N)
    has rows %cm apart, I, to which the product is added, rows %im apart. N is a multiple of the lanes.

    Meanwhile the memory from %next up to %end is fetched into the cache, as it is used soon.

    Tall tiles take turns on a panel, which stays in the nearest cache. One or two rows alone take wide tiles, so that
    an addition need not wait for the one before.
    """
    f = Function("product", target, {}, extra=PRODUCT)
    f.soon = f.variable("ptr")
    f.set(f.soon, "ptr", "%next")
    many = f.let("icmp sgt i64 %M, 2")
    rows = f.let(f"select i1 {many}, i64 %M, i64 0")
    tall = 8 if target.registers >= 32 else 4
    for start, stop, vectors in widths(f, 2):
        with panels(f, start, stop, vectors) as (n, panel):
            done = "0"
            for high in (tall, tall // 2, 2, 1) if tall == 8 else (4, 2, 1):
                until = f.whole(rows, high)
                with f.loop(done, until, high) as m:
                    tile(f, m, n, panel, high, vectors)
                done = until
    for high, wide in WIDE:
        until = f.add(rows, f.whole(f.let(f"sub i64 %M, {rows}"), high))
        for start, stop, vectors in widths(f, wide):
            with panels(f, start, stop, vectors) as (n, panel), f.loop(rows, until, high) as m:
                tile(f, m, n, panel, high, vectors)
        rows = until
    return f.text()


def widths(f, wide):
    """(first, end, vectors): the columns in tiles so many vectors wide, those that are left in narrower ones."""
    start = "0"
    for vectors in sorted({wide, 2, 1}, reverse=True):
        stop = f.whole("%N", vectors * f.target.lanes)
        yield start, stop, vectors
        start = stop


@contextmanager
def panels(f, start, stop, vectors):
    """A loop over columns: (the first, the panel where it lies)."""
    with f.loop(start, stop, vectors * f.target.lanes) as n:
        yield n, f.at("%B", f.mul(f.let(f"sdiv i64 {n}, {2 * f.target.lanes}"), "%bp"))


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
            b, soon = f.get(b_place, "ptr"), f.get(f.soon, "ptr")
            f.do(f"call void @llvm.prefetch.p0(ptr {soon}, i32 1, i32 2, i32 1)")  # to be written, into the 2nd cache
            later = f.at(soon, str(LINE // f.target.bytes))
            f.set(f.soon, "ptr", f.let(f"select i1 {f.let(f'icmp ult ptr {later}, %end')}, ptr {later}, ptr {soon}"))
            panels = [b]
            for _ in range(2, vectors, 2):
                panels.append(f.at(panels[-1], "%bp"))
            columns = [f.load(f.at(panels[c // 2], str(c % 2 * lanes))) for c in range(vectors)]
            ahead = f.mul(k, "%ak")
            for r in range(rows):
                a = f.broadcast(f.at(heads[r], ahead))
                for c in range(vectors):
                    f.set(sums[r, c], v, f.fma(a, columns[c], f.get(sums[r, c], v)))
            f.set(b_place, "ptr", f.at(b, "%bk"))
    ends = [f.at("%C", f.mul(f.add(m, str(r)), "%cm"), n) for r in range(rows)]
    for (r, c), place in sums.items():
        f.store(f.get(place, v), f.at(ends[r], str(c * lanes)))


ROWS = ", ptr %A, ptr %B, i64 %ak, ptr %C, i64 %cm, i64 %M, i64 %N, i64 %K"
DEEP, BROAD = 128, 64  # rows and columns of A that lie side by side while they are used


def product_over_rows(target):
    """The text of the function C += A' B, with A (K, M) and B (K, N), the rows of both %ak apart; C's are %cm apart.

    Rows of frames are far apart: more of them than the processor has places for in its nearest table of pages. So a
    part of a broad A is first copied to where its rows follow each other.
    """
    f = Function("product_over_rows", target, {}, extra=ROWS)
    part = f.variable(f"[{DEEP * BROAD} x {target.real}], align 64")
    broad = f.whole("%M", BROAD)
    with f.loop("0", "%K", DEEP) as k:
        depth = f.least(f.let(f"sub i64 %K, {k}"), str(DEEP))
        a, b = (f.at(matrix, f.mul(k, "%ak")) for matrix in ("%A", "%B"))
        with f.loop("0", broad, BROAD) as m:
            with f.loop("0", depth) as row, f.loop("0", str(BROAD), target.lanes) as column:
                f.store(f.load(f.at(a, f.mul(row, "%ak"), m, column)), f.at(part, f.mul(row, str(BROAD)), column))
            add_product(f, part, str(BROAD), b, m, str(BROAD), depth)
        add_product(f, f.at(a, broad), "%ak", b, broad, f.let(f"sub i64 %M, {broad}"), depth)
    return f.text()


def add_product(f, a, ak, b, m, rows, depth):
    """Rows m, m + 1, ... of C += A' B, A's rows %ak apart."""
    c = f.at("%C", f.mul(m, "%cm"))
    f.do(f"call void @product(ptr %table, ptr {a}, i64 1, i64 0, i64 {ak}, ptr {b}, i64 {2 * f.target.lanes}, "
         f"i64 %ak, ptr {c}, i64 %cm, ptr {c}, i64 %cm, i64 {rows}, i64 %N, i64 1, i64 {depth}, "
         f"ptr %A, ptr %A)")  # fmt: skip
