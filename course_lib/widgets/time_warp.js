// Stretch and squeeze a sequence: two trained units follow a trace, one with a constant gate, one whose gate sees the pace.

const HALVES = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));  // as numpy rounds

// { level, target, units: { name: { h, gate, error } } } of one warped sequence, as in Python.
function follow(stretch, unevenness, sequence) {
  const counts = DATA.uneven[sequence].map((draw) => Math.max(1, HALVES(DATA.tempo * stretch * 4 ** (unevenness * draw))));
  const level = [], target = [], x = [], units = {};
  let y = 0;
  counts.forEach((count, event) => {
    for (let k = 0; k < count; k++) {
      const now = DATA.levels[sequence][event];
      y = now + (y - now) * Math.exp(-1 / count);
      level.push(now);
      target.push(y);
      x.push(now, 1 / count);
    }
  });
  for (const [name, { make, weights }] of Object.entries(CELLS)) {
    const trace = make(1, level.length).forward(weights, Float64Array.from(x)), h = Array.from(trace.h.subarray(1));
    const error = Math.sqrt(h.reduce((sum, value, t) => sum + (value - target[t]) ** 2, 0) / h.length);
    units[name] = { h, gate: Array.from(trace[DATA.gates[name]]), error };
  }
  return { level, target, units };
}

const TIMES = { 0.25: "a quarter", 0.5: "half", 1: "as it is", 2: "twice", 4: "four times" };

function show(main) {
  const looks = { "constant gate": { of: "leaky", dash: "--", wide: 2.5 }, "gate that sees x": { of: "forget", wide: 2.5 } };
  let power = 0, unevenness = 0, sequence = 0, found = null;
  add(main, "p", {}, "Two units learnt to follow the same trace. Stretch time: which of them still follows?");
  const fields = add(main, "div", { class: "fields" });
  slider(fields, { name: "stretch", min: -2, max: 2, step: 0.25, value: 0, on: (k) => { power = k; draw(); },
    show: (k) => TIMES[2 ** k] ?? `${brief(2 ** k)} times` });
  slider(fields, { name: "unevenness", min: 0, max: 1, step: 0.1, value: 0, on: (value) => { unevenness = value; draw(); } });
  choice(fields, { name: "sequence", options: DATA.levels.map((_, k) => [k, `sequence ${k + 1}`]), value: 0, on: (k) => { sequence = Number(k); draw(); } });
  const keys = add(main, "div", { class: "keys" });
  key(keys, { of: "baseline", name: "level shown" }).querySelector("path").setAttribute("stroke-width", 1);
  key(keys, { of: "ink", dash: ":", name: "trace to follow" });
  for (const [name, look] of Object.entries(looks)) key(keys, { ...look, name });
  const pictures = [picture(add(main, "div"), { height: 220, name: "The trace and both units" }, drawTrace),
    picture(add(main, "div"), { height: 170, name: "Their gates" }, drawGates)], say = lineOfText(main);

  const boxOf = (width, height) => ({ left: 40, top: 26, width: width - 48, height: height - 70 });
  const steps = (label) => ({ low: 0, high: found.level.length - 1, label });

  function drawTrace({ svg, width, height }) {
    const [px, py] = frame(svg, boxOf(width, height), steps("step"), { low: -1, high: 1, ticks: [-1, 0, 1], label: "h" });
    const points = (values) => values.map((value, t) => [px(t), py(value)]);
    line(svg, points(found.level), { of: "baseline", wide: 1 });
    for (const [name, unit] of Object.entries(found.units)) line(svg, points(unit.h), looks[name]);
    line(svg, points(found.target), { of: "ink", dash: ":", wide: 3 });
    return Object.entries(found.units).map(([name, unit]) => `${name}: typical error ${unit.error.toFixed(2)}`).join("; ");
  }

  function drawGates({ svg, width, height }) {
    const [px, py] = frame(svg, boxOf(width, height), steps("step"), { low: 0, high: 1, ticks: [0, 0.5, 1], label: "gate: 1 keeps" });
    for (const [name, unit] of Object.entries(found.units)) line(svg, unit.gate.map((value, t) => [px(t), py(value)]), looks[name]);
    return Object.entries(found.units).map(([name, unit]) => `${name}: ${brief(Math.min(...unit.gate))} to ${brief(Math.max(...unit.gate))}`).join("; ");
  }

  function draw() {
    found = follow(2 ** power, unevenness, sequence);
    for (const again of pictures) again();
    say(`${found.level.length} steps. Typical error (root mean square): ` +
      `${Object.entries(found.units).map(([name, unit]) => `${name} ${unit.error.toFixed(2)}`).join(", ")}.`);
  }
  draw();
}
