"""A cell's module as text: what it says of the cell, room for its numbers, and the two loops."""

import re
from pathlib import Path

from course_lib.script.backward import backward as backward_loop
from course_lib.script.expression import Lines, number, quoted
from course_lib.script.forward import forward as forward_loop
from course_lib.script.write import Writer

HELPERS = (Path(__file__).parent / "helpers.js").read_text(encoding="utf-8")
HEAD = """\
// {name}, from its step: through time, and the gradient back. Written by course_lib.script; not to be edited.
//
//   const run = make(batch, steps);                      // room for so many sequences and steps, used at every call
//   const trace = run.forward(weights, x, {{ override: {{ {gate} }} }});
//   run.clear();                                         // all of run.d becomes 0
//   run.d.h.set(...);                                    // the gradient of a loss, at each h that it reads
//   run.backward(weights, x);                            // now run.d has the gradient of everything
//
// All are Float64Arrays, row after row: x (batch, steps, {inputs}); weights {{name: matrix}}; trace[gate] (batch,
// steps, units); trace[state] (batch, steps + 1, units), of which row 0 is the start and row t + 1 the state after
// step t; d has x, weights, and the states as in trace, by all ways, also through what the same step computes from
// them. Options: start, {{state: (batch, units)}}; override, {{gate: a number, or (step, value, unit, sequence) => a
// number, or undefined to leave the gate as it is}}. What is overridden hands no gradient on.

export const cell = {about};
"""

CLEAR = """\
  function clear() {
    const states = Object.keys(cell.states).map((name) => d[name]);
    for (const array of [d.x, ...states, ...Object.values(d.weights)]) array.fill(0);
  }

  return { trace, d, forward, backward, clear };""".splitlines()


def text(step, seen=()):
    """The module of a Step. seen: nodes whose numbers at every step it keeps as well, in run.seen[i]."""
    for i in seen:
        if step.plan.nodes[i].slot is None:
            step.plan.nodes[i].slot = i  # a place of its own
    writer = Writer(step, seen)
    forward, backward = Lines(3), Lines(3)
    forward_loop(writer, forward)
    backward_loop(writer, backward)
    cell, widths = step.cell, sorted({writer.width(i) for i in writer.plan.order})
    sizes = step.sizes
    about = {"name": type(cell).__name__, "inputs": cell.input_size, "states": {n: sizes[n] for n in step.states},
             "gates": {n: sizes[n] for n in cell.gates if n in sizes},
             "weights": {name: list(weight.shape) for name, weight in step.weights.items()}}  # fmt: skip
    inside = ",\n".join(f"  {key}: {quoted(value)}" for key, value in about.items())
    gate = f"{quoted(cell.gates[0])}: 1" if cell.gates else ""
    lines = [
        HEAD.format(
            name=re.sub(r"\W", "_", about["name"]), inputs=cell.input_size, gate=gate, about=f"{{\n{inside},\n}}"
        )
    ]
    constants = [(i, view) for i, view in enumerate(step.views) if view.weight is None]
    lines += [f"const $constant{i} = Float64Array.of({', '.join(map(number, view.values))});" for i, view in constants]
    lines += [make(step, writer, widths, forward, backward, seen), HELPERS]
    return "\n".join(lines)


def make(step, writer, widths, forward, backward, seen):
    """The function make of the module."""
    key, sizes, arrays = quoted, step.sizes, writer.arrays
    states, gates = list(step.states), list(step.gates)
    out = ["export function make(batch, steps) {",
           "  const zeros = (n) => new Float64Array(n), rows = batch * steps, states = batch * (steps + 1);",
           "  const trace = {"]  # fmt: skip
    out += [f"    {key(name)}: zeros(states * {sizes[name]})," for name in states]
    out += [f"    {key(name)}: zeros(rows * {sizes[name]})," for name in gates]
    out += ["  };", "  const d = {", f"    x: zeros(rows * {step.cell.input_size}),"]
    out += [f"    {key(name)}: zeros(states * {sizes[name]})," for name in states]
    out += ["    weights: {"]
    out += [f"      {key(name)}: zeros({weight.numel()})," for name, weight in step.weights.items()]
    out += ["    },", "  };"]
    fixed = ", ".join(f"{key(name)}: new Uint8Array(rows * {sizes[name]})" for name in gates)
    out += [f"  const fixed = {{ {fixed} }};"]
    out += [f"  const ${arrays[name]} = trace[{key(name)}];" for name in states + gates]
    out += [f"  const $d_{arrays[name]} = d[{key(name)}];" for name in states]
    out += [f"  const $d_w_{name} = d.weights[{key(name)}];" for name in step.weights]
    out += [f"  const ${writer.names[i]} = zeros(rows * {writer.width(i)});" for i in writer.kept]
    out += [f"  const ${writer.names[i]} = zeros({writer.width(i)});" for i in writer.scratch]
    inner = (writer.crossing | writer.summed) - set(writer.plan.leaves)
    out += [f"  const $d_{writer.names[i]} = zeros({writer.width(i)});" for i in sorted(inner)]
    begin = ["    for (let seq = 0; seq < batch; seq++) {"]
    for name in states:
        first = step.start.get(name)
        zero = "0" if first is None else f"[{', '.join(map(number, first))}][k]"
        begin += [f"      for (let k = 0; k < {sizes[name]}; k++) {{",
                  f"        ${arrays[name]}[seq * (steps + 1) * {sizes[name]} + k] = start[{key(name)}] ? "
                  f"start[{key(name)}][seq * {sizes[name]} + k] : {zero};", "      }"]  # fmt: skip
    places = ["      const row = seq * steps + step, old = seq * (steps + 1) + step;"]
    places += [f"      const at{n} = row * {n}, old{n} = old * {n}, new{n} = old{n} + {n};" for n in widths]
    weights = [f"    const $w_{name} = w[{key(name)}];" for name in step.weights]
    out += ["", "  function forward(w, x, { start = {}, override = {} } = {}) {",
            "    const rules = rulesOf(cell.gates, override);"]  # fmt: skip
    out += ["    for (const gate in fixed) if (!rules[gate]) fixed[gate].fill(0);", *weights, *begin]
    out += ["      for (let step = 0; step < steps; step++) {"]
    out += ["  " + line for line in places] + ["  " + line for line in forward.lines]
    out += ["      }", "    }", "    return trace;", "  }"]
    out += ["", "  function backward(w, x) {", *weights, "    for (let seq = 0; seq < batch; seq++) {"]
    out += ["      for (let step = steps - 1; step >= 0; step--) {"] + ["  " + line for line in places]
    out += [f"        $d_{writer.names[i]}.fill(0);" for i in sorted(writer.summed - set(writer.plan.leaves))]
    out += ["  " + line for line in backward.lines]
    clear = CLEAR
    if seen:
        kept = ", ".join(f"{i}: {writer.stands_in(i)[0]}" for i in seen)
        clear = [*CLEAR[:-1], CLEAR[-1].replace("clear }", f"clear, seen: {{ {kept} }} }}")]
    out += ["      }", "    }", "    return d;", "  }", "", *clear, "}", ""]
    return "\n".join(out)
