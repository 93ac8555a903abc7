// The memory tasks of course_lib.tasks, number for number: TASKS[name](lag) has what a task says of itself, and
// draw(batch, generator), which gives { x, y, at } as train.js takes them.

const LETTERS = ["a", "b", "c", "d", "X", "Y", "E", "B"];
const shown = (value) => value.toFixed(2).replace("-", "−");

function numbers(task) {
  return { inputs: 2, outputs: 1, classes: false, close: 0.08, solvedAt: 0.0025,
    event: (x) => (x[1] ? shown(x[0]) : null), ...task };
}

function symbols(task) {
  return { classes: true, solvedAt: 0.05, ...task };
}

// x (batch, steps, n) with a 1 at each symbol; none where the symbol is null.
function oneHot(rows, n) {
  const steps = rows[0].length, x = new Float64Array(rows.length * steps * n);
  rows.forEach((row, b) => row.forEach((symbol, t) => { if (symbol !== null) x[(b * steps + t) * n + symbol] = 1; }));
  return x;
}

function copied(task, rows, contents) {
  const y = rows.map((row, b) => row.map((_, t) => contents[b][t - row.length + 10] ?? 8));
  return { x: oneHot(rows, 10), y: y.flat(), at: "every" };
}

const COPYING = { inputs: 10, outputs: 9,
  event: (x) => { const k = x.indexOf(1); return k < 8 ? String(k) : k === 9 ? "?" : null; } };

const TASKS = {
  Adding: (lag) => numbers({
    least: 2, steps: lag, baseline: 1 / 6,
    draw(batch, generator) {
      const values = generator.uniform(batch * lag), half = Math.floor(lag / 2);
      const first = generator.below(batch, 0, half), second = generator.below(batch, half, lag);
      const x = new Float64Array(batch * lag * 2), y = new Float64Array(batch);
      values.forEach((value, k) => { x[2 * k] = value; });
      for (let b = 0; b < batch; b++) {
        for (const t of [first[b], second[b]]) x[2 * (b * lag + t) + 1] = 1;
        y[b] = Math.fround(values[b * lag + first[b]] + values[b * lag + second[b]]);
      }
      return { x, y, at: "last" };
    },
  }),

  Adding1997: (lag) => numbers({
    least: 22, steps: lag + Math.floor(lag / 10), close: 0.04, solvedAt: 0.0001,
    baseline: (1 - (1 / 10 + 9 / 10 / (Math.floor(lag / 2) - 2)) / 2) / 24,
    event: (x) => (x[1] === 1 ? shown(x[0]) : x[1] ? "end" : null),
    draw(batch, generator) {
      const steps = this.steps, values = generator.uniform(batch * steps).map((u) => 2 * u - 1);
      const last = generator.below(batch, lag - 1, steps), first = generator.below(batch, 0, 10);
      const second = generator.below(batch, 0, Math.floor(lag / 2) - 2);
      const x = new Float64Array(batch * steps * 2), y = new Float64Array(batch);
      for (let b = 0; b < batch; b++) {
        const marks = { [first[b]]: 1, [second[b] + (second[b] >= first[b])]: 1, 0: -1, [last[b]]: -1 };
        let sum = 0;
        for (let t = 0; t <= last[b]; t++) {
          x[2 * (b * steps + t)] = values[b * steps + t];
          x[2 * (b * steps + t) + 1] = marks[t] ?? 0;
          if (marks[t] === 1) sum = Math.fround(sum + values[b * steps + t]);
        }
        y[b] = Math.fround(0.5 + sum / 4);
      }
      return { x, y, at: last };
    },
  }),

  KeepOrReplace: (lag) => numbers({
    least: 2, steps: 2 * lag, baseline: 1 / 3,
    draw(batch, generator) {
      const steps = 2 * lag, values = generator.uniform(batch * steps).map((u) => 2 * u - 1);
      const kept = generator.below(batch, Math.floor((lag + 1) / 2), lag + 1);
      const earlier = generator.uniform(batch * steps), often = Math.fround(2 / lag);
      const x = new Float64Array(batch * steps * 2), y = new Float64Array(batch);
      for (let b = 0; b < batch; b++) {
        const last = steps - 1 - kept[b];
        for (let t = 0; t < steps; t++) {
          x[2 * (b * steps + t)] = values[b * steps + t];
          x[2 * (b * steps + t) + 1] = t === last || t < last && earlier[b * steps + t] < often ? 1 : 0;
        }
        y[b] = values[b * steps + last];
      }
      return { x, y, at: "last" };
    },
  }),

  Counting: (lag) => numbers({
    least: 10, steps: lag + 1, inputs: 1, close: 0.05, solvedAt: 0.0004, baseline: 0.1,
    event: (x) => (x[0] ? "1" : null),
    draw(batch, generator) {
      const count = generator.below(batch, 0, 11), places = generator.largest(batch, lag);
      const x = new Float64Array(batch * (lag + 1));
      places.forEach((row, b) => row.slice(0, count[b]).forEach((t) => { x[b * (lag + 1) + t] = 1; }));
      return { x, y: Float64Array.from(count, (n) => Math.fround(n / 10)), at: "last" };
    },
  }),

  Latching: (lag) => symbols({
    least: 1, steps: lag + 1, inputs: 1, outputs: 2, baseline: Math.log(2),
    event: (x, t) => (t === 0 ? (x[0] > 0 ? "+1" : "−1") : null),
    draw(batch, generator) {
      const bit = generator.below(batch, 0, 2), x = generator.normal(batch * (lag + 1)).map((n) => Math.fround(0.2 * n));
      bit.forEach((b, k) => { x[k * (lag + 1)] = 2 * b - 1; });
      return { x, y: bit, at: "last" };
    },
  }),

  TemporalOrder: (lag) => symbols({
    least: 10, steps: lag + Math.floor(lag / 10), inputs: 8, outputs: 4, baseline: Math.log(4),
    event: (x) => { const k = x.indexOf(1); return k > 3 ? LETTERS[k] : null; },
    draw(batch, generator) {
      const steps = this.steps, drawn = generator.below(batch * steps, 0, 4);
      const last = generator.below(batch, lag - 1, steps);
      const first = generator.below(batch, Math.floor(lag / 10), Math.floor(lag / 5) + 1);
      const second = generator.below(batch, Math.floor(lag / 2), Math.floor(6 * lag / 10) + 1);
      const pair = generator.below(2 * batch, 0, 2);
      const rows = last.map((end, b) => {
        const row = drawn.slice(b * steps, (b + 1) * steps);
        row[0] = 6;
        row[first[b]] = 4 + pair[2 * b];
        row[second[b]] = 4 + pair[2 * b + 1];
        row[end] = 7;
        return row.map((symbol, t) => (t > end ? null : symbol));
      });
      return { x: oneHot(rows, 8), y: last.map((_, b) => 2 * pair[2 * b] + pair[2 * b + 1]), at: last };
    },
  }),

  Copying: (lag) => symbols({
    ...COPYING, least: 1, steps: lag + 20, baseline: 10 * Math.log(8) / (lag + 20), solvedAt: 0.5 / (lag + 20),
    draw(batch, generator) {
      const drawn = generator.below(batch * 10, 0, 8);
      const contents = Array.from({ length: batch }, (_, b) => drawn.slice(10 * b, 10 * b + 10));
      const pause = Array(lag - 1).fill(8), end = Array(10).fill(8);
      return copied(this, contents.map((ten) => [...ten, ...pause, 9, ...end]), contents);
    },
  }),

  SelectiveCopying: (lag) => symbols({
    ...COPYING, least: 10, steps: lag + 10, baseline: 10 * Math.log(8) / (lag + 10), solvedAt: 0.5 / (lag + 10),
    draw(batch, generator) {
      const drawn = generator.below(batch * 10, 0, 8), places = generator.largest(batch, lag);
      const contents = Array.from({ length: batch }, (_, b) => drawn.slice(10 * b, 10 * b + 10));
      const rows = contents.map((ten, b) => {
        const row = [...Array(lag).fill(8), ...Array(10).fill(9)];
        places[b].sort((p, q) => p - q).forEach((t, k) => { row[t] = ten[k]; });
        return row;
      });
      return copied(this, rows, contents);
    },
  }),
};
