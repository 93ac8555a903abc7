// A question with its choices as one group of radio buttons, and a line that says that the choice was noted.
let count = 0;

function add(parent, tag, text = "", attributes = {}) {
  const element = parent.appendChild(document.createElement(tag));
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function render({ model, el }) {
  const group = `prediction-${++count}`;
  const box = add(el, "fieldset", "", { style: "border: 0; border-left: 4px solid #0072B2; margin: 4px 0; padding: 2px 12px" });
  const asked = add(box, "legend", "", { style: "float: left; width: 100%; padding: 0; margin-bottom: 4px; font-weight: 600" });
  asked.textContent = `Predict. ${model.get("asked")}`;
  const buttons = model.get("choices").map((choice, k) => {
    const label = add(box, "label", "", { style: "display: flex; clear: both; gap: 8px; align-items: baseline; padding: 5px 0; cursor: pointer" });
    const button = add(label, "input", "", { type: "radio", name: group, style: "margin: 0; flex: none" });
    add(label, "span", choice);
    button.addEventListener("change", () => {
      model.set("choice", k);
      model.save_changes();
    });
    button.addEventListener("keydown", (event) => event.stopPropagation()); // the notebook has shortcuts of its own
    return button;
  });
  const said = add(box, "p", "", { role: "status", style: "clear: both; margin: 4px 0; min-height: 1.4em" });
  function update() {
    buttons.forEach((button, k) => { button.checked = k === model.get("choice"); });
    said.textContent = model.get("said");
  }
  model.on("change:choice", update);
  model.on("change:said", update);
  update();
}

export default { render };
