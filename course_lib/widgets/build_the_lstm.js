const INK = "#222", PALE = "#d5d5d5";

function render({ model, el }) {
  el.classList.add("course");
  const controls = add(el, "div", { class: "controls", role: "group", "aria-label": "pieces" });
  const boxes = model.get("choices").map((piece) => {
    const label = add(controls, "label"), box = keepKeys(add(label, "input", { type: "checkbox", name: piece }));
    label.append(piece);
    box.addEventListener("change", () => {
      send(model, { pieces: model.get("choices").filter((_, k) => boxes[k].checked) });
    });
    return box;
  });
  const split = add(el, "div", { class: "split" });
  const left = add(split, "div"), flow = add(left, "svg", { viewBox: "0 0 420 238", role: "img" });
  const equations = add(left, "pre", { "aria-label": "equations" });
  const test = add(split, "svg", { viewBox: "0 0 400 300", role: "img", "aria-label": "recall by lag" });
  says(el, model);
  const looks = model.get("looks");

  function drawFlow(has) {
    flow.replaceChildren();
    flow.setAttribute("aria-label", `flow of one step with ${model.get("pieces").join(", ") || "no piece"}`);
    const wire = (d, on = true, colour = INK) => add(flow, "path", {
      d, fill: "none", stroke: on ? colour : PALE, "stroke-width": on ? 2.5 : 1.5, "stroke-dasharray": on ? "none" : "4 4",
    });
    const node = (x, y, text, on, colour = INK) => {
      add(flow, "circle", { cx: x, cy: y, r: 13, fill: "white", stroke: on ? colour : PALE, "stroke-width": 2.5 });
      add(flow, "text", { x, y: y + 5, "text-anchor": "middle", style: on ? "" : `fill: ${PALE}` }, text);
    };
    const gate = (x, y, dx, name, letter, on) => {
      const colour = looks[name][0];
      wire(`M${x + dx},${y}H${x + Math.sign(dx) * 13}`, on, colour);
      const style = `fill: ${on ? colour : PALE}; font-weight: bold`;
      const anchor = dx < 0 ? "end" : "start";
      add(flow, "text", { x: x + dx + Math.sign(dx) * 4, y: y + 4, "text-anchor": anchor, style }, `${letter} ${name}`);
      node(x, y, "×", on, colour);
    };
    const box = (x, y, text, on) => {
      add(flow, "rect", { x: x - 24, y: y - 13, width: 48, height: 26, rx: 4, fill: "white", stroke: on ? INK : PALE,
        "stroke-width": 2 });
      add(flow, "text", { x, y: y + 4, "text-anchor": "middle", style: on ? "" : `fill: ${PALE}` }, text);
    };
    const memory = looks.c[0], output = looks.h[0];
    wire("M30,50H187", has("carry"), memory);
    wire("M213,50H372", true, memory);
    wire("M200,205V63");
    wire("M300,50V213");
    wire("M300,213H372", true, output);
    wire("M50,213H176");
    add(flow, "text", { x: 14, y: 54, style: `fill: ${has("carry") ? memory : PALE}; font-weight: bold` }, "c");
    add(flow, "text", { x: 378, y: 54, style: `fill: ${memory}; font-weight: bold` }, "c'");
    add(flow, "text", { x: 378, y: 217, style: `fill: ${output}; font-weight: bold` }, "h'");
    add(flow, "text", { x: 14, y: 217 }, "x, h");
    node(200, 50, "+", has("carry"), memory);
    const on = has("forget gate") && has("carry"), colour = looks.forget[0];
    wire("M110,95V63", on, colour);
    node(110, 50, "×", on, colour);
    const style = `fill: ${on ? colour : PALE}; font-weight: bold`;
    add(flow, "text", { x: 110, y: 110, "text-anchor": "middle", style }, "f forget");
    gate(200, 135, -45, "input", "i", has("write gate"));
    box(200, 213, "tanh", true);
    add(flow, "text", { x: 210, y: 185 }, "g");
    box(300, 105, has("squashing") ? "tanh" : "as it is", has("squashing"));
    gate(300, 165, 36, "output", "o", has("output gate"));
  }

  function drawTest(view) {
    test.replaceChildren();
    const x = { range: [1, view.by_lag.length], ticks: [1, 10, 20, 30, 40], label: "lag: steps since the number was marked" };
    const y = { range: [0, 1.02], ticks: [0, 0.25, 0.5, 0.75, 1], label: "R² of recall from h" };
    const [px, py] = frame(test, { left: 58, top: 22, width: 330, height: 230 }, x, y);
    curve(test, view.by_lag.map((value, k) => [px(k + 1), py(value)]), looks.h, 3);
  }

  function draw() {
    const view = model.get("view"), pieces = model.get("pieces");
    model.get("choices").forEach((piece, k) => { boxes[k].checked = pieces.includes(piece); });
    equations.textContent = view.equations.join("\n");
    drawFlow((piece) => pieces.includes(piece));
    drawTest(view);
  }
  model.on("change:view", draw);
  draw();
}
export default { render };
