"""A picture in words, from the same parts, for who does not see it."""

IN_WORDS = {"σ": "a sigmoid", "tanh": "a tanh", "relu": "a rectifier"}


def words(graph):
    """What the picture shows, for who does not see it."""
    name = type(graph.cell).__name__
    sources, ends = [p.name for p in graph.parts if p.kind == "source"], list(graph.ends)
    come = "comes" if len(ends) == 1 else "come"
    sentences = [f"Data flow of one step of {name}: in go {listed(sources)}; out {come} the new {listed(ends)}."]
    for part in graph.parts:
        if part.kind == "box" and part.name:
            seen = [q.name for p in part.inputs for q in (p.inputs[::-1] if p.kind == "join" else [p]) if q.name]
            seen += [formula(graph, p) for p in part.inputs if not p.name]
            what = f"{IN_WORDS.get(part.sign, 'a learned map')} of {listed(seen)}" if seen else "the same at every step"
            gate = f"The {part.gate} gate {part.name}" if part.gate else part.name
            sentences.append(f"{gate} is {what}.")
        elif part.kind == "op" and part.name:
            gate = f"The {part.gate} gate {part.name}" if part.gate else part.name
            sentences.append(f"{gate} is {formula(graph, part, top=True)}.")
    for end in graph.ends.values():
        sentences.append(f"The new {end.name[:-1]} is {formula(graph, end.inputs[0], top=True)}.")
    if graph.road:
        sentences.append(f"The memory is {graph.cell.memory[1]}; its path is bold.")
    return " ".join(sentences)


def formula(graph, part, top=False):
    """A value in the letters of the equations."""
    ended = [state for state, end in graph.ends.items() if end.inputs[0] is part]
    if not top and (part.name or ended):
        return part.name or f"the new {ended[0]}"
    inside = [formula(graph, p) for p in part.inputs]
    if part.kind == "box":
        return f"{part.sign} of {listed(inside) or 'weights'}"
    if part.kind == "source":
        return part.name
    if len(inside) == 2 and part.sign in ("⊙", "+", "−", "÷"):
        word = {"⊙": "times", "+": "plus", "−": "minus", "÷": "divided by"}[part.sign]
        text = f"{inside[0]} {word} {inside[1]}"
        return text if top or part.sign == "⊙" else f"({text})"
    if part.sign[:1].isdigit():
        return f"({part.sign} {inside[0]})"
    if part.sign == "−":
        return f"(−{inside[0]})"
    if part.sign[:1] in "×+−÷":
        return f"({inside[0]} {part.sign})"
    if len(inside) == 1 and part.inputs[0].sign == "⊙" and " times " in inside[0]:  # not of its first factor alone
        return f"{part.sign} of ({inside[0]})"
    return f"{part.sign} of {listed(inside)}"


def listed(words):
    words = list(dict.fromkeys(words))
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
