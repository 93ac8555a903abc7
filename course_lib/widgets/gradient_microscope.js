const LOW = -12, HIGH = 6, NAMES = { total: "total", direct: "direct path: product of gates", rest: "path through h" };
const raised = (power) => (power ? `1e${power}` : "1");
const number = (value) => (value === 0 ? "0" : value >= 0.01 && value < 1000 ? value.toPrecision(2) : value.toExponential(1));

function render({ model, el }) {
  el.classList.add("course");
  const controls = add(el, "div", { class: "controls" });
  choice(controls, model, "cell", { label: "cell", options: model.get("choices") });
  const fixed = (value) => value.toFixed(1);
  const bias = slider(controls, model, "bias", { label: "bias of the memory gate +", min: -2, max: 8, step: 0.5, show: fixed });
  slider(controls, model, "scale", { label: "recurrent weights ×", min: 0.1, max: 4, step: 0.1, show: fixed });
  slider(controls, model, "lag", { label: "lag", min: 5, max: 40, step: 1 });
  const svg = add(el, "svg", { viewBox: "0 0 780 286", role: "img" });
  says(el, model);
  const table = add(el, "table");

  function draw() {
    const { paths, has_gate: gated, text } = model.get("view"), lag = paths.total.length - 1, looks = model.get("looks");
    bias.disabled = !gated;
    svg.replaceChildren();
    svg.setAttribute("aria-label", text);
    const x = { range: [0, lag], ticks: [...Array(lag + 1).keys()].filter((k) => k % 5 === 0), label: "steps back" };
    const powers = [-12, -9, -6, -3, 0, 3, 6];
    const y = { range: [LOW, HIGH], ticks: powers, show: raised, label: "size of the derivative (log)" };
    const [px, py] = frame(svg, { left: 62, top: 12, width: 700, height: 240 }, x, y);
    Object.entries(paths).forEach(([path, values], k) => {
      const points = values.map((value, t) => [t, Math.log10(value)]).filter(([, p]) => p >= LOW && p <= HIGH);
      curve(svg, points.map(([t, p]) => [px(t), py(p)]), looks[path], 4);
      curve(svg, [[480, 26 + 18 * k], [510, 26 + 18 * k]], looks[path]);
      add(svg, "text", { x: 520, y: 30 + 18 * k }, NAMES[path]);
    });
    const shown = [1, 2, 5, 10, 20, 30, 40].filter((k) => k < lag).concat(lag);
    table.replaceChildren();
    const head = add(table, "tr");
    add(head, "th", { scope: "col" }, "steps back");
    for (const k of shown) add(head, "th", { scope: "col" }, k);
    for (const [path, values] of Object.entries(paths)) {
      const row = add(table, "tr");
      add(row, "th", { scope: "row" }, NAMES[path]);
      for (const k of shown) add(row, "td", {}, number(values[k]));
    }
  }
  model.on("change:view", draw);
  draw();
}
export default { render };
