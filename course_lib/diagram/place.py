"""Where the parts of a picture stand: on a grid of columns, in the order in which they are computed, and of levels.

The memory runs along the top. Learned boxes stand side by side at level 0, above what feeds them; arithmetic stands
above its last operand, so that most lines are straight.

The layout is our own, since it knows what a recurrent cell is, and a learner needs nothing but pip for it: graphviz, in
the wheels of pygraphviz, takes 108 MB, is not there for every system, puts x and h anywhere and bends the memory.
"""

COLUMN, LEVEL = 4, 3  # how many steps of the grid of lines lie between two neighbours


class Places:
    """at {part: (x, y)} on the grid of lines, y downwards; width and height of that grid; lane: the y of the memory."""

    def __init__(self, graph):
        self.graph, self.columns, self.levels, self.next = graph, {}, {}, 1
        self.high = set()  # what hangs below the memory's lane rather than standing on a box
        inner = graph.road[1:-1]
        self.lane = set(inner)
        reach = -1
        for part in inner:
            for operand in part.inputs:
                if operand not in self.lane:
                    self.put(operand)
            columns = [self.columns[p] for p in part.inputs if p in self.columns and p not in self.lane]
            column = max(columns, default=self.next)
            if column <= reach or not columns:
                column = self.next
            self.columns[part] = reach = column
            self.next = max(self.next, column + 1)
        for end in graph.ends.values():
            self.put(end.inputs[0])
        top = max([level for part, level in self.levels.items() if part not in self.high], default=0)
        standing = any(self.columns[q] == self.columns[p] for p in self.high for q in p.inputs if q.kind == "box")
        self.top = max(top, int(standing)) + 1 if self.lane or self.high else top
        for part in self.high:
            self.levels[part] = self.top - 1 if self.lane else self.top
        for part in self.lane:
            self.levels[part] = self.top
        self.finish()

    def put(self, part):
        """A column and a level for a part, and before it for what goes into it."""
        if part in self.columns or part.kind in ("source", "join"):
            return
        for operand in sorted(part.inputs, key=lambda p: not self.hangs(p)):  # what hangs from the lane comes first
            self.put(operand)
        computed = [p for p in part.inputs if p in self.columns]
        if part.kind == "box":
            column, level = self.next, 0
        elif computed and all(p in self.lane for p in computed):
            column, level = self.next, 0
            self.high.add(part)
        else:
            fresh = [p for p in computed if p not in self.lane]
            if not fresh:
                column, level = self.next, 1
            else:
                last = max(fresh, key=lambda p: (self.columns[p], p in self.high))
                column = self.columns[last]
                below = [self.levels[p] + 1 for p in fresh if self.columns[p] == column]
                left = [self.levels[p] for p in fresh if self.columns[p] != column and p not in self.high]
                level = max(below + left)
                columns = [self.columns[p] for p in fresh]
                while any(min(columns) < c < column and row == level for c, row in self.taken()) and len(fresh) > 1:
                    level += 1  # what comes from the left would run into something
                shared = len(fresh) == 1 and self.used(last) > 1
                if shared or (column, level) in self.taken():
                    column, level = self.next, max(1, level - 1 if shared and last.kind == "op" else level)
                if any(p in self.high for p in fresh):
                    self.high.add(part)
                    if last in self.high:
                        column = self.next
        self.columns[part], self.levels[part] = column, level
        self.next = max(self.next, column + 1)

    def used(self, part):
        return sum(part in other.inputs for other in self.graph.parts if other.kind != "end")

    def hangs(self, part):
        return part in self.lane or part.kind == "op" and all(p in self.columns for p in part.inputs)

    def taken(self):
        return {(self.columns[p], self.levels[p]) for p in self.columns if p in self.levels}

    def finish(self):
        """Grid places, and sources and ends at the sides."""
        graph, at = self.graph, {}
        rows = self.top * LEVEL + 1
        for part, column in self.columns.items():
            at[part] = column * COLUMN, rows - self.levels[part] * LEVEL
        joint = next((p for p in graph.parts if p.kind == "join"), None)
        right = self.next * COLUMN
        bus, taken = rows + 3, set()
        memory = graph.road[0] if graph.road else None
        self.left = 0 if joint is None else -2
        for part in graph.parts:
            if part.kind == "source" and part.name != "x":
                users = [at[p][1] for p in graph.parts if part in p.inputs and p in at]
                if part is memory:
                    y = rows - self.top * LEVEL
                elif part.name == "h" and (joint or not users):
                    y = bus
                else:
                    y = users[0] if users else rows
                while any(abs(y - other) < 2 for other in taken):
                    y += 2 if y >= rows else -2
                taken.add(y)
                at[part] = self.left, y
        x = next(p for p in graph.parts if p.kind == "source" and p.name == "x")
        first = min((at[p][0] for p in graph.parts if x in p.inputs and p in at), default=COLUMN)
        if joint is not None:
            at[joint], at[x] = (1, bus), (1, bus + 3)
        else:
            at[x] = first, bus
        taken = set()
        for end in graph.ends.values():
            source = at[end.inputs[0]]
            blocked = any(py == source[1] and px > source[0] for p, (px, py) in at.items() if p.kind in ("op", "box"))
            y = min(y for _, y in at.values()) - (LEVEL - 1) if blocked else source[1]
            while any(abs(y - other) < 2 for other in taken):
                y += 1
            taken.add(y)
            at[end] = right, y
        highest = min(y for _, y in at.values())
        self.at = {part: (px - self.left + 1, py - highest + 1) for part, (px, py) in at.items()}
        self.width = max(px for px, _ in self.at.values()) + 1
        self.height = max(py for _, py in self.at.values()) + 1
