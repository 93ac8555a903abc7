// How much of a memory's derivative is left after some steps, and by which path it came.

const NAMES = { total: "total", direct: "direct path: product of gates", rest: "path through h" };
const LOOKS = { total: { of: "ink" }, direct: { of: "c", dash: "--" }, rest: { of: "h", dash: ":" } };
const LOW = 1e-12, HIGH = 1e6, SHOWN = [1, 2, 5, 10, 20, 30, 40];

// The largest singular value of a square matrix A, row after row: AᵀA squared again and again, of which in the end one
// direction is left.
const sheets = [0, 1].map(() => new Float64Array(4096));
function spectralNorm(A, n) {
  let P = A;
  for (let round = 0; round < 11; round++) {
    const M = P;
    P = sheets[round % 2];
    let trace = 0;
    for (let i = 0; i < n; i++) for (let j = i; j < n; j++) {  // MᵀM; of a symmetric M, rows are as good as columns
      let sum = 0;
      if (round) for (let k = 0, a = i * n, b = j * n; k < n; k++) sum += M[a + k] * M[b + k];
      else for (let k = 0; k < n * n; k += n) sum += M[k + i] * M[k + j];
      P[i * n + j] = P[j * n + i] = sum;
      if (i === j) trace += sum;
    }
    if (trace > 0) for (let k = 0; k < n * n; k++) P[k] /= trace;
  }
  let best = 0;
  for (let i = 1; i < n; i++) if (P[i * n + i] > P[best * n + best]) best = i;
  const v = P.subarray(best * n, (best + 1) * n);
  let long = 0, short = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += A[i * n + j] * v[j];
    [long, short] = [long + sum * sum, short + v[i] * v[i]];
  }
  return short > 0 ? Math.sqrt(long / short) : 0;
}

// {path: [size at a distance of 0, 1, ... lag steps]}: the geometric mean over the sequences, as in Python.
const rooms = {};
function byLag(name, { bias, scale, lag }) {
  const { cell, make, weights } = CELLS[name], { memory, keepers } = DATA.lenses[name], [gate, state] = memory ?? [null, "h"];
  const w = Object.fromEntries(Object.entries(weights).map(([of, values]) =>
    [of, of.startsWith("U") ? values.map((one) => scale * one) : keepers[of] ? values.map((one) => one + keepers[of] * bias) : values]));
  const batch = DATA.x[name].length, inputs = cell.inputs, n = cell.states[state], x = Float64Array.from(DATA.x[name].flatMap((rows) => rows.slice(0, lag).flat()));
  const { forward, backward, clear, d } = rooms[`${name} ${lag}`] ??= make(batch, lag), trace = forward(w, x);
  const slopes = Array.from({ length: batch * (lag + 1) }, () => new Float64Array(n * n));  // of sequence b after t steps
  for (let unit = 0; unit < n; unit++) {  // one pass back for each unit of the last memory
    clear();
    for (let b = 0; b < batch; b++) d[state][(b * (lag + 1) + lag) * n + unit] = 1;
    backward(w, x);
    slopes.forEach((slope, row) => slope.set(d[state].subarray(row * n, (row + 1) * n), unit * n));
  }
  const sums = { total: new Float64Array(lag + 1), ...(memory ? { direct: new Float64Array(lag + 1), rest: new Float64Array(lag + 1) } : {}) };
  for (let b = 0; b < batch; b++) {
    const kept = new Float64Array(n).fill(1);
    for (let back = 0; back <= lag; back++) {
      const t = lag - back, slope = slopes[b * (lag + 1) + t];
      if (gate && back) for (let k = 0; k < n; k++) kept[k] *= trace[gate][(b * lag + t) * n + k];
      sums.total[back] += Math.log(spectralNorm(slope, n));
      if (!memory) continue;
      sums.direct[back] += Math.log(kept.reduce((most, one) => Math.max(most, Math.abs(one)), 0));
      kept.forEach((one, k) => { slope[k * n + k] -= one; });
      sums.rest[back] += Math.log(spectralNorm(slope, n));
    }
  }
  return Object.fromEntries(Object.entries(sums).map(([path, logs]) => [path, Array.from(logs, (sum) => Math.exp(sum / batch))]));
}

const size = (value) => (value >= 0.01 && value < 1000 ? value.toPrecision(2) : value.toExponential(1).replace("e+", "e").replace("-", "−"));
const signed = (value) => value.toFixed(1).replace("-", "−");

function show(main) {
  const now = { ...DATA.first };
  add(main, "p", {}, "How much of a change of the memory is still there some steps later? Open the gate on the memory, or let more of it " +
    "come back through the recurrent weights, and see by which path it arrives.");
  const fields = add(main, "div", { class: "fields" });
  choice(fields, { name: "cell", options: Object.keys(CELLS).map((name) => [name, name]), value: now.cell, on: (name) => { now.cell = name; draw(); } });
  const set = (name) => (value) => { now[name] = value; draw(); };
  const bias = slider(fields, { name: "bias of the memory gate +", min: -2, max: 8, step: 0.5, value: now.bias, show: signed, on: set("bias") });
  slider(fields, { name: "recurrent weights ×", min: 0.1, max: 4, step: 0.1, value: now.scale, show: signed, on: set("scale") });
  slider(fields, { name: "lag", min: 5, max: DATA.steps, step: 1, value: now.lag, show: (lag) => `${lag} steps`, on: set("lag") });
  const keys = add(main, "div", { class: "keys" });
  let found = null;
  const again = picture(add(main, "div"), { height: 290, name: "Size of the derivative, by steps back" }, drawPaths), say = lineOfText(main);
  const scroll = add(main, "div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "the same as a table" }), table = add(scroll, "table");

  function drawPaths({ svg, width, height }) {
    const box = { left: 52, top: 14, width: width - 62, height: height - 58 };
    const [px, py] = frame(svg, box, { low: 0, high: now.lag, label: "steps back" }, { low: LOW, high: HIGH, log: true });
    for (const [path, values] of Object.entries(found)) {
      line(svg, values.map((value, k) => [px(k), value >= LOW && value <= HIGH ? py(value) : NaN]), { ...LOOKS[path], wide: 2.5 });
    }
    return `${now.lag} steps back ${size(found.total[now.lag])} is left`;
  }

  function drawTable() {
    table.replaceChildren();
    const head = add(table, "tr"), shown = [...SHOWN.filter((k) => k < now.lag), now.lag];
    for (const words of ["steps back", ...shown]) add(head, "th", { scope: "col" }, words);
    for (const [path, values] of Object.entries(found)) {
      const row = add(table, "tr");
      add(row, "th", { scope: "row" }, NAMES[path]);
      for (const k of shown) add(row, "td", {}, size(values[k]));
    }
  }

  function draw() {
    found = byLag(now.cell, now);
    bias.input.disabled = !Object.keys(DATA.lenses[now.cell].keepers).length;
    keys.replaceChildren();
    for (const path of Object.keys(found)) key(keys, { ...LOOKS[path], name: NAMES[path] });
    again();
    drawTable();
    const { total, direct, rest } = Object.fromEntries(Object.entries(found).map(([path, values]) => [path, values[now.lag]]));
    say(`${now.cell}, ${now.lag} steps back: of a change of the memory, ${size(total)} is left.` + (direct === undefined ? ""
      : ` Direct path ${size(direct)}, path through h ${size(rest)}: ${direct > rest ? "the direct path" : "the path through h"} is the larger.`));
  }
  draw();
}
