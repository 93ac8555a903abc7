// A cell from equations that a reader types, in the notation of course_lib.cells: read, checked, and written as what
// about.py says of a cell. Its module is written from the trees alone: of what was typed, it holds only names of a letter
// and an index, and numbers.

const EQUATIONS = 1200, PARTS = 64;  // the most characters; the most lines and products with a matrix
const GATES = { f: "forget", i: "input", o: "output", r: "reset", z: "update" };
const NAME = /^[A-Za-zΑ-ΡΣ-Ωα-ω](_[A-Za-z0-9]{1,8})?'?$/, MATRIX = /^[WUVA](_|$)/, VECTOR = /^[bp](_|$)/;
const TOKEN = /\s*(?:(\d+\.?\d*)|([A-Za-z_Α-ΡΣ-Ωα-ω][A-Za-z0-9_Α-ΡΣ-Ωα-ω]*'?)|([-+⊙/^(),]))/uy;
const ALIKE = { "**": "^", "*": "⊙", "·": "⊙", "∘": "⊙", "−": "-", "′": "'", "’": "'" };
const OUTER = /^[⊗@ᵀ]/u;  // what makes a matrix of two vectors
// What it is of a, and its slope, from its value y and a.
const FUNCTIONS = {
  σ: [(a) => `1 / (1 + Math.exp(-${a}))`, (y) => `${y} * (1 - ${y})`],
  tanh: [(a) => `Math.tanh(${a})`, (y) => `(1 - ${y} * ${y})`],
  relu: [(a) => `Math.max(0, ${a})`, (y) => `(${y} > 0 ? 1 : 0)`],
  exp: [(a) => `Math.exp(${a})`, (y) => y],
  log: [(a) => `Math.log(${a})`, (y, a) => `1 / ${a}`],
  sin: [(a) => `Math.sin(${a})`, (y, a) => `Math.cos(${a})`],
};
const PAIRS = { max: ">", min: "<" }, CALLED = { sigmoid: "σ", maximum: "max", minimum: "min" };

class Refused extends Error {}

function refuse(line, sentence) {
  throw new Refused(line ? `Line ${line}: ${sentence}` : sentence);
}

// ---- From text to trees ----
// A tree: { is: "number", value } | { is: "value", name, of: "row" | "old" | "new" } | { is: "x" } | { is: "weight", name } |
// { is: "product", matrix, a } | { is: "call", name, a } | { is: "minus", a } | { is: "power", a, exponent } |
// { is: "+" | "-" | "⊙" | "/" | "max" | "min", a, b }

// The equations of text: { line, name, isNew, right }, in order.
function linesOf(text) {
  if (text.length > EQUATIONS) refuse(0, `These are more than ${EQUATIONS} characters; fewer or shorter lines would do.`);
  const found = [];
  [...text.replace(/\*\*|[*·∘−′’]/g, (sign) => ALIKE[sign]).split(/\r?\n/)].forEach((written, k) => {
    const line = k + 1, at = written.indexOf("=");
    if (!written.trim()) return;
    if (at < 0) refuse(line, "there is no = on it; one equation a line would do, as in c' = f ⊙ c + i ⊙ g.");
    const left = written.slice(0, at).trim(), name = left.replace("'", ""), right = written.slice(at + 1).trim().split(/\s{2,}|\t|#/)[0];
    if (!NAME.test(left)) refuse(line, "left of = stands no name; a letter would do, with an index or a prime, as in f, f_2 or c'.");
    if (name in FUNCTIONS || name in PAIRS || name in CALLED || name === "x" || MATRIX.test(name) || VECTOR.test(name)) {
      refuse(line, `${name} cannot be computed, as x is the input, W U V A b p are weights and σ is a function; another letter would do.`);
    }
    const same = found.find((other) => other.name === name);
    if (same) refuse(line, `${name} is on line ${same.line} already; another letter would do.`);
    found.push({ line, name, isNew: left.endsWith("'"), right });
  });
  if (!found.some(({ name, isNew }) => name === "h" && isNew)) {
    refuse(0, "No line says what the next h is, which the answer is read from; a last line would do, such as h' = o ⊙ tanh(c').");
  }
  return found;
}

// A reader of right sides. lines: all equations; rows: those read so far; weights: { name: "HI", "HH" or "H" }, grows.
class Reader {
  constructor(lines) {
    Object.assign(this, { lines, rows: [], weights: {}, parts: 0 });
    for (const one of lines) this.row(one.line, one.name, one.isNew, this.right(one));
  }

  row(line, name, isNew, tree) {
    if (++this.parts > PARTS) refuse(line, `more than ${PARTS} lines and products are too many; fewer would do.`);
    this.rows.push({ line, name, isNew, tree, products: productsOf(tree), gate: isNew ? undefined : GATES[name] });
  }

  right({ line, right }) {
    Object.assign(this, { line, tokens: [], next: 0 });
    for (TOKEN.lastIndex = 0; TOKEN.lastIndex < right.length;) {
      const from = TOKEN.lastIndex, [, number, word, sign] = TOKEN.exec(right) ?? [];
      if (OUTER.test(right.slice(from).trim())) refuse(line, `${[...right.slice(from).trim()][0]} makes a matrix, but every state and gate here has one number a unit; k ⊙ v, or a matrix of weights as in U h, would do.`);
      if (!number && !word && !sign) refuse(line, `${JSON.stringify([...right.slice(from).trim()][0])} means nothing here; letters, numbers, + - ⊙ / ** ( ) and the functions ${[...Object.keys(FUNCTIONS), ...Object.keys(PAIRS)].join(" ")} would do.`);
      this.tokens.push({ number, word: CALLED[word] ?? word, sign });
    }
    const tree = this.sum();
    if (this.next < this.tokens.length) {
      const { number, word, sign } = this.tokens[this.next];
      refuse(line, sign === ")" ? "a ) has no ( before it; one ) fewer would do."
        : sign === "," ? "a , stands between the two values of max or min alone; max(s, t) would do." : `before ${number ?? word ?? sign} an operator is missing; + - ⊙ or / would do.`);
    }
    if (tree.is === "x") this.noVector();
    return tree;
  }

  take(...signs) {
    return signs.includes(this.tokens[this.next]?.sign) ? this.tokens[this.next++].sign : undefined;
  }

  sum() {
    return this.chain(["+", "-"], () => this.chain(["⊙", "/"], () => this.factor()));
  }

  chain(signs, operand) {
    let a = operand();
    for (let is = this.take(...signs); is; is = this.take(...signs)) a = { is, a: this.vector(a), b: this.vector(operand()) };
    return a;
  }

  factor() {
    if (this.take("-")) return { is: "minus", a: this.vector(this.factor()) };
    const inside = this.tokens[this.next]?.sign === "(", a = this.whole();
    if (!this.take("^")) return a;
    if (a.is === "product" && !inside) refuse(this.line, `what ** belongs to is not clear; brackets would do, as in (${a.matrix} x) ** 2.`);
    const exponent = constantOf(this.factor());
    if (!Number.isFinite(exponent)) refuse(this.line, "behind ** stands no number; f ** 2 would do, or exp(p ⊙ log(f)).");
    return { is: "power", a: this.vector(a), exponent };
  }

  whole() {
    const { number, word, sign } = this.tokens[this.next++] ?? {};
    if (number) return { is: "number", value: Number(number) };
    if (sign === "(") return this.inBrackets();
    if (!word) refuse(this.line, `${sign ? `before ${sign}` : "at its end"} something is missing; a letter, a number or a bracket would do (two spaces begin a comment).`);
    if (Object.hasOwn(PAIRS, word)) return this.pair(word);
    if (!Object.hasOwn(FUNCTIONS, word)) return MATRIX.test(word) ? this.product(word) : this.named(word);
    if (!this.take("(")) refuse(this.line, `${word} needs brackets; ${word}(W x + U h + b) would do.`);
    return { is: "call", name: word, a: this.vector(this.inBrackets()) };
  }

  pair(is) {
    const wants = (sign) => this.take(sign) ?? refuse(this.line, `${is} takes two values; ${is}(s, t) would do.`);
    wants("(");
    const a = this.vector(this.sum());
    wants(",");
    const b = this.vector(this.sum());
    wants(")");
    return { is, a, b };
  }

  inBrackets() {
    const tree = this.sum();
    if (!this.take(")")) refuse(this.line, "a ( is not closed; a ) would do.");
    return tree;
  }

  product(matrix) {
    this.checked(matrix);
    const { word, sign } = this.tokens[this.next] ?? {};
    if (!word && sign !== "(") refuse(this.line, `${matrix} is a matrix and needs a vector behind it; ${matrix} x or ${matrix} h would do.`);
    let a = this.whole();
    if (a.is !== "x" && a.is !== "value") {  // it gets a row of its own
      const name = `part${this.parts + 1}`;
      this.row(this.line, name, false, a);
      a = { is: "value", name, of: "row" };
    }
    if (++this.parts > PARTS) refuse(this.line, `more than ${PARTS} lines and products are too many; fewer would do.`);
    this.weigh(matrix, a.is === "x" ? "HI" : "HH");
    return { is: "product", matrix, a, id: this.parts };
  }

  named(word) {
    this.checked(word);
    if (word === "x") return { is: "x" };
    if (VECTOR.test(word)) return this.weigh(word, "H");
    const name = word.replace("'", ""), line = this.lines.find((one) => one.name === name), isNew = word.endsWith("'");
    if (line?.isNew && !isNew) return { is: "value", name, of: "old" };
    if (!line || isNew && !line.isNew) refuse(this.line, `${word} is not known; ${isNew ? `a line above that begins with ${word} =` : `a line above that begins with ${word} =, or a line with ${name}' = for a state,`} would do.`);
    if (!this.rows.some((row) => row.name === name)) refuse(this.line, `${word} is computed on line ${line.line}, later; that line above this one would do.`);
    return { is: "value", name, of: isNew ? "new" : "row" };
  }

  checked(word) {
    if (!NAME.test(word)) refuse(this.line, `${word} is no name; one letter would do, with an index, as in W_f x, and ⊙ between two vectors.`);
    if (word.endsWith("'") && (MATRIX.test(word.slice(0, -1)) || VECTOR.test(word.slice(0, -1)))) refuse(this.line, `${word} is a weight, which has no prime; ${word.slice(0, -1)} would do.`);
    if (word === "W_y" || word === "b_y") refuse(this.line, `${word} reads the answer from h; another index would do.`);
  }

  weigh(name, shape) {
    if ((this.weights[name] ??= shape) !== shape) refuse(this.line, `${name} multiplies both x and a vector of the state, of another size; two matrices would do.`);
    return { is: "weight", name };
  }

  vector(tree) {
    return tree.is === "x" ? this.noVector() : tree;
  }

  noVector() {
    refuse(this.line, "x alone has another size than the state; a matrix before it would do, as in W x.");
  }
}

// The number that a tree of numbers is; NaN for any other.
function constantOf({ is, value, a, b, exponent }) {
  if (is === "number") return value;
  if (is === "power") return constantOf(a) ** exponent;
  if (is === "minus") return -constantOf(a);
  const by = { "+": (p, q) => p + q, "-": (p, q) => p - q, "⊙": (p, q) => p * q, "/": (p, q) => p / q }[is];
  return by ? by(constantOf(a), constantOf(b)) : NaN;
}

function operands(tree) {
  return tree.is === "product" ? [] : [tree.a, tree.b].filter(Boolean);
}

function productsOf(tree) {
  return tree.is === "product" ? [tree] : operands(tree).flatMap(productsOf);
}

// ---- From trees to what about.py says ----

const YOURS = "Your cell";  // no class has a space in its name

// Throws Refused, whose message is a sentence for the reader. helpers: the text of helpers.js.
function aboutEquations(text, helpers) {
  const { rows, weights } = new Reader(linesOf(text)), row = (name) => rows.find((one) => one.name === name);
  const found = rows.filter(({ isNew }) => isNew).map(({ name }) => name), states = ["h", ...found.filter((name) => name !== "h")];
  const biasOf = (name) => {
    const tree = row(name)?.tree;
    return tree?.is === "call" && tree.name === "σ" ? termsOf(tree.a).find((one) => one.is === "weight" && one.name.startsWith("b"))?.name : undefined;
  };
  const kept = [...states.slice(1), "h"].map((name) => keeping(row(name).tree, name)).find(Boolean), keeper = kept?.by && biasOf(kept.by);
  return {
    name: YOURS, doc: `As typed.\n\n${text}`, text: moduleText({ rows, weights, states }, helpers), draws: drawsOf(rows, weights),
    memory: kept?.state ?? "h", gate: keeper ? GATES[kept.by] : null, keepers: keeper ? { [keeper]: kept.sign } : {},
    identity: identityOf(row("h").tree), input: row("i")?.gate ? biasOf("i") ?? null : null,
  };
}

function termsOf(tree, sign = "+") {
  return tree.is === sign ? [...termsOf(tree.a, sign), ...termsOf(tree.b, sign)] : [tree];
}

// { state, by, sign } where one term of its new value is the old one, alone (by null), or times a gate or 1 minus a gate.
function keeping(tree, state) {
  const isGate = (one) => one.is === "value" && one.of === "row" && one.name in GATES;
  for (const term of termsOf(tree)) {
    const factors = termsOf(term, "⊙"), others = factors.filter((one) => !(one.of === "old" && one.name === state)), [only] = others;
    if (factors.length !== others.length + 1 || others.length > 1) continue;
    if (!only) return { state, by: null };
    if (isGate(only)) return { state, by: only.name, sign: 1 };
    if (only.is === "-" && only.a.value === 1 && isGate(only.b)) return { state, by: only.b.name, sign: -1 };
  }
  return undefined;
}

// h' = tanh(W x + U h + b): close to keeping h with U = I and b = 0.
function identityOf(tree) {
  if (tree.is !== "call" || !["tanh", "relu"].includes(tree.name)) return {};
  const terms = termsOf(tree.a), U = terms.find((one) => one.is === "product" && one.a.of === "old" && one.a.name === "h");
  if (!U || terms.some((one) => one.is !== "weight" && one !== U && one.a?.is !== "x")) return {};
  return { [U.matrix]: 1, ...Object.fromEntries(terms.filter((one) => one.is === "weight").map((one) => [one.name, 0])) };
}

// The weights of a sum as class Affine draws them: as torch starts them, and again in ±1/sqrt(units).
function drawsOf(rows, weights) {
  const draws = [], done = new Set();
  const visit = (tree) => {
    const terms = termsOf(tree), own = terms.map((one) => one.matrix ?? (one.is === "weight" ? one.name : null)).filter((name) => name && !done.has(name));
    const fresh = [...new Set(own)], matrix = fresh.some((name) => MATRIX.test(name));
    fresh.forEach((name) => done.add(name));
    for (const name of matrix ? fresh : []) draws.push({ shape: weights[name], fan: weights[name][1] ?? "H", name: null });
    for (const name of fresh) draws.push({ shape: weights[name], fan: "H", name });
    for (const term of terms) operands(term).forEach(visit);
  };
  for (const { tree } of rows) visit(tree);
  return draws;
}
