// The start of a network as course_lib.training.build draws it from a seed. about: what Python says of the cell;
// sizes: { I, H, O }, its inputs, units and outputs.

// The cell's own module, for these sizes.
function moduleOf(about, sizes) {
  const text = about.text.replace(/@(\w+)@/g, (_, product) => [...product].reduce((n, letter) => n * sizes[letter], 1));
  return new Function(`${text.replaceAll("export ", "")}\nreturn { cell, make };`)();
}

function startOf(about, sizes, { start, bias, lag, seed }) {
  const generator = new Generator(seed), weights = {};
  const draw = ({ shape, fan, name }) => {
    const bound = sizes[fan] ** -0.5;
    const drawn = generator.uniform([...shape].reduce((n, letter) => n * sizes[letter], 1), -bound, bound);
    if (name) weights[name] = drawn;
  };
  about.draws.forEach(draw);
  if (start === "forget_bias") {
    for (const [name, sign] of Object.entries(about.keepers)) weights[name].fill(Math.fround(sign * bias));
  } else if (start === "chrono") {
    const drawn = generator.uniform(sizes.H, 1, lag - 1).map((u) => Math.fround(Math.log(u)));
    if (about.input) weights[about.input] = drawn.map((b) => -b);
    for (const [name, sign] of Object.entries(about.keepers)) weights[name] = drawn.map((b) => sign * b);
  } else if (start === "identity") {
    for (const [name, factor] of Object.entries(about.identity)) {
      const matrix = weights[name].length > sizes.H, drawn = name.startsWith("W");
      weights[name] = weights[name].map((w, k) => (drawn ? factor * w : !matrix || k % (sizes.H + 1) === 0 ? factor : 0));
    }
  }
  draw({ shape: "OH", fan: "H", name: "W_y" });
  draw({ shape: "O", fan: "H", name: "b_y" });
  return weights;
}

// The mean bias of the gate on the memory; and that gate's biases moved so that their mean is `bias`.
function biasOf(about, weights) {
  const [name, sign] = Object.entries(about.keepers)[0];
  return sign * weights[name].reduce((sum, b) => sum + b, 0) / weights[name].length;
}

function moveBias(about, weights, bias) {
  const by = bias - biasOf(about, weights);
  for (const [name, sign] of Object.entries(about.keepers)) weights[name].forEach((b, k) => { weights[name][k] = b + sign * by; });
}
