// y[i] += W[i, j] a[j]: n rows, m columns; number (i, j) of the matrix is W[first + i down + j right].
// Four rows at a time read a number of a once; of a one-hot a, one number of a row counts.
function times(y, at, n, W, first, down, right, a, from, m) {
  let some = 0, only = 0, i = 0;
  for (let j = 0; j < m && some < 2; j++) if (a[from + j] !== 0) [some, only] = [some + 1, j];
  const whole = some < 2 ? 1 : m, j = some < 2 ? only : 0, down2 = 2 * down, down3 = 3 * down;
  const begin = from + j, end = begin + whole;
  for (; i + 3 < n; i += 4) {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let q = begin, p = first + i * down + j * right; q < end; q++, p += right) {
      const one = a[q];
      s0 += W[p] * one;
      s1 += W[p + down] * one;
      s2 += W[p + down2] * one;
      s3 += W[p + down3] * one;
    }
    y[at + i] += s0;
    y[at + i + 1] += s1;
    y[at + i + 2] += s2;
    y[at + i + 3] += s3;
  }
  for (; i < n; i++) {
    let sum = 0;
    for (let q = begin, p = first + i * down + j * right; q < end; q++, p += right) sum += W[p] * a[q];
    y[at + i] += sum;
  }
}

// The gradient of `times`: from that of y to those of W (null: it gets none) and of a.
function back(dy, n, W, dW, first, down, right, a, from, da, to, m) {
  const down2 = 2 * down, down3 = 3 * down;
  let i = 0;
  for (; i + 3 < n; i += 4) {
    const g0 = dy[i], g1 = dy[i + 1], g2 = dy[i + 2], g3 = dy[i + 3];
    for (let j = 0, p = first + i * down; j < m; j++, p += right) {
      da[to + j] += g0 * W[p] + g1 * W[p + down] + (g2 * W[p + down2] + g3 * W[p + down3]);
      if (!dW) continue;
      const one = a[from + j];
      dW[p] += g0 * one;
      dW[p + down] += g1 * one;
      dW[p + down2] += g2 * one;
      dW[p + down3] += g3 * one;
    }
  }
  for (; i < n; i++) {
    for (let j = 0, p = first + i * down; j < m; j++, p += right) {
      da[to + j] += dy[i] * W[p];
      if (dW) dW[p] += dy[i] * a[from + j];
    }
  }
}

// Numbers of a go to y, along three loops of a count and a step in each: taken, added, or the greatest kept.
function move(how, a, from, y, to, first, goal, n0, a0, y0, n1, a1, y1, n2, a2, y2) {
  for (let i = 0; i < n0; i++) for (let j = 0; j < n1; j++) for (let k = 0; k < n2; k++) {
    const value = a[from + first + i * a0 + j * a1 + k * a2], p = to + goal + i * y0 + j * y1 + k * y2;
    if (how === "take") y[p] = value;
    else if (how === "sum") y[p] += value;
    else if (!(value <= y[p])) y[p] = value;
  }
}

// The functions (step, value, unit, sequence) that an override stands for.
function rulesOf(gates, override) {
  const rules = Object.create(null);
  for (const [gate, rule] of Object.entries(override)) {
    if (!Object.hasOwn(gates, gate)) throw new Error(`${cell.name} needs a gate among ${Object.keys(gates).join(", ")}; got ${gate}`);
    if (rule === undefined || rule === null) continue;
    rules[gate] = typeof rule === "function" ? rule : Object.assign(() => rule, { held: true });
  }
  return rules;
}

function ruled(rule, fixed, at, step, value, unit, sequence) {
  const given = rule(step, value, unit, sequence);
  fixed[at] = given === undefined ? 0 : 1;
  return given === undefined ? value : given;
}

function copysign(size, sign) {
  return sign < 0 || Object.is(sign, -0) ? -Math.abs(size) : Math.abs(size);
}
