// A cell's picture with the numbers of a run: wires as wide as what they carry, and the arithmetic of a part that is chosen.

const WIDEST = 7, SIGNS = { "⊙": "×", "+": "+", "−": "−", "÷": "÷" };
const two = (value) => (Number.isFinite(value) ? value.toFixed(2).replace("-", "−").replace(/^−0\.00$/, "0.00") : "…");

// { value(part, sequence, step, unit) } of a cell with gates held as in clamps, {gate: value}.
function running(k, clamps) {
  const { cell, make, weights } = CELLS[`cell ${k}`], { parts } = DATA.cells[k], steps = DATA.x[0].length;
  const run = make(DATA.x.length, steps), trace = run.forward(weights, Float64Array.from(DATA.x.flat(2)), { override: clamps });
  const state = (name, b, row, unit) => trace[name][(b * (steps + 1) + row) * cell.states[name] + unit];
  const row = (array, b, t, unit) => {
    const units = array.length / DATA.x.length / steps;
    return array[(b * steps + t) * units + Math.min(unit, units - 1)];
  };
  function value(part, b, t, unit) {
    if (part.name === "x" && part.kind === "source") return DATA.x[b][t][Math.min(unit, DATA.x[b][t].length - 1)];
    if (part.kind === "source") return state(part.name, b, t, unit);
    if (part.kind === "end") return state(part.name.slice(0, -1), b, t + 1, unit);
    if (part.state !== null) return state(part.state, b, t + 1, unit);
    if (part.gate) return row(trace[part.gate], b, t, unit);
    return part.node === null ? NaN : row(run.seen[part.node], b, t, unit);
  }
  const sum = (part, b, t, unit) => (part.sum === null ? NaN : row(run.seen[part.sum], b, t, unit));
  return { value, sum, parts, cell, state, held: clamps };
}

// The arithmetic of a part in numbers: "0.79 × 0.50 + 0.21 × 0.10".
function arithmetic(run, part, where, top = true) {
  const inputs = part.inputs.map((k) => run.parts[k]), number = two(run.value(part, ...where));
  if (part.kind === "end") return arithmetic(run, inputs[0], where);
  if (part.kind === "source" || part.kind === "join" || part.gate in run.held) return number;
  if (!top && (part.name || part.kind === "box" || run.parts.some((one) => one.kind === "end" && run.parts[one.inputs[0]] === part))) return number;
  if (part.kind === "box") {
    const inside = run.sum(part, ...where);
    return Number.isFinite(inside) ? `${part.sign}(${two(inside)})` : part.sign;
  }
  const texts = inputs.map((one) => arithmetic(run, one, where, false)), [a, b] = texts;
  if (texts.length === 2 && part.sign in SIGNS) {
    const text = `${a} ${SIGNS[part.sign]} ${b}`;
    return top || part.sign === "⊙" ? text : `(${text})`;
  }
  if (/^\d/.test(part.sign)) return top ? `${part.sign} ${a}` : `(${part.sign} ${a})`;
  if (/^[×+−÷] /.test(part.sign)) return top ? `${a} ${part.sign}` : `(${a} ${part.sign})`;
  return `${part.sign}(${texts.join(", ")})`;
}

const called = (part) => (part.gate ? `${part.gate} gate ${part.name}` : part.name || `${part.sign} of ${part.inputs.length}`);

function show(main) {
  const count = DATA.x.length, steps = DATA.x[0].length;
  let sequence = 0, step = 0, unit = 0;
  add(main, "p", {}, "The wider a wire, the larger what it carries; blue is above 0, orange below. Choose a part to read its arithmetic.");
  const bar = add(main, "div", { class: "row", role: "group", "aria-label": "step" });
  button(bar, { name: "Step back", on: () => go(step - 1) });
  button(bar, { name: "Step forward", main: true, on: () => go(step + 1) });
  main.classList.toggle("wide", DATA.cells.length > 1);
  const fields = add(main, "div", { class: "fields" });
  const move = slider(fields, { name: "step", min: 0, max: steps - 1, step: 1, value: 0, on: go, show: (t) => `${t} of ${steps - 1}` });
  const units = Math.max(...DATA.cells.map((_, k) => CELLS[`cell ${k}`].cell.states.h));
  if (units > 1) choice(fields, { name: "unit", options: Array.from({ length: units }, (_, k) => [k, `unit ${k}`]), value: 0, on: (k) => { unit = Number(k); draw(); } });
  if (count > 1) choice(fields, { name: "sequence", options: Array.from({ length: count }, (_, k) => [k, `sequence ${k}`]), value: 0,
    on: (k) => { sequence = Number(k); draw(); } });
  const held = [["", "nothing"]];
  for (const gate of new Set(DATA.cells.flatMap(({ ranges }) => Object.keys(ranges))))
    for (const value of [0, 0.5, 1]) held.push([`${gate}:${value}`, `${gate} gate at ${value}`]);
  if (held.length > 1) choice(fields, { name: "hold", options: held, value: "", on: hold });
  const split = add(main, "div", { class: DATA.cells.length > 1 ? "two" : "" }), say = lineOfText(main, true);
  const panels = DATA.cells.map((told, k) => panel(told, k));

  function go(to) {
    step = Math.max(0, Math.min(steps - 1, to));
    move.set(step);
    draw();
  }

  function hold(what) {
    const [gate, value] = what.split(":");
    for (const one of panels) {
      one.before = one.run;
      one.run = running(one.k, gate && gate in DATA.cells[one.k].ranges ? { [gate]: Number(value) } : {});
    }
    draw();
  }

  function panel(told, k) {
    const place = add(split, "div"), run = running(k, {}), one = { k, told, run, before: null, chosen: null };
    if (DATA.cells.length > 1) add(place, "h2", {}, told.name);
    const wide = add(place, "div", { class: "scroll", tabindex: 0, role: "group", "aria-label": `picture of ${told.name}` });
    wide.innerHTML = told.svg;
    one.svg = wide.firstElementChild;
    for (const name of ["role", "aria-labelledby"]) one.svg.removeAttribute(name);
    one.svg.classList.add(`cell${k}`);
    for (const element of one.svg.querySelectorAll("title, desc")) element.remove();
    const style = one.svg.querySelector("style");
    style.textContent = style.textContent.replaceAll(".k", `.cell${k} .k`);  // two pictures, two sets of classes
    one.nodes = [...one.svg.querySelectorAll("[data-part]")].map((element) => {
      const part = run.parts[Number(element.dataset.part)], box = element.getBBox();
      for (const [name, value] of [["role", "button"], ["tabindex", 0], ["class", "part"]]) element.setAttribute(name, value);
      const inside = part.kind === "box", below = part.kind === "source" || part.kind === "end";
      const chip = part.kind === "join" ? null : add(element, "text", { class: inside ? "chip middle" : "chip over",
        x: inside ? box.x + box.width / 2 : below ? box.x : box.x + box.width + 3, y: box.y + box.height + (inside ? -5 : below ? 12 : 4) });
      if (inside) element.querySelector("text").setAttribute("transform", "translate(0,-7)");
      const choose = () => { one.chosen = part; draw(); };
      element.addEventListener("click", choose);
      element.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      });
      return { element, part, chip };
    });
    one.wires = [...one.svg.querySelectorAll("[data-wire]")].map((element) => ({ element, part: run.parts[Number(element.dataset.wire)] }));
    one.chosen = run.parts.find((part) => part.kind === "end" && part.name[0] === told.memory) ?? run.parts.at(-1);
    one.says = add(place, "p", { class: "said" });
    one.again = picture(add(place, "div"), { height: 130, name: `${told.memory} of ${told.name}` }, (sheet) => drawMemory(sheet, one));
    return one;
  }

  function drawMemory({ svg, width, height }, one) {
    const { memory } = one.told, at = (run) => Array.from({ length: steps }, (_, t) => run.state(memory, sequence, t + 1, unit));
    const values = at(one.run), ghost = one.before ? at(one.before) : [], [low, high] = span([...values, ...ghost], -1, 1);
    const box = { left: 40, top: 24, width: width - 48, height: height - 64 };
    const [px, py] = frame(svg, box, { low: 0, high: Math.max(1, steps - 1), ticks: ticks(0, Math.max(1, steps - 1), 6).filter(Number.isInteger), label: "step" },
      { low, high, ticks: high - low > 6 ? [low, 0, high] : [-1, 0, 1], show: brief, label: `memory ${memory}` });
    add(svg, "rect", { x: px(step) - 5, y: box.top, width: 10, height: box.height, class: "event" });
    line(svg, ghost.map((value, t) => [px(t), py(value)]), { of: memory, dash: ":", wide: 2 });
    line(svg, values.map((value, t) => [px(t), py(value)]), { of: memory, wide: 2.5 });
    if (Number.isFinite(values[step])) add(svg, "circle", { cx: px(step), cy: py(values[step]), r: 5, style: `fill: ${colour(memory)}` });
    return `${two(values[step])} at step ${step}${ghost.length ? `; in the run before ${two(ghost[step])}` : ""}`;
  }

  function draw() {
    const told = [];
    for (const one of panels) {
      const { run, before, chosen } = one, where = [sequence, step, Math.min(unit, run.cell.states.h - 1)];
      for (const { element, part, chip } of one.nodes) {
        const value = run.value(part, ...where);
        if (chip) chip.textContent = two(value);
        element.setAttribute("aria-label", part.kind === "join" ? "x and h" : `${called(part)}: ${two(value)}`);
        element.setAttribute("aria-pressed", String(part === chosen));
      }
      for (const { element, part } of one.wires) {
        const value = part.kind === "join" ? NaN : run.value(part, ...where), size = Math.min(1, Math.abs(value));
        element.setAttribute("class", Number.isNaN(value) ? "" : value < 0 ? "wire below" : "wire above");
        element.firstElementChild.style.strokeWidth = Number.isNaN(value) ? "" : `${(1 + (WIDEST - 1) * size).toFixed(1)}px`;
      }
      const number = two(run.value(chosen, ...where)), plain = chosen.kind === "source" || chosen.kind === "join";
      one.says.textContent = chosen.gate in run.held ? `${called(chosen)} is held at ${number}`
        : `${called(chosen)} = ${plain ? "" : `${arithmetic(run, chosen, where)} = `}${number}`;
      if (before) one.says.textContent += `. In the run before: ${two(before.value(chosen, ...where))}`;
      told.push(`${panels.length > 1 ? `${one.told.name}: ` : ""}${one.says.textContent}`);
      one.again();
    }
    say(`Step ${step}. ${told.join(". ")}.`);
  }
  draw();
}
