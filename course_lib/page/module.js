// The module of a cell from its trees (equations.js), like those that course_lib.script writes: through time, its gates
// recorded and overridden, and the gradient back. In its text, $f is the array of f, $$f of its gradient, w$W and dw$W
// of a weight and its own, q1 and dq1 of a product; @H@ stands for the number of units, as in about.py.

// Where the numbers of a tree's leaf lie, and those of its gradient.
function placeOf({ is, name, of, id, kept }) {
  if (is === "x") return ["x", "atx"];
  if (is === "weight") return [`w$${name}`, "0"];
  if (is === "product") return [`q${id}`, kept ? "at" : "0"];
  return [`$${name}`, { row: "at", old: "old", new: "fresh" }[of]];
}

function slopeOf({ is, name, of, id }) {
  if (is === "x") return ["d.x", "atx"];
  if (is === "weight") return [`dw$${name}`, "0"];
  if (is === "product") return [`dq${id}`, "0"];
  return [`$$${name}`, { row: "0", old: "old", new: "fresh" }[of]];
}

const number = ([array, at]) => (at === "0" ? `${array}[k]` : `${array}[${at} + k]`);
const placeOfRow = ({ name, isNew }) => ({ is: "value", name, of: isNew ? "new" : "row" });

// The lines of a loop over units; each value is read or computed once. keeps: what they read is kept for every step.
class Loop {
  constructor(keeps = false) {
    Object.assign(this, { keeps, lines: [], known: new Map() });
  }

  let(text) {
    const name = `t${this.lines.length}`;
    this.lines.push(`const ${name} = ${text};`);
    return name;
  }

  value(tree) {
    if (tree.is === "number") return String(tree.value);
    if (tree.is === "product" && this.keeps) tree.kept = true;
    const leaf = ["value", "weight", "product"].includes(tree.is), key = leaf ? number(placeOf(tree)) : tree;
    if (!this.known.has(key)) this.known.set(key, this.let(leaf ? key : this.computed(tree)));
    return this.known.get(key);
  }

  computed({ is, name, a, b, exponent }) {
    if (is === "call") return FUNCTIONS[name][0](this.value(a));
    if (is === "power") return `Math.pow(${this.value(a)}, ${exponent})`;
    if (is in PAIRS) return `Math.${is}(${this.value(a)}, ${this.value(b)})`;
    return is === "minus" ? `-${this.value(a)}` : `${this.value(a)} ${is === "⊙" ? "*" : is} ${this.value(b)}`;
  }

  // From the gradient g of a tree to those of its leaves.
  back(tree, g) {
    const { is, name, a, b, exponent } = tree;
    if (is === "number" || exponent === 0) return;
    if (["value", "weight", "product"].includes(is)) {
      this.lines.push(`${number(slopeOf(tree))} ${is === "product" ? "=" : "+="} ${g};`);
    } else if (is === "call") {
      const y = this.value(tree);
      this.back(a, this.let(`${g} * ${FUNCTIONS[name][1](y, ["log", "sin"].includes(name) ? this.value(a) : "")}`));
    } else if (is === "power") {
      this.back(a, this.let(`${g} * (${exponent} * Math.pow(${this.value(a)}, ${exponent - 1}))`));
    } else if (is in PAIRS) {  // of two that are equal, half to each, as torch has it
      const [p, q] = [this.value(a), this.value(b)], share = this.let(`${p} === ${q} ? 0.5 : ${p} ${PAIRS[is]} ${q} ? 1 : 0`);
      this.back(a, this.let(`${g} * ${share}`));
      this.back(b, this.let(`${g} * (1 - ${share})`));
    } else if (is === "minus") {
      this.back(a, this.let(`-${g}`));
    } else if (is === "+" || is === "-") {
      this.back(a, g);
      this.back(b, is === "+" ? g : this.let(`-${g}`));
    } else if (is === "⊙") {
      if (a.is !== "number") this.back(a, this.let(`${g} * ${this.value(b)}`));
      if (b.is !== "number") this.back(b, this.let(`${g} * ${this.value(a)}`));
    } else {
      const share = this.let(`${g} / ${this.value(b)}`);
      this.back(a, share);
      this.back(b, this.let(`-${share} * ${this.value(tree)}`));
    }
  }

  get text() {
    return ["for (let k = 0; k < @H@; k++) {", ...this.lines.map((line) => `  ${line}`), "}"];
  }
}

function forwardOf({ tree, products, gate, ...row }) {
  const loop = new Loop(), lines = [], place = number(placeOf(placeOfRow(row)));
  for (const one of products) {
    const [goal, at] = placeOf(one), [source, from] = placeOf(one.a), m = one.a.is === "x" ? "@I@" : "@H@";
    lines.push(`${goal}.fill(0${one.kept ? ", at, at + @H@" : ""});`, `times(${goal}, ${at}, @H@, w$${one.matrix}, 0, ${m}, 1, ${source}, ${from}, ${m});`);
  }
  const own = loop.value(tree);
  loop.lines.push(`${place} = ${gate ? `rules.${gate} ? ruled(rules.${gate}, fixed.${gate}, at + k, step, ${own}, k, seq) : ` : ""}${own};`);
  return [...lines, ...loop.text];
}

function backwardOf({ tree, products, gate, ...row }) {
  const loop = new Loop(true), place = placeOfRow(row), g = loop.let(number(slopeOf(place)));
  if (tree.is !== "number" && !["value", "weight", "product"].includes(tree.is)) loop.known.set(tree, loop.let(number(placeOf(place))));
  loop.back(tree, gate ? loop.let(`fixed.${gate}[at + k] ? 0 : ${g}`) : g);
  const lines = products.map((one) => {
    const [source, from] = placeOf(one.a), [goal, to] = slopeOf(one.a), m = one.a.is === "x" ? "@I@" : "@H@";
    return `back(dq${one.id}, @H@, w$${one.matrix}, dw$${one.matrix}, 0, ${m}, 1, ${source}, ${from}, ${goal}, ${to}, ${m});`;
  });
  return [...loop.text, ...lines];
}

function moduleText({ rows, states, weights }, helpers) {
  const backward = [...rows].reverse().flatMap(backwardOf), forward = rows.flatMap(forwardOf);  // after it is known what is kept
  const inner = rows.filter(({ isNew }) => !isNew), gates = inner.filter(({ gate }) => gate), products = rows.flatMap((row) => row.products);
  const shape = { HI: "[@H@, @I@]", HH: "[@H@, @H@]", H: "[@H@]" }, size = { HI: "@IH@", HH: "@HH@", H: "@H@" };
  const all = (items, written, between = ", ") => items.map(written).join(between), indented = (lines) => all(lines, (line) => `        ${line}`, "\n");
  const names = Object.keys(weights);
  const places = `        const row = seq * steps + step, old = (row + seq) * @H@, fresh = old + @H@, at = row * @H@, atx = row * @I@;`;
  return `// ${YOURS}, from its equations.
export const cell = {
  name: "${YOURS}", inputs: @I@,
  states: { ${all(states, (name) => `${name}: @H@`)} },
  gates: { ${all(gates, ({ gate }) => `${gate}: @H@`)} },
  weights: { ${all(names, (name) => `${name}: ${shape[weights[name]]}`)} },
};

export function make(batch, steps) {
  const zeros = (n) => new Float64Array(n), all = batch * steps * @H@, allStates = batch * (steps + 1) * @H@;
${all(states, (name) => `  const $${name} = zeros(allStates), $$${name} = zeros(allStates);`, "\n")}
${all(inner, ({ name }) => `  const $${name} = zeros(all), $$${name} = zeros(@H@);`, "\n")}
${all(products, ({ id, kept }) => `  const q${id} = zeros(${kept ? "all" : "@H@"}), dq${id} = zeros(@H@);`, "\n")}
${all(names, (name) => `  const dw$${name} = zeros(${size[weights[name]]});`, "\n")}
  const trace = { ${all([...states.map((name) => [name, name]), ...gates.map(({ gate, name }) => [gate, name])], ([key, name]) => `${key}: $${name}`)} };
  const d = { x: zeros(batch * steps * @I@), ${all(states, (name) => `${name}: $$${name}`)}, weights: { ${all(names, (name) => `${name}: dw$${name}`)} } };
  const fixed = { ${all(gates, ({ gate }) => `${gate}: new Uint8Array(all)`)} };

  function forward(w, x, { start = {}, override = {} } = {}) {
    const rules = rulesOf(cell.gates, override);
    for (const gate in fixed) if (!rules[gate]) fixed[gate].fill(0);
${all(names, (name) => `    const w$${name} = w.${name};`, "\n")}
    for (let seq = 0; seq < batch; seq++) {
      const first = seq * (steps + 1) * @H@;
      for (let k = 0; k < @H@; k++) {
${all(states, (name) => `        $${name}[first + k] = start.${name} ? start.${name}[seq * @H@ + k] : 0;`, "\n")}
      }
      for (let step = 0; step < steps; step++) {
${places}
${indented(forward)}
      }
    }
    return trace;
  }

  function backward(w, x) {
${all(names, (name) => `    const w$${name} = w.${name};`, "\n")}
    for (let seq = 0; seq < batch; seq++) {
      for (let step = steps - 1; step >= 0; step--) {
${places}
${indented([...all(inner, ({ name }) => `$$${name}.fill(0);`, "\n").split("\n"), ...backward])}
      }
    }
    return d;
  }

  function clear() {
    for (const array of [d.x, ${all(states, (name) => `d.${name}`)}, ...Object.values(d.weights)]) array.fill(0);
  }

  return { trace, d, forward, backward, clear };
}
${helpers}`;
}
