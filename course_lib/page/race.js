// One network or two, trained on the same sequences. setup: { cells: [{ name, about }], task, lag, start, bias, units,
// batch, rate, seed, changes }, where changes are [update, bias]: what the forget bias is set to before that update.

const SMOOTHING = 20, CLIP = 1;

class Runner {
  constructor({ name, about }, task, setup) {
    const sizes = { I: task.inputs, H: setup.units, O: task.outputs };
    const own = about.keepers && Object.keys(about.keepers).length ? setup.start : setup.start === "identity" ? "identity" : "default";
    const start = own === "identity" && !Object.keys(about.identity).length ? "default" : own;
    Object.assign(this, { name, about, task, losses: [], scores: [], ended: null, solvedAt: null });
    this.weights = startOf(about, sizes, { ...setup, start });
    this.net = network(moduleOf(about, sizes), { outputs: task.outputs, batch: setup.batch, steps: task.steps });
    this.adam = new Adam({ rate: setup.rate, clip: CLIP });
  }

  update({ x, y, at }, batch) {
    const loss = this.net.gradient(this.weights, x, y, { at, classes: this.task.classes });
    if (!Number.isFinite(loss)) {
      this.ended = "diverged";
      return;
    }
    this.losses.push(loss);
    this.scores.push(this.score(y, at, batch));
    this.adam.step(this.weights, this.net.d);
    const recent = this.losses.slice(-SMOOTHING);
    if (recent.length === SMOOTHING && recent.reduce((sum, one) => sum + one) / SMOOTHING < this.task.solvedAt) {
      this.ended = "solved";
      this.solvedAt = this.losses.length;
    }
  }

  // The share of sequences whose answer is right.
  score(y, at, batch) {
    const { steps, classes, close } = this.task, every = at === "every";
    let right = 0;
    for (let b = 0; b < batch; b++) {
      let all = true;
      for (let k = 0; k < (every ? steps : 1) && all; k++) {
        const said = this.net.answer(this.weights, b, every ? k : at === "last" ? steps - 1 : at[b]);
        const wanted = y[every ? b * steps + k : b];
        all = classes ? said.indexOf(Math.max(...said)) === wanted : Math.abs(said[0] - wanted) < close;
      }
      right += all;
    }
    return right / batch;
  }

  // How strongly the loss depends on the state (h, and c where there is one) so many steps before the answer: the norm
  // over units, its mean over sequences, each taken by its own loss.
  gradient(at, batch) {
    const { steps } = this.task, { run, cell } = this.net, sums = new Float64Array(steps), counts = new Float64Array(steps);
    for (let b = 0; b < batch; b++) {
      const end = typeof at === "string" ? steps - 1 : at[b];
      for (let t = 0; t <= end; t++) {
        let square = 0;
        for (const [state, units] of Object.entries(cell.states)) {
          for (let k = 0, from = (b * (steps + 1) + t + 1) * units; k < units; k++) square += run.d[state][from + k] ** 2;
        }
        sums[end - t] += batch * Math.sqrt(square);
        counts[end - t] += 1;
      }
    }
    return Array.from(sums, (sum, lag) => sum / counts[lag]);
  }
}

class Race {
  constructor(setup) {
    this.task = TASKS[setup.task](setup.lag);
    this.generator = new Generator(setup.seed);
    this.runners = setup.cells.map((cell) => new Runner(cell, this.task, setup));
    Object.assign(this, { setup, updates: 0, told: 0, batch: null, changes: [...setup.changes] });
  }

  get over() {
    return this.runners.every((runner) => runner.ended);
  }

  update() {
    for (const [update, bias] of this.changes) {
      if (update !== this.updates) continue;
      for (const { about, weights } of this.runners) if (about.gate) moveBias(about, weights, bias);
    }
    this.batch = this.task.draw(this.setup.batch, this.generator);
    for (const runner of this.runners) if (!runner.ended) runner.update(this.batch, this.setup.batch);
    this.updates += 1;
  }

  // What the page draws: what is new since the last time, and the first sequence of the last batch.
  news() {
    const { steps, inputs, baseline, solvedAt } = this.task, { x, at } = this.batch ?? { x: [], at: "last" };
    const end = typeof at === "string" ? steps - 1 : at[0], seen = (values, rows) => Array.from(values.subarray(0, rows));
    const events = Array.from({ length: this.batch ? end + 1 : 0 }, (_, t) =>
      this.task.event(Array.from(x.subarray(t * inputs, (t + 1) * inputs)), t));
    const runners = this.runners.map(({ name, about, weights, net, losses, scores, ended, solvedAt: when }) => {
      if (this.batch && ended === "solved") net.gradient(weights, x, this.batch.y, { at, classes: this.task.classes });
      const units = this.setup.units, gates = {};
      for (const gate in net.cell.gates) gates[gate] = seen(net.run.trace[gate], (end + 1) * net.cell.gates[gate]);
      const memory = Array.from(net.run.trace[about.memory].subarray(units, (end + 2) * units));
      return { name, ended, when, gates, memory, losses: losses.slice(this.told), scores: scores.slice(this.told),
        bias: about.gate ? biasOf(about, weights) : null };
    });
    if (this.batch) this.runners.forEach((runner, k) => { runners[k].gradient = runner.gradient(at, this.setup.batch); });
    this.told = this.updates;
    return { updates: this.updates, steps, end, events, baseline, solvedAt, units: this.setup.units, changes: this.changes, runners };
  }
}
