// The settings of the playground: what they may be, and how they stand in the address, #cell=LSTMCell&lag=40.

const RATES = [0.001, 0.003, 0.01, 0.03, 0.1], UNITS = [4, 12, 16, 24, 32, 64], BATCHES = [8, 16, 32, 64];
const MOVED = { low: -6, high: 10 };  // what a bias may be moved to, in the middle
const STARTS = ["default", "forget_bias", "chrono", "identity"];
const FIRST = { cell: "LSTMCell", against: "RNNCell", task: "Adding", lag: 40, start: "chrono", bias: 1, units: 16, batch: 16,
  rate: 0.01, seed: 1, equations: `f  = σ(W_f x + U_f h + b_f)
i  = σ(W_i x + U_i h + b_i)
o  = σ(W_o x + U_o h + b_o)
g  = tanh(W_g x + U_g h + b_g)
c' = f ⊙ c + i ⊙ g
h' = o ⊙ tanh(c')` };

// The settings in a text like "#cell=GRUCell&changes=300:3"; what is not there, or is none, is as in FIRST.
function settingsIn(hash, { cells, tasks }) {
  const given = new URLSearchParams(hash.replace(/^#/, "")), found = { ...FIRST };
  if (!(found.cell in cells)) [found.cell, found.against] = [Object.keys(cells)[0], ""];
  if (!(found.against in cells)) found.against = "";
  const choices = { cell: [...Object.keys(cells), YOURS], against: ["", ...Object.keys(cells), YOURS], task: Object.keys(tasks), start: STARTS,
    units: UNITS, batch: BATCHES, rate: RATES };
  for (const [name, options] of Object.entries(choices)) {
    const one = options.find((option) => String(option) === given.get(name));
    if (one !== undefined) found[name] = one;
  }
  found.equations = (given.get("equations") ?? found.equations).slice(0, EQUATIONS + 1);  // too long is refused as such
  const within = (name, low, high) => {
    const value = Number(given.get(name)?.trim() || found[name]);
    if (Number.isFinite(value)) found[name] = Math.min(high, Math.max(low, value));
  };
  within("lag", Math.max(3, tasks[found.task].least), 200);
  within("seed", 0, 999999);
  within("bias", -4, 8);
  [found.lag, found.seed] = [Math.round(found.lag), Math.round(found.seed)];
  const changes = (given.get("changes") ?? "").split(",").map((one) => one.split(":").map(Number));
  found.changes = changes.filter((one) => one.length === 2 && one.every(Number.isFinite))
    .map(([update, bias]) => [update, Math.min(MOVED.high, Math.max(MOVED.low, bias))]);
  return found;
}

function addressOf({ changes, equations, ...settings }) {
  const given = new URLSearchParams(settings);
  if ([settings.cell, settings.against].includes(YOURS)) given.set("equations", equations);
  if (changes.length) given.set("changes", changes.map((one) => one.join(":")).join(","));
  return `#${given}`.replaceAll("%3A", ":").replaceAll("%2C", ",");
}
