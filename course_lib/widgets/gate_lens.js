// Look into a trained network: the text that it reads, coloured by what one of its units holds.

const STEPS = 4, SHOWN = 6, PAUSE = 400;  // shades of a colour; units and answers that are listed; ms until all are read
const BOX = { left: 34, right: 6 };  // beside the bars of all units

// Numbers from whole numbers of 8 or 16 bits in base64; worths: of one of them in each row.
function unpacked(text, worths, bits) {
  const { buffer } = Uint8Array.from(atob(text), (one) => one.charCodeAt(0)), whole = bits === 8 ? new Int8Array(buffer) : new Int16Array(buffer);
  return Float64Array.from(whole, (one, k) => one * worths[Math.floor((k * worths.length) / whole.length)]);
}

// ---- The network over one sequence ----

let network = null;
const rooms = {};
const read = (s) => {
  const { cell, make, weights } = CELLS.network, steps = DATA.x[s].length;
  network ??= { cell, weights: weights() };
  return rooms[steps] ??= { ...make(1, steps), x: new Float64Array(steps * cell.inputs) };
};

// What the network does over sequence s with gates overridden: { trace: {gate or state: (step, unit)}, losses, right,
// chances } by step; NaN and null where nothing is asked.
function looked(s, override = {}) {
  const { forward, x } = read(s), { cell, weights } = network, { times } = CELLS.network, steps = DATA.x[s].length;
  x.fill(0);
  DATA.x[s].forEach((one, t) => (Array.isArray(one) ? x.set(one, t * cell.inputs) : x[t * cell.inputs + one] = 1));
  const raw = forward(weights, x, { override }), trace = {}, losses = new Float64Array(steps).fill(NaN), right = Array(steps).fill(null), said = Array(steps).fill(null);
  for (const [name, units] of Object.entries(cell.gates)) trace[name] = raw[name].slice(0, steps * units);
  for (const [name, units] of Object.entries(cell.states)) trace[name] = raw[name].slice(units);
  const { at } = DATA, asked = at === "every" ? [...Array(steps).keys()] : [at === "last" ? steps - 1 : at[s]], n = DATA.outputs, h = cell.states.h, W = weights.W_y, state = trace.h;
  for (const t of asked) {
    const out = Float64Array.from(weights.b_y), y = at === "every" ? DATA.y[s][t] : DATA.y[s];
    times(out, 0, n, W, 0, h, 1, state, t * h, h);
    said[t] = out;
    if (DATA.classes) {
      const right_ = out[y];
      let sum = 0, most = -Infinity;
      for (let i = 0; i < n; i++) if (!(out[i] <= most)) most = out[i];
      right[t] = right_ >= most;
      for (let i = 0; i < n; i++) sum += out[i] = Math.exp(out[i] - most);
      for (let i = 0; i < n; i++) out[i] /= sum;
      losses[t] = Math.log(sum) + most - right_;
    } else {
      losses[t] = out.reduce((sum, one, i) => sum + (one - y[i]) ** 2, 0) / n;
    }
  }
  return { trace, losses, right, said };
}

const mean = (values) => {
  const some = values.filter((one) => one !== null && !Number.isNaN(one));
  return some.reduce((sum, one) => sum + Number(one), 0) / some.length;
};

// ---- Which units tell ----

// The correlation of each unit's numbers with what is told of each step, over sequences: [[unit, correlation]], best first.
function telling(runs, targets, name) {
  const units = network.cell.states[name] ?? network.cell.gates[name], sums = Array.from({ length: units }, () => [0, 0, 0]);
  let count = 0, y = 0, yy = 0;
  runs.forEach(({ trace }, s) => targets[s].forEach((one, t) => {
    [count, y, yy] = [count + 1, y + one, yy + one * one];
    sums.forEach((sum, k) => {
      const value = trace[name][t * units + k];
      sum[0] += value; sum[1] += value * value; sum[2] += value * one;
    });
  }));
  const found = sums.map(([x, xx, xy], k) => [k, (count * xy - x * y) / Math.sqrt((count * xx - x * x) * (count * yy - y * y))]);
  return found.filter(([, r]) => Number.isFinite(r)).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
}

// ---- The page ----

const NEWLINE = /^[\n¶]$/, shownOf = (symbol) => (NEWLINE.test(symbol) ? "↵" : symbol === " " ? "␣" : symbol);
const numbersOf = (one) => (DATA.symbols ? DATA.symbols[one.indexOf(1)] ?? "·" : `${one.map(brief).join(", ")}; `);  // ·: no symbol
const symbolOf = (one) => (Array.isArray(one) ? numbersOf(one) : DATA.symbols?.[one] ?? `${one} `);
const fixed = (value) => value.toFixed(2).replace("-", "−"), percent = (value) => `${Math.round(100 * value)}\u00a0%`;

function show(main) {
  read(0);
  const { cell } = network, gates = Object.keys(cell.gates), states = Object.keys(cell.states), free = [];
  const freely = (s) => free[s] ??= looked(s), all = () => DATA.x.map((_, s) => freely(s));
  const now = { s: 0, unit: 0, of: DATA.memory, t: 0, anchor: null, gate: "", value: 0, alone: false };
  let run = freely(0), leave = () => {};
  main.classList.add("wide");
  add(main, "p", {}, "Click a character to see what the network holds there and what it expects next. Select a passage to find the units that tell it. Hold a gate and see what it costs.");
  const fields = add(main, "div", { class: "fields" });
  if (DATA.x.length > 1) choice(fields, { name: "passage", options: DATA.x.map((_, s) => [s, `passage ${s + 1}`]), value: 0, on: (s) => { [now.s, now.t, now.anchor] = [Number(s), 0, null]; write(); draw(true); } });
  const looks = [[DATA.memory, `${DATA.memory} of one unit`], ...[...states, ...gates].filter((name) => name !== DATA.memory).map((name) => [name, `${name} of one unit`]), ["loss", "loss"], ["moved", "loss that the held gate adds"]];
  choice(fields, { name: "colour", options: looks, value: now.of, on: (of) => { now.of = of; draw(); } });
  const unit = slider(fields, { name: "unit", min: 0, max: cell.states[DATA.memory] - 1, step: 1, value: 0, on: pick });
  function pick(k) {
    now.unit = k;
    unit.set(k);
    if (now.gate && now.alone) hold();
    else draw();
  }

  const presets = add(main, "div", { class: "row", role: "group", "aria-label": "units that tell" });
  add(presets, "span", { class: "soft" }, "Units that tell:");
  for (const [name, targets] of Object.entries(DATA.things)) button(presets, { name: name.replace("in ", ""), on: () => list(name.replace("in ", ""), telling(all(), targets, held())) });
  button(presets, { name: "the selected characters", on: () => {
    const [from, to] = selected();
    list(`characters ${from + 1} to ${to + 1}`, telling([freely(now.s)], [DATA.x[now.s].map((_, t) => Number(t >= from && t <= to))], held()));
  } });
  const found = add(main, "div", { class: "row", role: "group", "aria-label": "units found" });
  const held = () => (now.of in run.trace ? now.of : DATA.memory);
  function list(what, ranked) {
    found.replaceChildren();
    add(found, "span", { class: "soft", role: "status" }, ranked.length ? `${held()}, by correlation with ${what}:` : "Select some characters, not all and not none.");
    for (const [k, r] of ranked.slice(0, SHOWN)) button(found, { name: `unit ${k}: ${fixed(r)}`, on: () => pick(k) });
    if (ranked.length) pick(ranked[0][0]);
  }

  const legend = add(main, "p", { class: "soft" }), text = add(main, "div", { class: "lens", role: "group", tabindex: 0, "aria-label": "the passage" });
  let marks = [];
  function write() {
    text.replaceChildren();
    marks = DATA.x[now.s].map((one, t) => {
      const symbol = symbolOf(one), mark = add(text, "span", {}, NEWLINE.test(symbol) ? "↵" : symbol);
      if (NEWLINE.test(symbol)) text.append("\n");
      mark.dataset.t = t;
      return mark;
    });
    place.input.max = marks.length - 1;
  }
  const place = slider(add(main, "div"), { name: "character (Shift and an arrow key select)", min: 0, max: 1, step: 1, value: 0, show: (t) => `${t + 1}, ${shownOf(symbolOf(DATA.x[now.s][t]))}`,
    on: (t) => { now.t = t; draw(); } });
  place.input.addEventListener("keydown", (event) => { now.anchor = event.shiftKey ? now.anchor ?? now.t : event.key === "Tab" ? now.anchor : null; });
  text.addEventListener("click", ({ target }) => {
    if (target.dataset.t === undefined || !getSelection().isCollapsed) return;
    [now.t, now.anchor] = [Number(target.dataset.t), null];
    draw();
  });
  document.addEventListener("selectionchange", () => {
    const chosen = getSelection();
    if (chosen.isCollapsed || !text.contains(chosen.anchorNode) || !text.contains(chosen.focusNode)) return;
    const ends = [chosen.anchorNode, chosen.focusNode].map((node) => Number(node.parentElement.dataset.t ?? 0));
    [now.anchor, now.t] = ends;
    draw();
  });
  const selected = () => [Math.min(now.anchor ?? now.t, now.t), Math.max(now.anchor ?? now.t, now.t)];

  const split = add(main, "div", { class: "split" }), here = add(split, "div", { class: "rows" }), title = add(here, "h2"), expects = add(here, "p");
  const holds = add(here, "p"), sheet = add(here, "div"), bars = picture(sheet, { height: 130, name: "All units at this character" }, drawUnits);
  sheet.addEventListener("click", ({ clientX }) => {
    const { left, width } = sheet.getBoundingClientRect(), units = cell.states[held()] ?? cell.gates[held()];
    const k = Math.floor(((clientX - left - BOX.left) / (width - BOX.left - BOX.right)) * units);
    if (k >= 0 && k < units) pick(k);
  });
  const cost = add(split, "div", { class: "rows" });
  add(cost, "h2", {}, "Hold a gate");
  choice(cost, { name: "gate", options: [["", "none"], ...gates.map((gate) => [gate, gate])], value: "", on: (gate) => { now.gate = gate; hold(); } });
  const ends = Object.values(DATA.ranges), low = Math.min(0, ...ends.map(([a]) => a)), high = Math.max(1, ...ends.map(([, b]) => b));
  const value = slider(cost, { name: "held at", min: low, max: high, step: (high - low) / 20, value: 0, show: brief, on: (at) => { now.value = at; hold(); } });
  const alone = check(cost, { name: "of the unit shown alone", on: (on) => { now.alone = on; hold(); } });
  const say = lineOfText(cost), rest = add(cost, "p", { class: "soft" });

  function drawUnits({ svg, width, height }) {
    const name = held(), units = cell.states[name] ?? cell.gates[name], values = Array.from(run.trace[name].subarray(now.t * units, (now.t + 1) * units));
    const most = Math.max(1, ...values.map(Math.abs)), low = name in cell.gates ? DATA.ranges[name][0] : -most;
    const box = { left: BOX.left, top: 6, width: width - BOX.left - BOX.right, height: height - 44 };
    const [px, py] = frame(svg, box, { low: -0.5, high: units - 0.5, ticks: ticks(0, units - 1, 5), label: `unit: ${name}` }, { low, high: most, ticks: [low, 0, most], show: brief });
    const wide = Math.max(1.5, 0.7 * (px(1) - px(0))), bar = (one, k) => `M${px(k).toFixed(1)},${py(0).toFixed(1)}V${py(one).toFixed(1)}`;
    add(svg, "path", { d: values.map(bar).join(""), style: `stroke: ${colour(name)}`, class: "bars", "stroke-width": wide });
    add(svg, "path", { d: bar(values[now.unit] ?? 0, now.unit), style: "stroke: var(--ink)", class: "bars", "stroke-width": wide });
    return `The largest is unit ${values.reduce((best, one, k) => (Math.abs(one) > Math.abs(values[best]) ? k : best), 0)}`;
  }

  const rules = () => (now.gate ? { [now.gate]: now.alone ? (step, own, k) => (k === now.unit ? now.value : undefined) : now.value } : {});

  // At once the passage that is seen; all others while nothing else is to be done.
  function hold() {
    draw(true);
    leave();
    rest.textContent = "";
    if (!now.gate) return;
    const rule = rules(), runs = [];
    leave = meanwhile([...DATA.x.map((_, s) => () => freely(s)), ...DATA.x.map((_, s) => () => runs.push(looked(s, rule))), () => {
      const both = [all(), runs], [before, after] = both.map((some) => mean(some.flatMap(({ losses }) => [...losses])));
      const hits = both.map((some) => mean(some.flatMap(({ right }) => right)));
      rest.textContent = `All ${DATA.x.length} passages: ${fixed(before)} becomes ${fixed(after)}` + (DATA.classes ? `; right: ${percent(hits[0])} becomes ${percent(hits[1])}.` : ".");
    }], PAUSE);
  }

  function draw(anew = false) {
    if (anew || !now.gate) run = now.gate ? looked(now.s, rules()) : freely(now.s);
    value.input.disabled = alone.disabled = !now.gate;
    paint();
    const { t } = now, own = (name) => run.trace[name][t * (cell.states[name] ?? cell.gates[name]) + Math.min(now.unit, (cell.states[name] ?? cell.gates[name]) - 1)];
    title.textContent = `After character ${t + 1}, ${shownOf(symbolOf(DATA.x[now.s][t]))}`;
    holds.textContent = `Unit ${now.unit}: ${[...gates, ...states].map((name) => `${name}\u00a0${fixed(own(name))}`).join(", ")}.`;
    expects.textContent = expected(t);
    place.set(t);
    bars();
    const before = mean([...freely(now.s).losses]), after = mean([...run.losses]), word = DATA.classes ? "nats" : "loss";
    say(now.gate ? `With the ${now.gate} gate ${now.alone ? `of unit ${now.unit} ` : ""}at ${brief(now.value)} this passage costs ${fixed(after)} ${word}; by itself ${fixed(before)}.`
      : `No gate is held: ${fixed(before)} ${word}${DATA.at === "every" ? " a character" : ""}${DATA.classes ? `, ${percent(mean(run.right))} right` : ""}.`);
  }

  // The most likely answers after step t, and what came.
  function expected(t) {
    const chances = run.said[t], wanted = DATA.at === "every" ? DATA.y[now.s][t] : DATA.y[now.s];
    if (!chances) return "Nothing is asked here.";
    if (!DATA.classes) return `It answers ${[...chances].map(fixed).join(", ")}; right is ${wanted.map(fixed).join(", ")}.`;
    const called = (k) => (DATA.outputs === DATA.symbols?.length ? shownOf(DATA.symbols[k]) : `class ${k}`), order = [...chances.keys()].sort((a, b) => chances[b] - chances[a]);
    return `It expects ${order.slice(0, SHOWN).map((k) => `${called(k)} ${percent(chances[k])}`).join(", ")}. What comes: ${called(wanted)} (${percent(chances[wanted])}).`;
  }

  function paint() {
    const name = now.of, steps = marks.length, units = cell.states[name] ?? cell.gates[name], before = freely(now.s).losses, isLoss = !(name in run.trace);
    const values = Array.from({ length: steps }, (_, t) => (name === "loss" ? run.losses[t] : name === "moved" ? run.losses[t] - before[t] : run.trace[name][t * units + Math.min(now.unit, units - 1)]));
    const most = isLoss ? 3 : Math.max(1, ...values.map(Math.abs)), [from, to] = selected();
    legend.textContent = isLoss ? "Blue (underlined): costs more than nothing, the deeper the more, up to 3; orange (dotted): costs less." : `${name} of unit ${now.unit}. Blue (underlined): above 0; orange (dotted): below 0. Deepest: ${brief(most)}.`;
    marks.forEach((mark, t) => {
      const shade = Number.isNaN(values[t]) ? 0 : Math.max(-STEPS, Math.min(STEPS, Math.round((STEPS * values[t]) / most)));
      const look = `${shade > 0 ? `up${shade}` : shade < 0 ? `down${-shade}` : ""}${t === now.t ? " now" : now.anchor !== null && t >= from && t <= to ? " chosen" : ""}`;
      if (mark.className !== look) mark.className = look;
    });
  }
  write();
  draw();
  meanwhile([...DATA.x.map((_, s) => () => freely(s)), () => gates.length && looked(0, { [gates[0]]: 0.5 })]);  // so that the first move finds it fast
}
