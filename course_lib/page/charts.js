// The pictures of the playground. Each is given what the worker last told (told), and what it told since the start
// (runs: [{ name, losses, scores, sums }]).

const LOOKS = [{ of: "first", dash: "-" }, { of: "second", dash: "--" }];
const SMOOTH = 20, MOST = 240;  // updates that are averaged; points of a line

// What a runner did since the start; sums: of all values up to each update, for averages.
class Run {
  constructor(name) {
    Object.assign(this, { name, losses: [], scores: [], sums: { losses: [0], scores: [0] } });
  }

  take({ losses, scores }) {
    for (const [name, values] of [["losses", losses], ["scores", scores]]) {
      for (const value of values) {
        this[name].push(value);
        this.sums[name].push(this.sums[name].at(-1) + value);
      }
    }
  }

  // The mean over the last updates before one.
  mean(name, before = this[name].length, over = SMOOTH) {
    const from = Math.max(0, before - over);
    return before ? (this.sums[name][before] - this.sums[name][from]) / (before - from) : NaN;
  }
}

// [[update, mean of the last 20]] and [[update, mean since the point before]], at most MOST points.
function thinned(run, name) {
  const count = run[name].length, step = Math.max(1, Math.ceil(count / MOST)), smooth = [], raw = [];
  for (let k = step; k <= count; k += step) {
    smooth.push([k, run.mean(name, k)]);
    raw.push([k, run.mean(name, k, step)]);
  }
  return [smooth, raw];
}

const LEFT = 46, BELOW = 42;
const boxOf = (width, height, top = 26) => ({ left: LEFT, top, width: width - LEFT - 6, height: height - top - BELOW });

function overUpdates(svg, box, { name, told, runs, changes }, y) {
  const longest = Math.max(100, told.updates);
  const [px, py] = frame(svg, box, { low: 0, high: longest, label: "updates" }, y);
  for (const [update] of changes.filter(([update]) => update <= told.updates)) {
    add(svg, "path", { d: `M${px(update)},${box.top}v${box.height}`, class: "change" });
  }
  runs.forEach((run, k) => {
    const [smooth, raw] = thinned(run, name), place = ([update, value]) => [px(update), py(value)];
    line(svg, raw.map(place), { ...LOOKS[k], wide: 1, dash: "-", faint: true });
    line(svg, smooth.map(place), { ...LOOKS[k], wide: 2.5 });
  });
  return [px, py];
}

function drawLoss({ svg, width, height }, seen) {
  const { told, runs } = seen, box = boxOf(width, height), all = runs.flatMap((run) => thinned(run, "losses")[0].map(([, y]) => y));
  const low = Math.min(told.solvedAt, ...all) / 2.5, high = Math.max(told.baseline, ...all) * 1.6;
  const [, py] = overUpdates(svg, box, { ...seen, name: "losses" }, { low, high, log: true });
  level(svg, box, py(told.baseline), "without memory");
  level(svg, box, py(told.solvedAt), "solved", { below: true });
  return runs.map((run) => `${run.name}: ${run.losses.length ? brief(run.mean("losses")) : "not begun"}`).join("; ") +
    `. Without memory: ${brief(told.baseline)}; solved: ${brief(told.solvedAt)}.`;
}

function drawScore({ svg, width, height }, seen) {
  const box = boxOf(width, height), show = (value) => `${Math.round(100 * value)} %`;
  overUpdates(svg, box, { ...seen, name: "scores" }, { low: 0, high: 1, ticks: [0, 0.25, 0.5, 0.75, 1], show });
  return seen.runs.map((run) => `${run.name}: ${run.scores.length ? show(run.mean("scores")) : "not begun"}`).join("; ");
}

function drawGradient({ svg, width, height }, { told }) {
  const all = told.runners.flatMap((runner) => runner.gradient ?? []).filter((value) => value > 0 && Number.isFinite(value));
  const high = all.length ? 10 ** Math.ceil(Math.log10(Math.max(...all)) + 1e-9) : 1;
  const low = Math.max(high * 1e-12, all.length ? 10 ** Math.floor(Math.log10(Math.min(...all))) : 1e-6);
  const box = boxOf(width, height);
  const x = { low: 0, high: told.steps - 1, label: "steps before the answer" };
  const [px, py] = frame(svg, box, x, { low: Math.min(low, high / 100), high, log: true });
  told.runners.forEach(({ gradient }, k) =>
    line(svg, (gradient ?? []).map((value, lag) => [px(lag), value === null || Number.isNaN(value) ? NaN : py(value)]),
      { ...LOOKS[k], wide: 2.5 }));
  return told.runners.filter(({ gradient }) => gradient).map(({ name, gradient }) =>
    `${name}: ${brief(gradient[0])} at the answer, ${brief(gradient[told.end] ?? NaN)} at the first step`).join("; ");
}

// One sequence: what is in it, the gates of every unit, and the memory.
const ROW = 62, MEMORY = 78, TOP = 22, SIDE = 62;
const gatesHeight = (runner) => TOP + ROW * Object.keys(runner?.gates ?? {}).length + MEMORY + BELOW;

function drawGates({ svg, width }, { told }, k) {
  const runner = told.runners[k];
  if (!runner) return "";
  const rows = [...Object.entries(runner.gates), ["memory", runner.memory]], height = gatesHeight(runner);
  const box = { left: SIDE, top: TOP, width: width - SIDE - 6, height: height - TOP - BELOW }, { units, steps } = told;
  const [px] = frame(svg, box, { low: -0.5, high: steps - 0.5, ticks: ticks(0, steps - 1, width < NARROW ? 4 : 7), label: "step" },
    { low: 0, high: 1, ticks: [] });
  let free = -Infinity;
  const wide = Math.max(3, px(1) - px(0));
  told.events.forEach((event, t) => {
    if (event === null) return;
    add(svg, "rect", { x: px(t) - wide / 2, y: TOP, width: wide, height: box.height, class: "event" });
    const half = 4 * event.length + 2, x = Math.min(px(t), box.left + box.width - half);
    if (x - half < free) return;
    add(svg, "text", { x, y: TOP - 8, class: "tick middle" }, event);
    free = x + half;
  });
  rows.forEach(([name, values], row) => {
    const isGate = name !== "memory", tall = isGate ? ROW : MEMORY, top = TOP + row * ROW + 6, inside = tall - 16;
    const most = isGate ? 1 : span(values.map(Math.abs), 0, 1)[1], low = isGate ? 0 : -most;
    const py = (value) => top + inside - ((value - low) / (most - low)) * inside, of = isGate ? name : "c";
    add(svg, "text", { x: 0, y: top + inside / 2 + 4, style: `fill: ${colour(of)}`, class: "name" }, name);
    for (const mark of isGate ? [0, 1] : [-most, most]) {
      add(svg, "path", { d: `M${box.left},${py(mark)}h${box.width}`, class: "grid" });
      add(svg, "text", { x: box.left - 6, y: py(mark) + 4, class: "tick end" }, brief(mark));
    }
    const mean = new Float64Array(told.end + 1);
    for (let unit = 0; unit < units; unit++) {
      const points = [];
      for (let t = 0; t <= told.end && t * units < values.length; t++) {
        points.push([px(t), py(values[t * units + unit])]);
        mean[t] += values[t * units + unit] / units;
      }
      line(svg, points, { of, wide: 1, faint: true });
    }
    if (isGate && values.length) line(svg, Array.from(mean, (value, t) => [px(t), py(value)]), { of, wide: 2.5 });
  });
  return Object.entries(runner.gates).map(([gate, values]) =>
    `${gate} gate ${brief(values.reduce((sum, one) => sum + one, 0) / values.length || 0)} on average`).join("; ") || "It has no gate.";
}
