// Train a cell's module in the page: a readout y = W_y h + b_y, the losses of the course's tasks, Adam, and a limit on
// the norm of the gradient. The numbers are those of course_lib.training.
//
//   const net = network(await import("./LSTMCell.js"), { outputs: 1, batch: 16, steps: 40 });
//   const adam = new Adam({ rate: 0.002, clip: 1 });
//   const loss = net.gradient(weights, x, y, { at: "last" });   // fills net.d
//   adam.step(weights, net.d);
//
// weights: {name: Float64Array}, those of the cell, W_y (outputs, units) and b_y (outputs).
// at: "last", "every", or an array with one step for each sequence. y: a Float64Array of numbers (batch, outputs), or with
// "every" (batch, steps, outputs); or, with classes: true, an array of classes (batch), or (batch, steps).

export function network({ cell, make }, { outputs, batch, steps }) {
  const run = make(batch, steps), units = cell.states.h;
  const d = { ...run.d.weights, W_y: new Float64Array(outputs * units), b_y: new Float64Array(outputs) };
  const output = new Float64Array(outputs), slope = new Float64Array(outputs);

  // y = W_y h + b_y, from the h that begins at `from`
  function read(w, from) {
    for (let i = 0; i < outputs; i++) {
      let sum = w.b_y[i];
      for (let j = 0; j < units; j++) sum += w.W_y[i * units + j] * run.trace.h[from + j];
      output[i] = sum;
    }
    return output;
  }

  function gradient(w, x, y, { at = "last", classes = false, start, override } = {}) {
    run.forward(w, x, { start, override });
    run.clear();
    d.W_y.fill(0);
    d.b_y.fill(0);
    const every = at === "every", judged = every ? batch * steps : batch;
    let loss = 0;
    for (let n = 0; n < judged; n++) {
      const seq = every ? Math.floor(n / steps) : n;
      const step = every ? n % steps : at === "last" ? steps - 1 : at[seq];
      const from = (seq * (steps + 1) + step + 1) * units;
      read(w, from);
      loss += classes ? crossEntropy(output, y[n], slope) / judged : squares(output, y, n * outputs, slope) / (judged * outputs);
      const scale = classes ? 1 / judged : 1 / (judged * outputs);
      for (let i = 0; i < outputs; i++) {
        const g = slope[i] * scale;
        d.b_y[i] += g;
        for (let j = 0; j < units; j++) {
          d.W_y[i * units + j] += g * run.trace.h[from + j];
          run.d.h[from + j] += g * w.W_y[i * units + j];
        }
      }
    }
    run.backward(w, x);
    return loss;
  }

  // What the network says after a step of a sequence; after `gradient` or `run.forward`.
  const answer = (w, seq, step) => Float64Array.from(read(w, (seq * (steps + 1) + step + 1) * units));
  return { cell, run, d, gradient, answer };
}

// The sum of squared errors; slope: its derivative with respect to each output.
function squares(output, y, at, slope) {
  let loss = 0;
  for (let i = 0; i < output.length; i++) {
    const error = output[i] - y[at + i];
    loss += error * error;
    slope[i] = 2 * error;
  }
  return loss;
}

// The cross entropy of the right class, in nats.
function crossEntropy(output, right, slope) {
  const most = Math.max(...output);
  let sum = 0;
  for (let i = 0; i < output.length; i++) sum += slope[i] = Math.exp(output[i] - most);
  for (let i = 0; i < output.length; i++) slope[i] /= sum;
  slope[right] -= 1;
  return most + Math.log(sum) - output[right];
}

// Adam (Kingma & Ba 2015) with PyTorch's numbers. clip: the largest norm of the gradient, null for no limit.
export class Adam {
  constructor({ rate = 0.002, clip = 1 } = {}) {
    Object.assign(this, { rate, clip, updates: 0, means: {}, squares: {} });
  }

  step(weights, d) {
    let total = 0;
    for (const name in d) for (const g of d[name]) total += g * g;
    const norm = Math.sqrt(total), scale = this.clip === null ? 1 : Math.min(1, this.clip / (norm + 1e-6));
    const first = 1 - 0.9 ** ++this.updates, second = Math.sqrt(1 - 0.999 ** this.updates);
    for (const name in d) {
      const m = this.means[name] ??= new Float64Array(d[name].length);
      const v = this.squares[name] ??= new Float64Array(d[name].length);
      for (let k = 0; k < m.length; k++) {
        const g = scale * d[name][k];
        m[k] += 0.1 * (g - m[k]);
        v[k] = 0.999 * v[k] + 0.001 * g * g;
        weights[name][k] -= this.rate / first * m[k] / (Math.sqrt(v[k]) / second + 1e-8);
      }
    }
    return norm;
  }
}
