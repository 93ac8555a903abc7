// The LSTM piece by piece: its equations, its flow, and how well it recalls a marked number, by lag.

// What a unit made of some pieces remembers: { byLag, leak, largest }, as in Python. Until the number is asked for, every
// lag sees the same; so one run gives the states from which all lags take their last step. heard: whether the candidate
// sees h (U_g = 1) or not (0).
const rooms = {};
function recall(has, heard = true) {
  const kind = has("squashing") ? "squashed" : "plain", { cell, make } = CELLS[kind], { numbers, stale, lags } = DATA;
  const count = numbers.length, steps = stale + lags, override = {}, asked = count * lags;
  for (const [piece, gate] of Object.entries(DATA.gates)) if (!has(piece)) override[gate] = 1;
  if (!has("carry")) override.forget = 0;
  const weights = { ...CELLS[kind].weights, U_g: Float64Array.of(heard ? 1 : 0) };
  const x = new Float64Array(count * steps * 3), last = new Float64Array(asked * 3), start = {};
  for (let b = 0; b < count; b++) {
    for (let t = 0; t < steps; t++) x[3 * (b * steps + t)] = numbers[b][t];
    for (const t of [0, stale]) x[3 * (b * steps + t) + 1] = 1;
    for (let k = 0; k < lags; k++) last.set([numbers[b][stale + k + 1], 0, 1], 3 * (b * lags + k));
  }
  const [run, end] = rooms[kind] ??= [make(count, steps), make(asked, 1)], before = run.forward(weights, x, { override });
  for (const state in cell.states) {
    start[state] = new Float64Array(asked);
    for (let b = 0; b < count; b++) for (let k = 0; k < lags; k++) start[state][b * lags + k] = before[state][b * (steps + 1) + stale + k + 1];
  }
  const after = end.forward(weights, last, { start, override }).h, sizes = Array.from({ length: steps }, (_, t) =>
    numbers.map((_, b) => Math.abs(before.h[b * (steps + 1) + t + 1])));
  const byLag = Array.from({ length: lags }, (_, k) =>
    explained(numbers.map((_, b) => after[2 * (b * lags + k) + 1]), numbers.map((row) => row[stale])));
  let leak = 0, silent = 0;
  sizes.forEach((row, t) => {  // every lag waits at the first steps, the longest alone at the last
    const waiting = Math.min(lags, steps - t);
    leak += waiting * row.reduce((sum, one) => sum + one, 0);
    silent += waiting * count;
  });
  const largest = [...sizes.flat(), ...after.map(Math.abs)].reduce((most, one) => Math.max(most, one), 0);
  return { byLag, leak: leak / silent, largest };
}

// The squared correlation.
function explained(a, b) {
  const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length, [p, q] = [mean(a), mean(b)];
  let ab = 0, aa = 0, bb = 0;
  a.forEach((value, k) => {
    ab += (value - p) * (b[k] - q);
    aa += (value - p) ** 2;
    bb += (b[k] - q) ** 2;
  });
  return ab * ab / (aa * bb);
}

function show(main) {
  const names = Object.keys(DATA.pieces), on = new Set();
  let heard = true;
  add(main, "p", {}, "Add the pieces one by one, and see what each is for.");
  const list = add(main, "div", { class: "row", role: "group", "aria-label": "pieces" });
  for (const name of names) check(list, { name, on: (yes) => { yes ? on.add(name) : on.delete(name); draw(); } });
  check(list, { name: "U_g = 1: the candidate sees h", value: heard, on: (yes) => { heard = yes; draw(); } });
  const say = lineOfText(main), split = add(main, "div", { class: "split" }), left = add(split, "div");
  const flow = add(left, "svg", { viewBox: "0 0 380 240", role: "img", class: "picture flow" });
  const equations = add(left, "pre", { "aria-label": "equations", tabindex: 0 });
  let found = null;
  const again = picture(add(split, "div"), { height: 290, name: "Recall by lag" }, drawRecall);

  function drawRecall({ svg, width, height }) {
    const box = { left: 46, top: 26, width: width - 52, height: height - 70 };
    const x = { low: 1, high: DATA.lags, ticks: [1, 10, 20, 30, 40], label: "steps since the number was marked" };
    const [px, py] = frame(svg, box, x, { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1], label: "R² of recall from h" });
    line(svg, found.byLag.map((value, k) => [px(k + 1), py(value)]), { of: "h", wide: 2.5 });
    return `${brief(found.byLag[0])} after 1 step, ${brief(found.byLag.at(-1))} after ${DATA.lags}`;
  }

  function drawFlow(has) {
    flow.replaceChildren();
    flow.setAttribute("aria-label", `Flow of one step with ${names.filter(has).join(", ") || "no piece"}`);
    const look = (is, of = "ink") => ({ stroke: is ? (of === "ink" ? "var(--ink)" : colour(of)) : "var(--rule)", fill: "none" });
    const css = (style) => Object.entries(style).map(([name, value]) => `${name}: ${value}`).join("; ");
    const wire = (d, is = true, of) => add(flow, "path", { d, style: css(look(is, of)), "stroke-width": is ? 2.5 : 1.5, "stroke-dasharray": is ? null : "4 4" });
    const text = (x, y, words, is = true, anchor = "middle") => add(flow, "text", { x, y, style: `text-anchor: ${anchor}; font-size: 14px`, class: is ? "" : "off" }, words);
    const node = (x, y, sign, is, of) => {
      add(flow, "circle", { cx: x, cy: y, r: 13, style: css({ ...look(is, of), fill: "var(--paper)" }), "stroke-width": 2 });
      text(x, y + 5, sign, is);
    };
    const box = (x, y, words, is) => {
      add(flow, "rect", { x: x - 28, y: y - 14, width: 56, height: 28, rx: 6, style: css({ ...look(is), fill: "var(--paper)" }), "stroke-width": 2 });
      text(x, y + 5, words, is);
    };
    const gate = (x, y, side, letter, of, is) => {
      wire(`M${x + side * 48},${y}H${x + side * 13}`, is, of);
      text(x + side * 52, y + 5, letter, is, side < 0 ? "end" : "start");
      node(x, y, "×", is, of);
    };
    wire("M30,50H167", has("carry"), "c");
    wire("M193,50H340", true, "c");
    wire("M180,205V63");
    wire("M276,50V213");
    wire("M276,213H340", true, "h");
    wire("M52,213H154");
    text(18, 55, "c", has("carry"));
    text(354, 55, "c'");
    text(354, 218, "h'");
    text(24, 218, heard ? "x, h" : "x");
    node(180, 50, "+", has("carry"), "c");
    const forgets = has("forget gate") && has("carry");
    wire("M100,96V63", forgets, "forget");
    node(100, 50, "×", forgets, "forget");
    text(100, 114, "forget f", forgets);
    gate(180, 136, -1, "input i", "input", has("write gate"));
    box(180, 213, "tanh", true);
    text(190, 184, "g", true, "start");
    box(276, 104, has("squashing") ? "tanh" : "as it is", has("squashing"));
    gate(276, 164, 1, "output o", "output", has("output gate"));
  }

  function draw() {
    const has = (name) => on.has(name), missing = names.find((name) => !has(name));
    found = recall(has, heard);
    equations.textContent = DATA.equations[names.filter(has).join("+")].join("\n");
    drawFlow(has);
    again();
    say(`${missing ? DATA.pieces[missing] : "The LSTM."} Recall (R²) of the marked number after 1 step: ${found.byLag[0].toFixed(2)}, after ` +
      `${DATA.lags}: ${found.byLag.at(-1).toFixed(2)}. Mean |h| while it should be silent: ${found.leak.toFixed(2)}. Largest |h|: ${found.largest.toFixed(1)}.${heard ? "" : " The candidate does not see h."}`);
  }
  draw();
}
