// A constant forget gate: what is left of a memory, and for how long it stands out from noise.

const TWO = 2;  // standard deviations at which a value stands out
const gateOfBias = (bias) => 1 / (1 + Math.exp(-bias));
const biasOfGate = (gate) => Math.log(gate) - Math.log1p(-gate);
const halfLife = (gate) => Math.LN2 / Math.abs(Math.log(gate));
const gateOfHalfLife = (steps) => 0.5 ** (1 / steps);

// Beside a stored 1, noise of a standard deviation at every step: its own after so many steps.
const spread = (gate, noise, lag) => noise * Math.sqrt(gate === 1 ? lag : (1 - gate ** (2 * lag)) / (1 - gate ** 2));

function longestLag(gate, noise) {
  const ratio = (TWO * noise) ** 2 / (1 - gate ** 2);
  return gate === 1 ? 1 / (TWO * noise) ** 2 : gate === 0 ? 0 : Math.log(ratio / (1 + ratio)) / (2 * Math.log(gate));
}

// As many digits as tell it: 0.99, 0.9999909; steps: three figures, 75,900.
const gateText = (gate) => (gate > 0.99 ? gate.toFixed(Math.min(9, 1 - Math.floor(Math.log10(1 - gate)))) : gate.toFixed(3));
const stepsText = (steps) => Number(steps.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 1 });

function show(main) {
  const right = halfLife(DATA.asked), done = kept("half-life");
  add(main, "p", { class: "job" }, `A forget gate stays at ${DATA.asked}. After how many steps is half of the memory gone?`);
  const row = add(main, "div", { class: "row" }), label = add(row, "label", { class: "row" }, "My guess, in steps");
  const guess = add(label, "input", { type: "number", min: 1, max: 100000, value: done.guess ?? 10 }), said = add(main, "p", { role: "status" });
  const rest = add(main, "div", { class: "live", style: "padding: 0", hidden: "" });
  button(row, { name: "Answer", main: true, on: answer });
  function answer() {
    const near = Math.abs(Math.log(Number(guess.value) / right)) < Math.log(1.25) ? "Close." : "Not so.";
    said.textContent = `${near} ln 2 / |ln ${DATA.asked}| = ${Math.round(right)} steps. Now turn the dial.`;
    keep("half-life", { guess: Number(guess.value) });
    rest.hidden = false;
  }

  let gate = gateOfBias(2), noise = 0.05;
  const fields = add(rest, "div", { class: "fields" });
  const bias = slider(fields, { name: "bias b, with f = σ(b)", min: -2, max: 12, step: 0.05, value: 2, show: (b) => b.toFixed(2).replace("-", "−"),
    on: (b) => turn(gateOfBias(b), half) });
  const half = slider(fields, { name: "half-life", min: -0.5, max: 5, step: 0.01, value: Math.log10(halfLife(gate)), on: (k) => turn(gateOfHalfLife(10 ** k), bias),
    show: (k) => `${stepsText(10 ** k)} steps` });
  slider(fields, { name: "noise at every step", min: -3, max: 0, step: 0.05, value: Math.log10(noise), show: (k) => (10 ** k).toFixed(3),
    on: (k) => { noise = 10 ** k; draw(); } });
  const keys = add(rest, "div", { class: "keys" });
  key(keys, { of: "c", name: "what is left of a stored 1" });
  key(keys, { of: "baseline", dash: "--", name: "twice the standard deviation of the noise" });
  const again = picture(add(rest, "div"), { height: 270, name: "What is left, by lag" }, drawFading), say = lineOfText(rest);

  function turn(value, other) {
    gate = value;
    const at = other === bias ? biasOfGate(gate) : Math.log10(halfLife(gate));
    other.set(Math.max(Number(other.input.min), Math.min(Number(other.input.max), at)));
    draw();
  }

  function drawFading({ svg, width, height }) {
    const box = { left: 40, top: 14, width: width - 60, height: height - 58 }, [low, high] = DATA.lags;
    const [px, py] = frame(svg, box, { low, high, log: true, label: "lag in steps", show: stepsText }, { low: 0, high: 1.1, ticks: [0, 0.5, 1] });
    const lags = Array.from({ length: 200 }, (_, k) => low * (high / low) ** (k / 199));
    line(svg, lags.map((lag) => [px(lag), py(TWO * spread(gate, noise, lag))]).filter(([, y]) => y >= box.top), { of: "baseline", dash: "--" });
    line(svg, lags.map((lag) => [px(lag), py(gate ** lag)]), { of: "c", wide: 2.5 });
    for (const [lag, y, name] of [[halfLife(gate), 0.5, "half"], [longestLag(gate, noise), gate ** longestLag(gate, noise), "drowns"]]) {
      if (lag < low || lag > high) continue;
      const end = px(lag) > box.left + box.width - 60;
      add(svg, "circle", { cx: px(lag), cy: py(y), r: 5, style: `fill: ${colour("c")}` });
      add(svg, "text", { x: px(lag) + (end ? -9 : 9), y: py(y) - 7, class: end ? "over end" : "over" }, name);
    }
    return `Half is left after ${stepsText(halfLife(gate))} steps`;
  }

  function draw() {
    again();
    say(`f = ${gateText(gate)}: half is gone after ${stepsText(halfLife(gate))} steps; time constant 1 / (1 − f) = ${stepsText(1 / (1 - gate))} steps. ` +
      `Against noise of ${noise.toFixed(3)} a step a stored 1 stands out for ${stepsText(longestLag(gate, noise))} steps.`);
  }
  draw();
  if (Number.isFinite(done.guess)) answer();
}
