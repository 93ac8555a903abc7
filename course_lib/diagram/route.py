"""Lines between placed parts: along a grid, around the parts, sharing what goes the same way, seldom crossing."""

from heapq import heappop, heappush

RIGHT, LEFT, UP, DOWN = (1, 0), (-1, 0), (0, -1), (0, 1)
BEND, CROSS, SHARED, NEAR = 3.0, 7.0, 0.25, 1.5
MANY = 80  # lines, from which on one order has to do: each takes seconds
TURNS = {RIGHT: (RIGHT, UP, DOWN), LEFT: (LEFT, UP, DOWN), UP: (UP, LEFT, RIGHT), DOWN: (DOWN, LEFT, RIGHT)}


def routes(graph, places):
    """The Board with a line for every operand of every part of a graph: the best of a few orders of drawing them."""
    edges = [(source, part) for part in graph.parts for source in dict.fromkeys(part.inputs)]
    road = set(zip(graph.road, graph.road[1:]))

    def length(edge):
        (a, b), (c, d) = places.at[edge[0]], places.at[edge[1]]
        return abs(a - c) + abs(b - d)

    def kind(edge):
        return edge not in road, edge[0].kind in ("source", "join"), length(edge)

    best = None
    orders = (kind, lambda e: (e not in road, length(e)), lambda e: (e not in road, -length(e)),
              lambda e: (e not in road, e[0].kind not in ("source", "join"), length(e)))  # fmt: skip
    for order in orders if len(edges) <= MANY else orders[:1]:
        board = Board(places)
        for edge in sorted(edges, key=order):
            if best is None or board.cost < best.cost:  # else it cannot become the best any more
                board.route(*edge)
        if best is None or board.cost < best.cost:
            best = board
    return best


class Board:
    """The grid, and what lies on it. A net is all lines from one part; it may share its way with itself alone.

    lines      {(from, to): the points of the grid on its way}
    crossings  of two nets; missing: how many lines found no way, and are drawn straight
    """

    def __init__(self, places):
        self.places, self.body, self.edges, self.nets, self.lines = places, {}, {}, {}, {}
        self.doors, self.cost, self.crossings, self.missing = set(), 0.0, 0, 0
        self.points = {}  # point: {net: set of directions in which it has lines there}
        self.crowded = {}  # point: whether a wide part is above or below it
        for part, (x, y) in places.at.items():
            for dx in (-1, 0, 1) if part.wide else (0,):
                self.body[x + dx, y] = part

    def exits(self, part):
        """[(point, direction)] by which lines leave a part."""
        x, y = self.places.at[part]
        if part.kind == "source":
            return [((x, y), UP)] if part.name == "x" else [((x, y), RIGHT), ((x, y), DOWN), ((x, y), UP)]
        found = [((x + part.wide, y), RIGHT), ((x, y), UP)]
        return found if part.kind != "op" else [*found, ((x, y), DOWN)]

    def entries(self, part):
        """[(point of the body, direction)] by which lines enter it."""
        x, y = self.places.at[part]
        if part.kind == "end":
            return [((x, y), RIGHT)]
        if part.kind == "join":
            return [((x - 1, y), RIGHT), ((x, y), UP)]
        if part.kind == "box":
            return [((x, y), UP), ((x - 1, y), RIGHT), ((x - 1, y), DOWN), ((x - 1, y), UP), ((x + 1, y), UP)]
        return [((x - part.wide, y), RIGHT), ((x, y), UP), ((x, y), DOWN), ((x + part.wide, y), LEFT)]

    def route(self, source, goal):
        net = source
        starts = {(p, d): 0.0 for p, d in self.exits(source) if (p, d, "in") not in self.doors}
        for point, nets in self.points.items():
            if net in nets and len(nets) == 1 and point not in self.body:
                for d in (RIGHT, LEFT, UP, DOWN):
                    starts[point, d] = 0.0 if d in nets[net] else BEND - 1
        goals = {(p, d): (k > 0) * (3.5 if goal.kind == "box" else 0.2) for k, (p, d) in enumerate(self.entries(goal))
                 if (p, d) not in self.doors and (p, (-d[0], -d[1]), "out") not in self.doors}  # fmt: skip
        queue, seen, came = [], {}, {}
        for state, cost in starts.items():
            heappush(queue, (cost, len(queue), state))
            seen[state] = cost
        count = len(queue)
        found = None
        taken, right, bottom = self.body.keys() | self.points.keys(), self.places.width + 1, self.places.height + 2
        while queue:
            cost, _, state = heappop(queue)
            if cost > seen[state]:
                continue
            point, d = state
            if state in goals and self.body.get(point) is goal and state in came:
                found = state
                break
            for turn in TURNS[d] if state in came and not self.others(point, net) else (d,):
                new = point[0] + turn[0], point[1] + turn[1]
                if not (-1 <= new[0] <= right and -2 <= new[1] <= bottom):
                    continue
                step = self.step(point, new, turn, net, goal, goals) if new in taken else self.free(new, turn)
                if step is None:
                    continue
                total, there = cost + step + (BEND if turn != d else 0.0), (new, turn)
                if total < seen.get(there, 1e9):
                    seen[there], came[there] = total, state
                    count += 1
                    heappush(queue, (total, count, there))
        if found is None:
            self.missing += 1
            self.cost += 1000
            self.lines[source, goal] = [self.places.at[source], self.places.at[goal]]
            return
        self.cost += seen[found]
        self.doors.add(found)
        path, state = [found], found
        while state in came:
            state = came[state]
            path.append(state)
        path.reverse()
        if path[0][0] in self.body:
            self.doors.add((*path[0], "out"))
        points = [p for p, _ in path]
        for (a, _), (b, d) in zip(path, path[1:]):
            self.edges[frozenset((a, b))] = net
            for p, way in ((a, d), (b, (-d[0], -d[1]))):
                if p not in self.body:
                    self.points.setdefault(p, {}).setdefault(net, set()).add(way)
        self.crossings += sum(len(self.points.get(p, {})) > 1 for p in points[1:-1])
        self.lines[source, goal] = points

    def others(self, point, net):
        return [n for n in self.points.get(point, ()) if n is not net]

    def step(self, a, b, d, net, goal, goals):
        """What it costs to go from a to its neighbour b; None where one cannot."""
        part = self.body.get(b)
        if part is not None:
            if part is not goal or (b, d) not in goals:
                return None
            return 1.0 + goals[b, d]
        if self.body.get(a) is not None and self.body.get(b) is self.body.get(a):
            return None
        if self.edges.get(frozenset((a, b)), net) is not net:
            return None
        if self.edges.get(frozenset((a, b))) is net:
            return SHARED
        cost = self.free(b, d)
        for other in self.others(b, net):
            ways = self.points[b][other]
            across = {(d[1], d[0]), (-d[1], -d[0])}
            if ways != across:
                return None
            cost += CROSS
        return cost

    def free(self, b, d):
        """What it costs to come in direction d to a point where nothing is."""
        if b not in self.crowded:
            beside = [self.body.get((b[0], b[1] + dy)) for dy in (-1, 1)]
            self.crowded[b] = any(p is not None and p.wide for p in beside)
        return 1.0 + NEAR * (d[1] == 0 and self.crowded[b])
