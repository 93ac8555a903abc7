// What every widget of the course draws with. This text is put before that of the widget; nothing is imported.

const SVG = "http://www.w3.org/2000/svg";

function add(parent, tag, attributes = {}, text = null) {
  const isSvg = tag === "svg" || parent.namespaceURI === SVG;
  const element = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== null) element.textContent = text;
  parent.appendChild(element);
  return element;
}

// JupyterLab would take arrow keys for itself.
function keepKeys(element) {
  element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.addEventListener("keydown", (event) => event.stopPropagation());
  return element;
}

function send(model, changes) {
  for (const [name, value] of Object.entries(changes)) model.set(name, value);
  model.save_changes();
}

function slider(parent, model, name, { label, min, max, step, show = String }) {
  const box = add(parent, "label", {}, label);
  const input = keepKeys(add(box, "input", { type: "range", min, max, step, name }));
  const shown = add(box, "output");
  const update = () => {
    input.value = model.get(name);
    shown.textContent = show(model.get(name));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => send(model, { [name]: Number(input.value) }));
  model.on(`change:${name}`, update);
  update();
  return input;
}

function choice(parent, model, name, { label, options }) {
  const box = add(parent, "label", {}, label);
  const input = keepKeys(add(box, "select", { name }));
  for (const option of options) add(input, "option", { value: option }, option);
  const update = () => { input.value = model.get(name); };
  input.addEventListener("change", () => send(model, { [name]: input.value }));
  model.on(`change:${name}`, update);
  update();
  return input;
}

// The line of text under a widget, read out when it changes.
function says(parent, model) {
  const line = add(parent, "p", { role: "status", "aria-live": "polite" });
  const update = () => { line.textContent = model.get("view").text; };
  model.on("change:view", update);
  update();
}

const DASHES = { "-": "none", "--": "6 3", ":": "2 3" };
const MARKS = {
  o: (x, y) => `M${x - 3},${y}a3,3 0 1,0 6,0a3,3 0 1,0 -6,0`,
  s: (x, y) => `M${x - 3},${y - 3}h6v6h-6z`,
  "^": (x, y) => `M${x},${y - 4}l4,7h-8z`,
  "*": (x, y) => `M${x - 4},${y}h8M${x},${y - 4}v8M${x - 3},${y - 3}l6,6M${x + 3},${y - 3}l-6,6`,
};

// The frame of a chart; returns the functions from data to pixels. x and y are {range, ticks, label, show}.
function frame(group, { left, top, width, height }, x, y) {
  const px = (value) => left + ((value - x.range[0]) / (x.range[1] - x.range[0])) * width;
  const py = (value) => top + height - ((value - y.range[0]) / (y.range[1] - y.range[0])) * height;
  for (const tick of y.ticks) {
    add(group, "line", { x1: left, x2: left + width, y1: py(tick), y2: py(tick), stroke: "#ddd" });
    const text = (y.show || String)(tick);
    add(group, "text", { x: left - 6, y: py(tick) + 4, "text-anchor": "end", class: "small" }, text);
  }
  for (const tick of x.ticks) {
    const text = (x.show || String)(tick);
    add(group, "text", { x: px(tick), y: top + height + 14, "text-anchor": "middle", class: "small" }, text);
  }
  add(group, "path", { d: `M${left},${top}V${top + height}H${left + width}`, fill: "none", stroke: "#444" });
  add(group, "text", { x: left + width / 2, y: top + height + 29, "text-anchor": "middle" }, x.label);
  const turn = `translate(${left - 40},${top + height / 2}) rotate(-90)`;
  add(group, "text", { transform: turn, "text-anchor": "middle" }, y.label);
  return [px, py];
}

// One curve through points [[x, y], ...] in pixels, in the look of a thing: [colour, marker, line].
function curve(group, points, [colour, marker, line], every = 1) {
  if (line) {
    const d = points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join("");
    add(group, "path", { d, fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": DASHES[line] });
  }
  const d = points.filter((_, k) => k % every === 0).map(([x, y]) => MARKS[marker](x, y)).join("");
  add(group, "path", { d, fill: colour, stroke: colour });
}
