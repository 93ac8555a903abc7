const LEFT = 96, WIDTH = 690, ROW = 40, STATE = 78;
const KEYS = { ArrowUp: 0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 };
const HELP = "Draw in a gate's row; hold Shift to set all steps from there on. By keyboard: Tab to a row, left and right " +
  "choose the step, up and down change it, Page Up and Page Down open and shut the gate from there on.";

function render({ model, el }) {
  el.classList.add("course");
  const top = add(el, "div", { class: "controls", role: "group", "aria-label": "missions" });
  const missions = model.get("choices").map(([name]) => {
    const button = keepKeys(add(top, "button", { type: "button", name }));
    button.addEventListener("click", () => send(model, { mission: name }));
    return button;
  });
  const wanted = add(el, "p");
  const svg = add(el, "svg", { role: "group", "aria-label": "gates and memory over time" });
  const still = add(svg, "g"), rows = {}, live = add(svg, "g");
  const second = add(el, "div", { class: "controls" });
  for (const [name, values] of Object.entries(model.get("presets"))) {
    const button = keepKeys(add(second, "button", { type: "button", name }, name));
    button.addEventListener("click", () => {
      const steps = model.get("view").x.length;
      const all = Object.entries(values).map(([gate, value]) => [gate, Array(steps).fill(value)]);
      send(model, { gates: Object.fromEntries(all) });
    });
  }
  slider(second, model, "sequence", { label: "sequence", min: 1, max: model.get("view").sequences, step: 1 });
  says(el, model);
  add(el, "p", { class: "help" }, HELP);

  const looks = model.get("looks"), gates = Object.keys(model.get("gates"));
  const steps = () => model.get("view").x.length;
  const rowTop = (k) => 52 + k * (ROW + 10);
  const column = () => WIDTH / steps();

  function set(gate, from, to, value) {
    const values = [...model.get("gates")[gate]];
    for (let t = Math.max(0, Math.min(from, to)); t <= Math.min(steps() - 1, Math.max(from, to)); t++) values[t] = value;
    send(model, { gates: { ...model.get("gates"), [gate]: values } });
  }

  gates.forEach((gate, k) => {
    const row = keepKeys(add(svg, "g", {
      class: "draw", tabindex: 0, role: "slider", "aria-label": `${gate} gate`, "aria-valuemin": 0, "aria-valuemax": 1,
    }));
    rows[gate] = { row, bars: add(row, "g"), cursor: 0 };
    let last = null;
    const place = (event) => {
      const box = svg.getBoundingClientRect(), scale = (LEFT + WIDTH + 10) / box.width;
      const t = Math.floor(((event.clientX - box.left) * scale - LEFT) / column());
      const value = 1 - ((event.clientY - box.top) * scale - rowTop(k) - 4) / (ROW - 8);
      return [Math.max(0, Math.min(steps() - 1, t)), Math.round(20 * Math.max(0, Math.min(1, value))) / 20];
    };
    const draw = (event) => {
      const [t, value] = place(event);
      set(gate, event.shiftKey ? t : last ?? t, event.shiftKey ? steps() - 1 : t, value);
      last = rows[gate].cursor = t;
    };
    row.addEventListener("pointerdown", (event) => { row.setPointerCapture(event.pointerId); row.focus(); draw(event); });
    row.addEventListener("pointermove", (event) => { if (last !== null) draw(event); });
    row.addEventListener("pointerup", () => { last = null; });
    row.addEventListener("pointercancel", () => { last = null; });
    row.addEventListener("keydown", (event) => {
      const t = rows[gate].cursor, now = model.get("gates")[gate][t];
      const moved = { ArrowLeft: t - 1, ArrowRight: t + 1, Home: 0, End: steps() - 1 }[event.key];
      if (moved !== undefined) rows[gate].cursor = Math.max(0, Math.min(steps() - 1, moved));
      else if (event.key in KEYS) {
        const value = Math.round(10 * Math.max(0, Math.min(1, now + KEYS[event.key]))) / 10;
        set(gate, t, event.key.startsWith("Page") ? steps() - 1 : t, value);
      } else return;
      event.preventDefault();
      drawGates();
    });
    row.addEventListener("focus", () => drawGates());
    row.addEventListener("blur", () => drawGates());
  });

  function drawGates() {
    gates.forEach((gate, k) => {
      const { row, bars, cursor } = rows[gate], values = model.get("gates")[gate], y = rowTop(k);
      if (values.length !== steps()) return;
      const at = Math.min(cursor, steps() - 1);
      bars.replaceChildren();
      add(bars, "rect", { x: LEFT, y, width: WIDTH, height: ROW, fill: "#f2f2f2" });
      values.forEach((value, t) => {
        const height = value * (ROW - 2), x = LEFT + t * column() + 1;
        add(bars, "rect", { x, y: y + ROW - height - 1, width: column() - 2, height: height + 1, fill: looks[gate][0] });
      });
      if (document.activeElement === row) {
        const x = LEFT + at * column();
        add(bars, "rect", { x, y, width: column(), height: ROW, fill: "none", stroke: "black", "stroke-width": 2 });
      }
      row.setAttribute("aria-valuenow", values[at]);
      row.setAttribute("aria-valuetext", `${values[at]} at step ${at}`);
    });
  }

  function drawStates() {
    const view = model.get("view"), bottom = rowTop(gates.length) + 4;
    svg.setAttribute("viewBox", `0 0 ${LEFT + WIDTH + 10} ${bottom + 2 * (STATE + 14) + 22}`);
    still.replaceChildren();
    live.replaceChildren();
    view.x.forEach((value, t) => {
      const x = LEFT + (t + 0.5) * column(), mark = view.marks[t];
      if (mark) {
        add(still, "rect", { x: x - column() / 2, y: 0, width: column(), height: bottom + 2 * (STATE + 14), fill: "#e8f1f8" });
        const anchor = x > LEFT + WIDTH - 20 ? "end" : "middle";
        add(still, "text", { x: anchor === "end" ? LEFT + WIDTH : x, y: 14, "text-anchor": anchor }, mark);
      }
      const sign = value > 0 ? "+1" : value < 0 ? "−1" : "0";
      add(still, "text", { x, y: 36, "text-anchor": "middle", class: column() < 24 ? "small" : "" }, sign);
    });
    add(still, "text", { x: 4, y: 36 }, "input x");
    gates.forEach((gate, k) => {
      add(still, "text", { x: 4, y: rowTop(k) + 18 }, `${gate} gate`);
      add(still, "text", { x: 4, y: rowTop(k) + 33, class: "small" }, "0 shut, 1 open");
    });
    [["c", "memory c"], ["h", "output h"]].forEach(([state, label], k) => {
      const y0 = bottom + k * (STATE + 14), wanted = view.target[state] || [];
      const all = [...view[state], ...wanted.filter((value) => value !== null)], least = state === "h" ? 1 : 1.5;
      const high = Math.max(least, ...all), low = Math.min(Math.min(...all) < 0 ? -least : 0, ...all);
      const py = (value) => y0 + 6 + ((high - value) / (high - low)) * (STATE - 12), px = (t) => LEFT + (t + 0.5) * column();
      add(live, "line", { x1: LEFT, x2: LEFT + WIDTH, y1: py(0), y2: py(0), stroke: "#999" });
      for (const value of low ? [high, 0, low] : [high, 0])
        add(live, "text", { x: LEFT - 4, y: py(value) + 4, "text-anchor": "end", class: "small" }, value.toFixed(value && 1));
      add(live, "text", { x: 4, y: y0 + STATE / 2 + 4 }, label);
      curve(live, view[state].map((value, t) => [px(t), py(value)]), looks[state]);
      const points = wanted.map((value, t) => [px(t), value]).filter(([, value]) => value !== null);
      curve(live, points.map(([x, value]) => [x, py(value)]), [looks.target[0], "*", null]);
    });
    const y = bottom + 2 * (STATE + 14) + 14;
    for (let t = 0; t < steps(); t += steps() > 20 ? 5 : 1)
      add(still, "text", { x: LEFT + (t + 0.5) * column(), y, "text-anchor": "middle", class: "small" }, t);
    add(still, "text", { x: 4, y }, "step");
    curve(still, [[LEFT - 40, y - 4]], [looks.target[0], "*", null]);
    add(still, "text", { x: LEFT - 32, y, class: "small" }, "target");
    missions.forEach((button, k) => {
      const [name, job] = model.get("choices")[k], best = view.best[name];
      button.textContent = best === undefined ? name : `✓ ${name} (${best})`;
      button.setAttribute("aria-pressed", String(name === model.get("mission")));
      if (name === model.get("mission")) wanted.textContent = job;
    });
  }

  model.on("change:gates", drawGates);
  model.on("change:view", () => { drawStates(); drawGates(); });
  drawStates();
  drawGates();
}
export default { render };
