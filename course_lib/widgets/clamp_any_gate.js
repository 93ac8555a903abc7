// Hold any gate of a cell at a value: its gates, and its states beside what they would be.

// {state or gate: [sequence][step][unit]} of the cell with gates held as in clamps, {gate: value}.
function clamped(clamps) {
  const { cell, make, weights } = CELLS.cell, batch = DATA.x.length, steps = DATA.x[0].length;
  const trace = make(batch, steps).forward(weights, Float64Array.from(DATA.x.flat(2)), { override: clamps }), found = {};
  for (const [name, units] of [...Object.entries(cell.states), ...Object.entries(cell.gates)]) {
    const rows = name in cell.states ? steps + 1 : steps, skip = rows - steps;
    found[name] = DATA.x.map((_, b) => Array.from({ length: steps }, (_, t) => {
      const at = (b * rows + t + skip) * units;
      return Array.from(trace[name].subarray(at, at + units));
    }));
  }
  return found;
}

const called = (gate) => (gate === "candidate" ? "candidate" : `${gate} gate`);  // it may be held like a gate, and is none

const GATE = 60, STATE = 110, DOTS = 120;  // px; steps up to which each has a dot

function show(main) {
  const { cell } = CELLS.cell, gates = Object.keys(cell.gates), states = Object.keys(cell.states), memory = states.at(-1);
  const held = Object.fromEntries(gates.map((gate) => [gate, null])), free = clamped({}), steps = DATA.x[0].length;
  let unit = 0, sequence = 0, now = free;
  add(main, "p", {}, gates.length ? `Hold a gate of this ${cell.name} at a value, at every step. Dashed: what it does by itself.`
    : `${cell.name} has no gate to hold.`);
  const fields = add(main, "div", { class: "fields" });
  for (const gate of gates) {
    const [least, most] = DATA.ranges[gate], box = add(fields, "div");
    const move = slider(add(box, "div"), { name: `${called(gate)} held at`, min: least, max: most, step: (most - least) / 20, value: most,
      show: (value) => brief(value), on: (value) => { held[gate] = value; draw(); } });
    move.input.disabled = true;
    box.prepend(check(add(box, "div"), { name: `hold the ${called(gate)}`, on: (on) => {
      move.input.disabled = !on;
      held[gate] = on ? Number(move.input.value) : null;
      draw();
    } }).parentElement);
  }
  const places = add(main, "div", { class: "fields" }), count = cell.states[memory];
  const numbered = (n, word) => Array.from({ length: n }, (_, k) => [k, `${word} ${k}`]);
  if (count > 1) choice(places, { name: "unit shown", options: numbered(count, "unit"), value: 0, on: (k) => { unit = Number(k); draw(); } });
  if (DATA.x.length > 1) choice(places, { name: "sequence shown", options: numbered(DATA.x.length, "sequence"), value: 0,
    on: (k) => { sequence = Number(k); draw(); } });
  const rows = [...gates, ...states].map((name) => {
    const isGate = gates.includes(name), row = add(main, "div", { class: "row-of" }), title = add(row, "div", { class: "name" }, name);
    add(title, "small", {}, isGate ? (name === "candidate" ? "to write" : "gate") : "state");
    title.style.borderColor = colour(name);
    return picture(add(row, "div"), { height: (isGate ? GATE : STATE) + (name === memory ? 34 : 0), name }, (sheet) => drawRow(sheet, name, isGate));
  });
  const say = lineOfText(main);

  function drawRow({ svg, width, height }, name, isGate) {
    const at = (run) => run[name][sequence].map((units) => units[Math.min(unit, units.length - 1)]), values = at(now), before = at(free);
    const [least, most] = isGate ? DATA.ranges[name] : span([...values, ...before], -1, 1);
    const box = { left: 38, top: 8, width: width - 44, height: (isGate ? GATE : STATE) - 18 };
    const last = name === memory, x = { low: 0, high: Math.max(1, steps - 1), label: last ? "step" : "", ...(last ? {} : { ticks: [] }) };
    const [px, py] = frame(svg, box, x, { low: least, high: most, ticks: [least, most], show: brief });
    line(svg, before.map((value, t) => [px(t), py(value)]), { of: name, dash: "--", wide: 1.5 });
    line(svg, values.map((value, t) => [px(t), py(value)]), { of: name, wide: 2.5 });
    if (steps <= DOTS) values.forEach((value, t) => Number.isFinite(value) && add(svg, "circle", { cx: px(t), cy: py(value), r: 2.5, style: `fill: ${colour(name)}` }));
    return `Unit ${unit}: ${brief(values.at(-1))} at the last step; by itself ${brief(before.at(-1))}.`;
  }

  function draw() {
    const clamps = Object.fromEntries(gates.filter((gate) => held[gate] !== null).map((gate) => [gate, held[gate]]));
    now = clamped(clamps);
    for (const again of rows) again();
    const end = (run) => run[memory][sequence].at(-1)[unit], told = (value) => (Number.isFinite(value) ? value.toFixed(2).replace("-", "−") : "no number");
    const done = Object.entries(clamps).map(([gate, value]) => `${called(gate)} held at ${brief(value)}`).join(", ") || "No gate is held";
    say(`${done}: ${memory} of unit ${unit} ends at ${told(end(now))}; by itself at ${told(end(free))}.`);
  }
  draw();
}
