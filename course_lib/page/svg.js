// The small base on which every picture is drawn: SVG at the size that it has in the page, so that its text keeps its
// size at every width. Colours are variables of the page, --c-forget for the forget gate, so that the theme decides.

const SVG = "http://www.w3.org/2000/svg";
const NARROW = 420;  // pixels below which fewer ticks stand on an axis

function add(parent, tag, attributes = {}, text = null) {
  const isSvg = tag === "svg" || parent.namespaceURI === SVG;
  const element = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  if (text !== null) element.textContent = text;
  parent.appendChild(element);
  return element;
}

// The name of the variable that holds the colour of a thing.
const colour = (thing) => `var(--c-${thing.replace(/\W+/g, "-")}, var(--ink))`;
const DASH = { "-": null, "--": "7 4", ":": "2 4", "-.": "8 3 2 3" };

// Round numbers over a range, `count` of them or so.
function ticks(low, high, count) {
  const raw = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= raw) ?? 10), found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

// Powers of ten in a range.
function decades(low, high, count) {
  const from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9), found = [];
  const step = Math.max(1, Math.ceil((to - from) / count));
  for (let k = to; k >= from; k -= step) found.unshift(10 ** k);
  return found;
}

const SUPER = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

// A number for an axis: 0.01, 10⁻⁸, 1,500; for a sentence: brief(0.01234) is 0.012.
function power(value) {
  const k = Math.round(Math.log10(value));
  return k < -2 || k > 3 ? `10${String(k).replace(/./g, (c) => SUPER[c])}` : String(Number(value.toPrecision(3)));
}
function brief(value) {
  if (!Number.isFinite(value)) return "no number";
  const size = Math.abs(value), text = size >= 1e6 ? value.toExponential(1).replace("e+", "e")
    : size >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(2)));
  return text.replaceAll("-", "−");
}

// The smallest and the largest of values that are numbers, and of those that are to be in sight.
const LARGEST = 1e300;  // of which the double is a number, too
function span(values, low = Infinity, high = -Infinity) {
  for (const value of values) if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [Math.max(-LARGEST, low), Math.min(LARGEST, high)];
}

// An axis: {low, high, log, ticks, label, show}; at(value) in [0, 1].
function axis(given, count) {
  const { low, high, log = false } = given, f = log ? Math.log : (value) => value;
  const at = (value) => (f(Math.min(Math.max(value, log ? low : -Infinity), log ? high : Infinity)) - f(low)) / (f(high) - f(low));
  const show = given.show ?? (log ? power : (value) => value.toLocaleString("en").replace("-", "−"));
  return { ...given, at, show, marks: given.ticks ?? (log ? decades : ticks)(low, high, count) };
}

// A picture in `parent` that is drawn again whenever its width changes: draw(picture) is called with its `svg`, `width`
// and `height`, and returns what a screen reader says of it.
function picture(parent, { height, name }, draw) {
  const svg = add(parent, "svg", { role: "img", class: "picture", "aria-label": name });
  let width = 0, said = "";
  const again = () => {
    if (!width) return;
    const tall = typeof height === "function" ? height(width) : height;
    svg.setAttribute("viewBox", `0 0 ${width} ${tall}`);
    svg.setAttribute("height", tall);
    svg.replaceChildren();
    const says = draw({ svg, width, height: tall });
    if (says && says !== said) svg.setAttribute("aria-label", `${name}. ${said = says}`);
  };
  new ResizeObserver(([{ contentRect }]) => {
    if (Math.round(contentRect.width) === width) return;
    width = Math.round(contentRect.width);
    again();
  }).observe(svg.parentElement);
  return again;
}

// The frame of a chart within `box` {left, top, width, height}; returns the functions from data to pixels.
function frame(svg, box, x, y) {
  const { left, top, width, height } = box, bottom = top + height;
  [x, y] = [axis(x, width < NARROW ? 4 : 7), axis(y, Math.max(2, height / 36))];
  const px = (value) => left + x.at(value) * width, py = (value) => bottom - y.at(value) * height;
  for (const mark of y.marks) {
    add(svg, "path", { d: `M${left},${py(mark)}h${width}`, class: "grid" });
    add(svg, "text", { x: left - 8, y: py(mark) + 4, class: "tick end" }, y.show(mark));
  }
  x.marks.forEach((mark) => add(svg, "text", { x: px(mark), y: bottom + 18, class: "tick middle" }, x.show(mark)));
  add(svg, "path", { d: `M${left},${bottom}h${width}`, class: "axis" });
  if (x.label) add(svg, "text", { x: left + width, y: bottom + 36, class: "tick end" }, x.label);
  if (y.label) add(svg, "text", { x: 0, y: top - 14, class: "tick" }, y.label);
  return [px, py];
}

// A line through points [[x, y], ...] in pixels; a gap where y is not finite.
function line(svg, points, { of, dash = "-", wide = 2, faint = false }) {
  let pen = "M";
  const d = points.map(([x, y]) => {
    if (!Number.isFinite(y)) { pen = "M"; return ""; }
    const part = `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
    pen = "L";
    return part;
  }).join("");
  return add(svg, "path", { d, class: faint ? "line faint" : "line", style: `stroke: ${colour(of)}`, "stroke-width": wide,
    "stroke-dasharray": DASH[dash] });
}

// A level that a curve is to be compared with, and its name.
function level(svg, box, y, name, { below = false } = {}) {
  add(svg, "path", { d: `M${box.left},${y}h${box.width}`, class: "level" });
  add(svg, "text", { x: box.left + box.width, y: y + (below ? 15 : -6), class: "tick end over" }, name);
}

// A key above a chart: the look of a line, and its name; real text, which wraps.
function key(parent, { of, dash = "-", name }) {
  const one = add(parent, "span", { class: "key" });
  const svg = add(one, "svg", { width: 26, height: 10, "aria-hidden": "true" });
  line(svg, [[0, 5], [26, 5]], { of, dash, wide: 2.5 });
  one.append(name);
  return one;
}
